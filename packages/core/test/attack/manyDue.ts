import { expect } from "vitest"
import { type Command, EXPIRE_MAX, type Line } from "../../src/domain/command.ts"
import { compile } from "../../src/domain/compile.ts"
import { emptyLedger } from "../../src/domain/ledger.ts"
import { apply } from "../../src/domain/step.ts"
import { NOTHING } from "../../src/domain/terms.ts"
import { definePolicy } from "../../src/index.ts"
import type { Store } from "../../src/ports/Store.ts"

const MINUTE_MS = 60_000
const T0 = Date.UTC(2026, 0, 15, 10)
const USERS = 5_000
const ORGS = 300
const AT_ONCE = 100

const policyOf = (id: string, per: string, window: "hour" | { sliding: "1h"; buckets: 4 }) =>
  definePolicy({
    budgets: [
      {
        id,
        per: [per],
        limit: { usd: 0.000_000_1 },
        window,
        tiers: [
          { at: "50%", notify: ["ops"] },
          { at: "100%", block: true },
        ],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
  })

const HOUR = policyOf("hour", "user", "hour")
/** Its accounts come first by name. */
const SLIDE = policyOf("a-slide", "org", { sliding: "1h", buckets: 4 })

const linesOf = (policy: typeof HOUR, subject: Readonly<Record<string, string>>, atMs: number) => {
  const plan = compile(policy, subject, atMs)
  if ("missing" in plan) throw new Error(plan.missing)
  return plan.lines
}

/**
 * After an outage 5,000 accounts are due at once, and others only seem to be: they were used meanwhile. Each
 * Expire moves what the core's moves, few at a time, and soon nobody is left.
 */
export const movesManyDue = async (open: (nowMs: () => number) => Store): Promise<void> => {
  let nowMs = T0
  const store = open(() => nowMs)
  const ledger = emptyLedger()
  let n = 0
  /** To the store and to the core; answers how many events were written. */
  const send = async (whats: readonly object[]): Promise<number> => {
    const commands = whats.map((what): Command => {
      n += 1
      return { id: { source: "s", n }, done: n - 1, division: "*", ...what } as Command
    })
    const applied = await store.apply(commands)
    const told = commands.map((command) => apply(ledger, command, nowMs).events.length)
    expect(applied.map(({ eventsWritten }) => eventsWritten)).toEqual(told)
    return told.reduce((sum, count) => sum + count, 0)
  }
  const charge = async (all: readonly (readonly Line[])[]): Promise<void> => {
    const whats = all.map((lines) => {
      return { kind: "charge", lines, amounts: { ...NOTHING, usd: 60 }, ends: null }
    })
    for (let from = 0; from < whats.length; from += AT_ONCE)
      await send(whats.slice(from, from + AT_ONCE))
  }
  const orgs = () =>
    Array.from({ length: ORGS }, (_, at) => linesOf(SLIDE, { org: `o${at}` }, nowMs))
  const users = Array.from({ length: USERS }, (_, at) => linesOf(HOUR, { user: `u${at}` }, nowMs))
  const expires = async (): Promise<readonly number[]> => {
    const moved: number[] = []
    do moved.push(await send([{ kind: "expire" }]))
    while (moved.at(-1) === EXPIRE_MAX)
    return moved
  }
  await charge(users)
  await charge(orgs())
  nowMs += 50 * MINUTE_MS
  await charge(orgs())
  nowMs += 40 * MINUTE_MS
  const first = await expires()
  expect(first).toHaveLength(Math.ceil(USERS / EXPIRE_MAX))
  expect(first.reduce((sum, count) => sum + count, 0)).toBe(USERS)
  nowMs += 120 * MINUTE_MS
  expect((await expires()).reduce((sum, count) => sum + count, 0)).toBe(ORGS)
  expect(await send([{ kind: "expire" }])).toBe(0)
}
