import { readdirSync, readFileSync } from "node:fs"
import {
  apply,
  type Command,
  emptyLedger,
  fingerprintOf,
  formProblemOf,
  type Ledger,
} from "@spendfuse/core/domain"
import { eventFromWire, outcomeFromWire, termsToWire, toWire } from "@spendfuse/core/wire"
import fc from "fast-check"
import pg from "pg"
import { afterAll, beforeAll, expect, inject, it } from "vitest"
import { isIdle } from "../../core/src/domain/meter.ts"
import { T0 } from "../../core/test/attack/make.ts"
import {
  amounts,
  any,
  commandOf,
  type History,
  historyOf,
} from "../../core/test/attack/model/histories.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 25)
const SEED = Number(process.env.LAW_SEED ?? 42)
const SCHEMA = `step_${process.pid}`
const SQL = new URL("../sql/", import.meta.url)
const TABLES =
  "terms, plan, forgetting, account, meter, reservation, source, entry, switch, event, outbox, queue, dead_letter, audit"

let client: pg.Client

beforeAll(async () => {
  client = new pg.Client({
    connectionString: process.env.SPENDFUSE_POSTGRES_URL ?? inject("postgresUrl"),
  })
  await client.connect()
  await client.query(`create schema ${SCHEMA}; set search_path = ${SCHEMA}`)
  for (const name of readdirSync(SQL).sort())
    await client.query(readFileSync(new URL(name, SQL), "utf8"))
})

afterAll(async () => {
  await client.query(`drop schema ${SCHEMA} cascade`)
  await client.end()
})

interface Answer {
  readonly outcome: unknown
  readonly events: string
  readonly done: string
  readonly time: string
}

const applied = async (command: Command, atMs: number): Promise<Answer> => {
  const wire = toWire(command)
  const terms = Object.fromEntries([...wire.terms].map(([id, body]) => [id, termsToWire(body)]))
  const f = fingerprintOf(command)
  const batch = {
    v: 1,
    now: String(atMs),
    history: true,
    terms,
    commands: [{ ...wire.command, f }],
  }
  const sql = "select spendfuse_apply($1) as answers"
  const { rows } = await client.query(sql, [JSON.stringify(batch)])
  return rows[0].answers[0]
}

const told = async (count: number): Promise<readonly unknown[]> => {
  const sql = `select body from (select * from event order by seq desc limit ${count}) e order by seq`
  const { rows } = await client.query(sql)
  return rows.map(({ body }) => {
    const read = eventFromWire(body)
    return read.ok ? read.value : read.reason
  })
}

/** Walks both; fails with the first command where they part. */
const compare = async ({ pool, steps }: History): Promise<void> => {
  await client.query(`truncate ${TABLES}`)
  const ledger: Ledger = emptyLedger()
  const sent: Command[] = []
  const trace: string[] = []
  let atMs = T0 + 5 * 60_000
  let done = 0
  for (const [at, one] of steps.entries()) {
    atMs += one.back ? -120_000 : one.later
    // Nobody sees it: law I14.
    if (at % 3 === 2) await client.query("select spendfuse_forget(3, $1)", [atMs])
    if (one.done && sent.length > 2) done = Math.max(done, sent.length - 2)
    const command = commandAt(one, pool, sent, done, atMs)
    if (command === undefined || formProblemOf(command) !== null) continue
    const decision = apply(ledger, command, atMs)
    const answer = await applied(command, atMs)
    trace.push(
      `${(atMs - T0) / 1_000}s ${JSON.stringify(one)} → ${JSON.stringify(decision.outcome)}`,
    )
    const outcome = outcomeFromWire(answer.outcome, command)
    const ours = outcome.ok ? { ...outcome.value, detail: undefined } : outcome
    expect(ours, trace.join("\n")).toEqual({ ...decision.outcome, detail: undefined })
    expect(await told(Number(answer.events)), trace.join("\n")).toEqual(decision.events)
    expect(await amountsKept(atMs), trace.join("\n")).toEqual(amountsOf(ledger, atMs))
  }
}

const commandAt = (
  { any, division }: History["steps"][number],
  pool: readonly string[],
  sent: Command[],
  done: number,
  atMs: number,
): Command | undefined => {
  if (any.kind === "again") {
    const found = sent[any.of % Math.max(1, sent.length)]
    if (found === undefined || !any.other) return found
    return { ...found, why: "another", base: amounts(9), actual: amounts(9) } as unknown as Command
  }
  const reserves = sent.flatMap(({ kind, id }) => (kind === "reserve" ? id.n : []))
  const command = commandOf(any, pool, sent.length + 1, done, atMs, division, reserves)
  sent.push(command)
  return command
}

/** What still counts: both forget the rest at leisure. */
const amountsOf = (ledger: Ledger, atMs: number): readonly string[] =>
  [...ledger.accounts.values()]
    .flatMap(({ key, meters }) =>
      meters
        .filter((one) => one.held > 0 || (atMs < one.period.keptUntilMs && !isIdle(one, atMs)))
        .map(({ period, settled, held }) => `${key} ${period.startMs} ${settled} ${held}`),
    )
    .sort()

const amountsKept = async (atMs: number): Promise<readonly string[]> => {
  const sql = `select account, start_ms, settled, held from meter m
    where held > 0 or kept_ms > $1 and not is_idle(m, $1)`
  const { rows } = await client.query(sql, [atMs])
  return rows.map((row) => `${row.account} ${row.start_ms} ${row.settled} ${row.held}`).sort()
}

const KINDS = Object.keys(any) as (keyof typeof any)[]

const LAWS: Readonly<Record<string, fc.Arbitrary<History>>> = {
  calls: historyOf(["reserve", "reserve", "settle", "extend", "release", "expire"]),
  "charges and persons": historyOf([
    "reserve",
    "charge",
    "charge",
    "adjust",
    "acknowledge",
    "trip",
  ]),
  "windows that forget": historyOf(["charge", "reserve", "settle", "expire"]).map(({ steps }) => ({
    pool: ["slide", "life"],
    steps,
  })),
  everything: historyOf(["reserve", "reserve", ...KINDS]),
}

for (const [name, histories] of Object.entries(LAWS))
  it(`decides, tells and keeps what the core does: ${name}`, { timeout: 300_000 }, async () => {
    const law = fc.asyncProperty(histories, compare)
    await fc.assert(law, { numRuns: RUNS, seed: SEED, endOnFailure: true })
  })
