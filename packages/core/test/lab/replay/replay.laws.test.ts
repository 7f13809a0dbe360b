import { definePolicy, type PolicyJson } from "@spendfuse/core"
import { Replay, type ReplayRow } from "@spendfuse/core/lab"
import { libraryPrices } from "@spendfuse/core/prices"
import fc from "fast-check"
import { describe, expect, it } from "vitest"

const RUNS = Number(process.env.LAW_RUNS ?? 150)
const SEED = Number(process.env.LAW_SEED ?? 7)
const START_MS = Date.UTC(2026, 0, 15, 23, 50)
const MODELS = [
  { provider: "openai", model: "gpt-5" },
  { provider: "openai", model: "gpt-5-mini" },
  { provider: "anthropic", model: "claude-sonnet-4-5" },
] as const
const SUBJECTS = ["a", "b", "c"].map((apiKey, at) => ({ apiKey, org: at === 2 ? "y" : "x" }))

const anyRow = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 400_000 })),
  who: fc.constantFrom(...SUBJECTS),
  which: fc.constantFrom(...MODELS),
  input: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.constantFrom(199_999, 200_001, 70_000)),
  output: fc.integer({ min: 0, max: 1_200 }),
  durationMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 900_000 })),
  charge: fc.option(fc.integer({ min: 0, max: 20_000_000 }), { freq: 5 }),
})

const anyBudgets = fc
  .record({
    usd: fc.constantFrom("0.02", "0.05", "0.3"),
    window: fc.constantFrom<PolicyJson["budgets"][number]["window"]>(
      "hour",
      "day",
      { every: "10m" },
      { sliding: "30m" },
    ),
    effect: fc.constantFrom(
      { block: true as const },
      { trip: { coolDown: "7m", probation: { allow: "10%", for: "5m" } } },
      { latch: true as const },
      { trip: { coolDown: "1h" } },
    ),
    tokens: fc.constantFrom(5_000, 100_000_000),
    observe: fc.boolean(),
  })
  .map(({ usd, window, effect, tokens, observe }) =>
    definePolicy({
      budgets: [
        {
          id: "key",
          per: ["apiKey"],
          limit: { usd },
          window,
          tiers: [
            { at: "50%", notify: ["chat"] },
            { at: "100%", notify: ["pager"], ...effect },
          ],
        },
        {
          id: "org",
          per: ["org"],
          limit: { tokens },
          window: "day",
          tiers: [{ at: "100%", block: true }],
          ...(observe && { mode: "observe" as const }),
        },
        {
          id: "all",
          per: ["platform"],
          limit: { requests: 25 },
          window: "day",
          tiers: [{ at: "100%", block: true }],
        },
      ],
      unknownModel: "refuse",
      onStoreUnavailable: "deny",
      maxOutputTokens: 1_000,
    }),
  )

type AnyRow = typeof anyRow extends fc.Arbitrary<infer Row> ? Row : never

const rowsOf = (rows: readonly AnyRow[]): readonly ReplayRow[] => {
  let atMs = START_MS
  return rows.map(({ afterMs, who, which, input, output, durationMs, charge }) => {
    atMs += afterMs
    const usage = { inputTokens: input, outputTokens: output }
    const told = charge === null ? {} : { chargeNanoUsd: charge }
    return { atMs, subject: who, ...which, usage, durationMs, ...told }
  })
}

describe("a replay", () => {
  const prices = libraryPrices()

  it("says the same by numbers as by the step alone, however it is cut into batches", () => {
    const cut = fc.integer({ min: 1, max: 9 })
    fc.assert(
      fc.property(anyBudgets, fc.array(anyRow, { maxLength: 60 }), cut, (policy, some, size) => {
        const rows = rowsOf(some)
        const byNumbers = new Replay({ policy, prices })
        for (let at = 0; at < rows.length; at += size) byNumbers.take(rows.slice(at, at + size))
        const byStep = new Replay({ policy, prices, byStepAlone: true })
        byStep.take(rows)
        expect(byNumbers.report()).toEqual(byStep.report())
      }),
      { numRuns: RUNS, seed: SEED },
    )
  })
})
