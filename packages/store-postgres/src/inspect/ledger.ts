import { createHash } from "node:crypto"
import { type StoreCheck, storeCheck } from "@spendfuse/core/ports"
import { decodeText } from "@spendfuse/core/wire"
import { MIGRATIONS } from "../migrations.ts"
import type { Ask } from "./client.ts"

/** What a schema says. */
export interface LedgerSeen {
  readonly facts: Readonly<Record<string, string>>
  readonly checks: readonly StoreCheck[]
}

/** Looks at the schema's version, then at what it holds; all counters in one snapshot. */
export const ledgerSeen = async (ask: Ask, schema: string): Promise<LedgerSeen> => {
  const migrations = await migrationsCheck(ask, schema)
  if (migrations.state === "fail") return { facts: {}, checks: [migrations] }
  const [counts = {}] = await ask(`select (select count(*) from ${schema}.account) as accounts,
    (select count(*) from ${schema}.meter) as meters,
    (select count(*) from ${schema}.reservation where running) as reservations`)
  const facts = Object.fromEntries(
    ["accounts", "meters", "reservations"].map((name) => [name, String(counts[name])]),
  )
  return {
    facts,
    checks: [
      migrations,
      await countersCheck(ask, schema, facts),
      await overdueCheck(ask, schema),
      await numbersCheck(ask, schema),
      await bloatCheck(ask, schema),
    ],
  }
}

const migrationsCheck = async (ask: Ask, schema: string): Promise<StoreCheck> => {
  const [there = {}] = await ask("select to_regclass($1) is not null as yes", [
    `${schema}.migration`,
  ])
  if (there.yes !== true)
    return storeCheck("migrations", `schema \`${schema}\` has none`, [
      "fail",
      "no host has used this store, or the schema or the database is another one",
      "look at `schema` and the address; `migrate` makes the schema",
    ])
  const rows = await ask(`select name, checksum from ${schema}.migration order by name`)
  const found = new Map(rows.map(({ name, checksum }) => [String(name), String(checksum)]))
  const pending = MIGRATIONS.filter(({ name }) => !found.has(name)).map(({ name }) => name)
  const other = MIGRATIONS.filter(
    ({ name, sql }) => found.has(name) && found.get(name) !== hashOf(sql),
  )
  const newer = [...found.keys()].filter((name) => MIGRATIONS.every((step) => step.name !== name))
  if (newer.length > 0)
    return storeCheck(
      "migrations",
      `it has ${newer.join(", ")}, which this version does not know`,
      [
        "fail",
        "a newer version has migrated the schema, and this one refuses it",
        "upgrade this version",
      ],
    )
  if (other.length > 0)
    return storeCheck(
      "migrations",
      `${other.map(({ name }) => name).join(", ")} ran in another form`,
      [
        "fail",
        "the schema is of another version, or was changed by hand, and this version refuses it",
        "use the version that made it, or a new schema",
      ],
    )
  return storeCheck(
    "migrations",
    pending.length === 0 ? `all ${found.size} ran` : `pending: ${pending.join(", ")}`,
    pending.length > 0 && [
      "fail",
      "this version refuses the schema until they ran",
      "call `migrate`, or run what `printMigrations` gives",
    ],
  )
}

const hashOf = (sql: string): string => createHash("sha256").update(sql).digest("hex")

const countersCheck = async (
  ask: Ask,
  schema: string,
  { accounts, reservations }: Readonly<Record<string, string>>,
): Promise<StoreCheck> => {
  const rows = await ask(differing(schema))
  const [one] = rows
  if (one === undefined)
    return storeCheck(
      "counters",
      `${accounts} accounts hold what ${reservations} reservations hold`,
      false,
    )
  const name = JSON.stringify(decodeText(String(one.account)) ?? one.account)
  const found = `${one.many} differ: ${name} holds ${one.held} ${one.unit}, its reservations ${one.reserved}`
  return storeCheck("counters", found, [
    "fail",
    "what is held without a reservation is never given back, and what is reserved without being held may pass the cap",
    "find out who wrote to these tables; the account is right again with its next period",
  ])
}

/** A running reservation holds on each of its lines, in the unit of the line's terms, what is not yet settled. */
const differing = (schema: string): string => `
  with reserved as (
    select line->>'account' as account, terms.body->>'unit' as unit,
      sum(greatest(0, r.hold[place] - r.settled[place])) as amount
    from ${schema}.reservation r
      left join ${schema}.plan p on p.id = r.plan
      cross join lateral jsonb_array_elements(coalesce(r.lines, p.lines)) line
      join ${schema}.terms on terms.id = line->>'terms'
      cross join lateral array_position(array['usd', 'tokens', 'requests'], terms.body->>'unit') place
    where r.running group by 1, 2),
  held as (select account, unit, sum(held) as amount from ${schema}.meter group by 1, 2)
  select account, unit, coalesce(held.amount, 0) as held, coalesce(reserved.amount, 0) as reserved,
    count(*) over () as many
  from held full join reserved using (account, unit)
  where coalesce(held.amount, 0) <> coalesce(reserved.amount, 0)
  order by account, unit limit 1`

const overdueCheck = async (ask: Ask, schema: string): Promise<StoreCheck> => {
  const [row = {}] =
    await ask(`select round(extract(epoch from clock_timestamp()) - min(expires_ms) / 1000.0) as late_s
    from ${schema}.reservation where running`)
  const lateS = Math.max(0, Number(row.late_s ?? 0))
  return storeCheck(
    "overdue",
    lateS === 0 ? "no reservation is past its end" : `the oldest is ${lateS} s past its end`,
    lateS > OVERDUE_S && [
      "warn",
      "no host has ended what expired: none is running, or the server came back with older data",
      "start a host; after a restore look for its notice `ledger-rewound`, and at what the provider has billed since",
    ],
  )
}

const OVERDUE_S = 300

/** Transaction numbers above the server's own come from another server: the ledger was loaded from its dump. */
const numbersCheck = async (ask: Ask, schema: string): Promise<StoreCheck> => {
  const [row = {}] = await ask(`select count(*) as ahead from ${schema}.event
    where xid >= pg_snapshot_xmax(pg_current_snapshot())`)
  return storeCheck(
    "origin",
    Number(row.ahead) === 0
      ? "written on this server"
      : `${row.ahead} events come from another server`,
    Number(row.ahead) > 0 && [
      "fail",
      "the ledger was loaded from a dump: what was spent after it is unknown here, and those events stay hidden from the hook",
      "look for the hosts' notice `ledger-rewound`, and correct the accounts by Adjust after what the provider billed",
    ],
  )
}

const bloatCheck = async (ask: Ask, schema: string): Promise<StoreCheck> => {
  const [row = {}] = await ask(
    `select relname, n_live_tup as live, n_dead_tup as dead from pg_stat_user_tables where schemaname = $1
      order by n_dead_tup desc limit 1`,
    [schema],
  )
  const dead = Number(row.dead ?? 0)
  const live = Number(row.live ?? 0)
  return storeCheck(
    "dead-rows",
    `at most ${dead} in a table (\`${row.relname}\`, ${live} live)`,
    dead > 10_000 + 5 * live && [
      "warn",
      "each look at a busy row passes its old versions, and decisions get slower",
      "look for old transactions (`old-snapshots`), then `vacuum` the table",
    ],
  )
}
