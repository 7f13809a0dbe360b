import {
  type StoreCheck,
  type StoreFault,
  storeCheck,
  storeClockCheck,
} from "@spendfuse/core/ports"
import type { Ask, Inspected } from "./client.ts"

/** What a server says of itself, and how it is set. */
export interface ServerSeen {
  readonly version: string
  readonly checks: readonly StoreCheck[]
}

/** Looks at settings, sessions, copies and the clock. What this user may not see is a warning. */
export const serverSeen = async (
  postgres: Inspected,
  oldTransactionMs: number,
): Promise<ServerSeen> => {
  const { ask } = postgres
  const before = Date.now()
  const [row = {}] = await ask(SERVER)
  const after = Date.now()
  const at = (name: string): string => String(row[name] ?? "")
  return {
    version: at("server_version"),
    checks: [
      storeCheck(
        "role",
        at("replica") === "true" ? "a replica" : "a primary",
        at("replica") === "true" && [
          "fail",
          "a replica takes no decisions, and what it shows may be old",
          "name the primary",
        ],
      ),
      ...SETTINGS.map(([name, isWell, wrong]) =>
        storeCheck(name.replaceAll("_", "-"), `${name} = ${at(name)}`, !isWell(at(name)) && wrong),
      ),
      pooler(postgres.processId, Number(at("pid"))),
      await seen("old-snapshots", ask, (ask) => oldSnapshots(ask, oldTransactionMs)),
      await seen("timeline", ask, timeline),
      storeClockCheck(Math.round(Number(at("now_ms")) - (before + after) / 2)),
    ],
  }
}

const SERVER = `select current_setting('server_version') as server_version, pg_is_in_recovery() as replica,
  current_setting('synchronous_commit') as synchronous_commit, current_setting('fsync') as fsync,
  current_setting('full_page_writes') as full_page_writes, current_setting('autovacuum') as autovacuum,
  current_setting('default_transaction_isolation') as default_transaction_isolation, pg_backend_pid() as pid,
  extract(epoch from clock_timestamp()) * 1000 as now_ms`

const SETTINGS: readonly (readonly [
  name: string,
  isWell: (value: string) => boolean,
  wrong: StoreFault,
])[] = [
  [
    "synchronous_commit",
    (value) => value !== "off",
    [
      "fail",
      "a crash of the server forgets its last moments: holds, settles and latches that were answered",
      "set `synchronous_commit = on` for this user or database, unless you can afford that",
    ],
  ],
  [
    "fsync",
    (value) => value === "on",
    ["fail", "a crash of the machine may leave the whole database damaged", "set `fsync = on`"],
  ],
  [
    "full_page_writes",
    (value) => value === "on",
    [
      "fail",
      "a crash of the machine may leave damaged pages",
      "set `full_page_writes = on`, unless the file system writes pages whole",
    ],
  ],
  [
    "autovacuum",
    (value) => value === "on",
    [
      "fail",
      "old versions of the busiest rows are never removed, and each decision gets slower",
      "set `autovacuum = on`",
    ],
  ],
  [
    "default_transaction_isolation",
    (value) => value === "read committed",
    [
      "fail",
      "the store refuses to decide: it would decide on old rows",
      "set `default_transaction_isolation = 'read committed'` for this user",
    ],
  ],
]

const seen = async (
  name: string,
  ask: Ask,
  look: (ask: Ask) => Promise<StoreCheck>,
): Promise<StoreCheck> => {
  try {
    return await look(ask)
  } catch {
    return storeCheck(name, "could not be seen", [
      "warn",
      "this user may not look, or the server does not tell",
      "grant `pg_monitor` to the user who asks",
    ])
  }
}

const pooler = (told: number | null, pid: number): StoreCheck =>
  told === pid || told === null
    ? storeCheck("pooler", "none is seen", false)
    : storeCheck("pooler", "a pooler stands before the server", false)

const oldSnapshots = async (ask: Ask, olderThanMs: number): Promise<StoreCheck> => {
  const [row = {}] = await ask(
    `select count(*) as held, max(extract(epoch from clock_timestamp() - xact_start)) as age_s,
    count(*) filter (where state like 'idle in transaction%') as idle, (array_agg(pid order by xact_start))[1] as pid
    from pg_stat_activity where pid <> pg_backend_pid() and xact_start < clock_timestamp() - $1::float8 * interval '1 ms'
      and (backend_xmin is not null or backend_xid is not null)
      and (datname = current_database() or backend_xid is not null)`,
    [String(olderThanMs)],
  )
  const { held, age_s: ageS, idle, pid } = row
  const found =
    Number(held) === 0
      ? `no transaction is older than ${olderThanMs / 1_000} s`
      : `${held} older than ${olderThanMs / 1_000} s, ${idle} of them idle; the oldest is process ${pid}, ${Math.round(Number(ageS))} s`
  return storeCheck(
    "old-snapshots",
    found,
    Number(held) > 0 && [
      "fail",
      "old row versions are kept for it, so that the busiest rows bloat and each decision gets slower; one that wrote also delays the event hook",
      "end it: `select pg_terminate_backend(<process>)`, and set `idle_in_transaction_session_timeout`",
    ],
  )
}

const timeline = async (ask: Ask): Promise<StoreCheck> => {
  const [row = {}] = await ask("select timeline_id from pg_control_checkpoint()")
  const id = Number(row.timeline_id)
  return storeCheck(
    "timeline",
    `timeline ${id}`,
    id > 1 && [
      "warn",
      "the server was promoted or restored to a point in time: what was answered after that point may be missing",
      "after a restore look for the hosts' notice `ledger-rewound`; after a synchronous failover nothing is missing",
    ],
  )
}
