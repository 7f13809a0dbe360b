import {
  apply,
  type Command,
  compile,
  emptyLedger,
  type Plan,
  type Policy,
} from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import fc from "fast-check"
import pg from "pg"
import { afterAll, beforeAll, expect, inject, it } from "vitest"
import { definePolicy } from "../../core/src/index.ts"
import { postgresStore } from "../src/index.ts"

const RUNS = Math.ceil(Number(process.env.LAW_RUNS ?? 400) / 20)
const SEED = Number(process.env.LAW_SEED ?? 42)
const url = inject("postgresUrl")
const schema = `quick_${process.pid}`
const T0 = Date.UTC(2026, 0, 15, 10, 20)

let client: pg.Client
let store: Store
let nowMs = T0

beforeAll(async () => {
  client = new pg.Client({ connectionString: url })
  await client.connect()
  const connections = { connections: 1, migrate: true, schema, history: true }
  store = postgresStore({ url, ...connections, nowMs: () => nowMs })
  await store.list({ limit: 1 })
})

afterAll(async () => {
  await store.close()
  await client.query(`drop schema ${schema} cascade`)
  await client.end()
})

/** A shared budget whose cap is near or far, and one of each user that is wide. */
const policyOf = (cap: number): Policy =>
  definePolicy({
    budgets: [
      {
        id: `p${cap}`,
        per: ["platform"],
        limit: { tokens: cap },
        window: "hour",
        tiers: [
          { at: "50%", notify: ["log"] },
          { at: "80%", notify: [] },
          { at: "100%", block: true, notify: ["page"] },
        ],
      },
      {
        id: "u",
        per: ["user"],
        limit: { requests: 2 ** 52 },
        window: "hour",
        tiers: [{ at: "100%", block: true }],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
  })

interface Call {
  readonly user: number
  readonly source: number
  readonly hold: number
  readonly more: number
  readonly share: number
  readonly via: string | null
  readonly life: number
}

const call: fc.Arbitrary<Call> = fc.record({
  user: fc.integer({ min: 0, max: 2 }),
  source: fc.integer({ min: 0, max: 3 }),
  hold: fc.integer({ min: 0, max: 9 }),
  more: fc.constantFrom(0, 0, 3),
  share: fc.constantFrom(...Array(20).fill(1), 0, 0.5, 1.2),
  via: fc.constantFrom(null, "cheap"),
  life: fc.constantFrom(...Array(200).fill(600_000), 1_000),
})

const rounds = fc.record({
  cap: fc.constantFrom(20, 100, 1_200, 1_800, 2_500, 2 ** 52),
  rounds: fc.array(
    fc.record({
      calls: fc.array(call, { minLength: 1, maxLength: 120, size: "max" }),
      laterMs: fc.constantFrom(0, 0, 10, 10, 300, 300, 999, 1_500, 3_600_000),
    }),
    { minLength: 4, maxLength: 10, size: "max" },
  ),
})

const TABLES =
  "terms, plan, forgetting, account, meter, reservation, source, entry, switch, event, outbox, queue, dead_letter, audit"

it("decides batches as a set as the core does one by one, near the cap and far from it", async () => {
  let quick = 0
  let all = 0
  const law = fc.asyncProperty(rounds, async ({ cap, rounds: each }) => {
    await client.query(`set search_path = ${schema}; truncate ${TABLES}`)
    const ledger = emptyLedger()
    const next = new Map<number, number>()
    const done = new Map<number, number>()
    let open: { command: Command; call: Call; granted: number }[] = []
    for (const { calls, laterMs } of each) {
      nowMs += laterMs
      const ends = open.map(({ command, call: of, granted }) => settleOf(command, of, granted))
      const made = calls.map((one) => [one, reserveOf(policyOf(cap), one)] as const)
      open = []
      const commands = [...ends, ...made].map(([of, unnumbered]) => {
        const n = (next.get(of.source) ?? 0) + 1
        next.set(of.source, n)
        const head = { id: { source: `s${of.source}`, n }, done: done.get(of.source) ?? 0 }
        return { of, command: { ...unnumbered, ...head } as Command }
      })
      const answers = await Promise.all(
        commands.map(async ({ of, command }) => {
          const [applied] = await store.apply([command])
          if (applied === undefined) throw new Error("no answer")
          return { of, command, applied }
        }),
      )
      for (const [source, n] of next) done.set(source, n)
      answers.sort((a, b) => (a.applied.rank ?? 0) - (b.applied.rank ?? 0))
      for (const { of, command, applied } of answers) {
        const known = ledger.sources.size
        const decision = apply(ledger, command, applied.storeTimeMs)
        expect(bare(applied.outcome), `${known} ${JSON.stringify(command)}`).toEqual(
          bare(decision.outcome),
        )
        expect(applied.eventsWritten).toBe(decision.events.length)
        if (command.kind === "reserve" && applied.outcome.kind === "reserved")
          open.push({ command, call: of, granted: applied.outcome.granted })
      }
      const { rows } = await client.query(
        "select account, start_ms, settled, held from meter order by account, start_ms",
      )
      const kept = [...ledger.accounts.values()]
        .flatMap(({ key, meters }) =>
          meters.map((m) => `${key} ${m.period.startMs} ${m.settled} ${m.held}`),
        )
        .sort()
      expect(rows.map((r) => `${r.account} ${r.start_ms} ${r.settled} ${r.held}`).sort()).toEqual(
        kept,
      )
      all += answers.length
      const { rows: held } = await client.query(
        "select count(*) filter (where plan is not null) as quick from reservation",
      )
      quick += Number(held[0]?.quick)
    }
  })
  await fc.assert(law, { numRuns: RUNS, seed: SEED, endOnFailure: true })
  expect(quick).toBeGreaterThan(all / 10)
}, 300_000)

it("tells the end of a period before it goes on in the next one", async () => {
  const ledger = emptyLedger()
  const told: number[] = []
  let n = 0
  await client.query(`set search_path = ${schema}; truncate ${TABLES}`)
  const send = async (unnumbered: Partial<Command>): Promise<Command> => {
    n += 1
    const command = { ...unnumbered, id: { source: "e", n }, done: 0 } as Command
    const [applied] = await store.apply([command])
    const { outcome, events } = apply(ledger, command, nowMs)
    expect(bare(applied?.outcome ?? {})).toEqual(bare(outcome))
    expect(applied?.eventsWritten).toBe(events.length)
    told.push(events.length)
    return command
  }
  const one: Call = { user: 0, source: 0, hold: 6, more: 0, share: 1, via: null, life: 600_000 }
  const hourMs = (Math.floor(nowMs / 3_600_000) + 1) * 3_600_000
  nowMs = hourMs - 10_000
  const first = await send(reserveOf(policyOf(10), one))
  await send(settleOf(first, one, 0)[1])
  // One host's clock is ahead: the next period begins before this one is over.
  nowMs = hourMs + 5_000
  const early = reserveOf(policyOf(10), { ...one, hold: 1 })
  nowMs = hourMs - 5_000
  await send(early)
  nowMs = hourMs
  await send(reserveOf(policyOf(10), { ...one, hold: 1 }))
  expect(told).toEqual([0, 1, 0, 1])
})

const bare = (outcome: object): object => ({ ...outcome, detail: undefined })

const planFor = (policy: Policy, user: number): Plan => {
  const key = `${JSON.stringify(policy)} ${user} ${Math.floor(nowMs / 3_600_000)}`
  const known = plans.get(key)
  if (known !== undefined) return known
  const plan = compile(policy, { user: `u${user}` }, nowMs)
  if ("missing" in plan) throw new Error(plan.missing)
  plans.set(key, plan)
  return plan
}
const plans = new Map<string, Plan>()

const reserveOf = (policy: Policy, one: Call): Partial<Command> => {
  const { lines, switches, division } = planFor(policy, one.user)
  return {
    kind: "reserve",
    division,
    issuedAtMs: nowMs,
    lines,
    switches,
    base: { usd: 0, tokens: one.hold, requests: 1 },
    perUnit: { usd: 0, tokens: 1, requests: 0 },
    units: { least: 0, most: one.more },
    expiresAtMs: nowMs + one.life,
    via: one.via,
    swallowed: 0,
  }
}

const settleOf = (
  command: Command,
  of: Call,
  granted: number,
): readonly [Call, Partial<Command>] => [
  of,
  {
    kind: "settle",
    division: command.division,
    reservation: command.id,
    seq: 1,
    actual: { usd: 0, tokens: Math.floor((of.hold + granted) * of.share), requests: 1 },
    final: true,
  },
]
