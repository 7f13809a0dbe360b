import { definePolicy, type PolicyJson } from "@spendfuse/core"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Plan } from "../../../src/domain/compile.ts"
import { Demands } from "../../../src/lab/replay/demand.ts"
import { binAfter, binOf, Sketch } from "../../../src/lab/replay/sketch.ts"
import { Timeline } from "../../../src/lab/replay/timeline.ts"
import { Run } from "../../../src/lab/run.ts"

const START_MS = Date.UTC(2026, 0, 15, 22, 30)
const MINUTE_MS = 60_000
const SEED = 4_711

const tiers: PolicyJson["budgets"][number]["tiers"] = [{ at: "100%", block: true }]
const limits: PolicyJson["budgets"] = [
  { id: "hour", per: ["key"], limit: { usd: 1 }, window: "hour", tiers },
  { id: "day", per: ["platform"], limit: { tokens: 1_000 }, window: "day", tiers },
  {
    id: "idle",
    per: ["key"],
    limit: { usd: 1 },
    window: { lifetime: { idle: "40m" } },
    tiers,
  },
]
const policy = definePolicy({ budgets: limits, unknownModel: "refuse", onStoreUnavailable: "deny" })

interface Call {
  readonly key: string
  readonly afterMs: number
  readonly usd: number
  readonly tokens: number
}

const amount = fc.oneof(
  fc.constantFrom(0, 1, 2, 100, 1_000_000),
  fc.nat(1_000),
  fc.nat(1_000_000_000),
)
const calls: fc.Arbitrary<readonly Call[]> = fc.array(
  fc.record({
    key: fc.constantFrom("a", "b", "c"),
    afterMs: fc.oneof(fc.nat(1_000), fc.nat(20 * MINUTE_MS), fc.nat(50 * MINUTE_MS)),
    usd: amount,
    tokens: amount,
  }),
  { minLength: 1, maxLength: 200 },
)

/** What each budget was asked for, counted with nothing put off and nothing at hand. */
const plainly = (all: readonly Call[]): Map<string, { positions: Sketch; periods: Sketch }> => {
  const found = new Map(
    limits.map(({ id }) => [id, { positions: new Sketch(), periods: new Sketch() }]),
  )
  const sums = new Map<string, { sum: number; usedAtMs: number }>()
  let atMs = START_MS
  for (const { key, afterMs, usd, tokens } of all) {
    atMs += afterMs
    const hour = Math.floor(atMs / (60 * MINUTE_MS))
    const day = Math.floor(atMs / (24 * 60 * MINUTE_MS))
    const asked: readonly (readonly [string, string, number])[] = [
      ["hour", `${key} ${hour}`, usd],
      ["day", `${day}`, tokens],
      ["idle", key, usd],
    ]
    for (const [id, account, cost] of asked) {
      const name = `${id} ${account}`
      const last = sums.get(name)
      const isOver = id === "idle" && last !== undefined && atMs - last.usedAtMs >= 40 * MINUTE_MS
      if (isOver && last !== undefined && last.sum > 0) found.get(id)?.periods.add(last.sum)
      const sum = (isOver ? 0 : (last?.sum ?? 0)) + cost
      sums.set(name, { sum, usedAtMs: atMs })
      found.get(id)?.positions.add(sum)
    }
  }
  for (const [name, { sum }] of sums)
    if (sum > 0) found.get(name.split(" ")[0] ?? "")?.periods.add(sum)
  return found
}

/** All that a sketch can say of itself. */
const saidBy = (sketch: Sketch): readonly number[] => [
  sketch.total,
  ...Array.from({ length: 101 }, (_, percent) => sketch.quantile(percent / 100)),
]

describe("what a history asks of its budgets", () => {
  it("is what one counts who puts nothing off", () => {
    fc.assert(
      fc.property(calls, (all) => {
        const demands = new Demands()
        const run = new Run({ policy, startMs: START_MS })
        for (const { key, afterMs, usd, tokens } of all) {
          run.advance(run.nowMs + afterMs)
          const plan: Plan = run.planOf({ subject: { key } })
          demands.add(demands.of(plan, run.nowMs), run.nowMs, usd, tokens, 1)
        }
        demands.finish()
        for (const [id, { positions, periods }] of plainly(all)) {
          expect(saidBy(demands.budgets.get(id)?.positions ?? new Sketch())).toEqual(
            saidBy(positions),
          )
          expect(saidBy(demands.budgets.get(id)?.periods ?? new Sketch())).toEqual(saidBy(periods))
        }
      }),
      { seed: SEED, numRuns: 200 },
    )
  })
})

describe("the bin after a bin", () => {
  it("is the one that an amount is counted in", () => {
    const any = fc.oneof(
      fc.nat(2_000),
      fc.integer({ min: 1, max: 2 ** 53 - 1 }),
      // Around edges, where logarithms are rounded.
      fc
        .tuple(fc.integer({ min: 0, max: 3_680 }), fc.integer({ min: -3, max: 3 }))
        .map(([bin, by]) => Math.min(2 ** 53 - 1, Math.max(0, Math.floor(1.01 ** bin) + by))),
    )
    fc.assert(
      fc.property(any, fc.integer({ min: 0, max: 6 }), (one, below) => {
        const from = Math.max(-1, binOf(one) - below)
        expect(binAfter(from, one)).toBe(binOf(one))
      }),
      { seed: SEED, numRuns: 20_000 },
    )
  })
})

describe("where an instant lies in a timeline", () => {
  it("is the same whatever was asked before", () => {
    const steps = fc.array(fc.integer({ min: -5, max: 400 }), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(steps, (all) => {
        const one = new Timeline()
        const sums = new Map<number, number>()
        let atMs = START_MS
        one.add("asked", one.at(atMs), 0)
        for (const step of all) {
          atMs += step * 13_000
          one.add("asked", one.at(atMs), 1)
          sums.set(atMs, (sums.get(atMs) ?? 0) + 1)
        }
        const { asked, startMs, stepMs } = one.report()
        const plain = asked.map(() => 0)
        for (const [at, sum] of sums) {
          const place = Math.max(0, Math.floor((at - startMs) / stepMs))
          plain[place] = (plain[place] ?? 0) + sum
        }
        expect(asked).toEqual(plain)
      }),
      { seed: SEED },
    )
  })
})
