import { libraryPrices } from "@spendfuse/core/prices"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { costAt, costOfCall, RateTable } from "../../../src/lab/replay/rates.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 3_000)
const SEED = Number(process.env.LAW_SEED ?? 5)
/** Rates that do not come to whole nano-USD: each call is rounded up. */
const ODD = {
  provider: "own",
  model: "odd",
  rates: { inputTokens: "0.0000123", outputTokens: "0.000077" },
}
const MODELS = [
  ["own", "odd"],
  ["openai", "gpt-5"],
  ["openai", "gpt-4o-mini"],
  ["openai", "gpt-5.4"],
  ["anthropic", "claude-sonnet-4-5"],
  ["anthropic", "claude-opus-4-1"],
  ["google", "gemini-2.5-pro"],
  ["google", "gemini-2.5-flash"],
  ["deepseek", "deepseek-chat"],
  ["xai", "grok-4"],
] as const
const BOUNDS = {
  choices: 1,
  audio: false,
  images: false,
  imageCount: 0,
  searches: 0,
  hasOutput: true,
} as const

describe("rates as numbers", () => {
  it("are the price list's, wherever they are given", () => {
    const prices = libraryPrices({ overrides: [ODD] })
    const table = new RateTable(prices)
    const edges = [128_000, 200_000, 256_000, 272_000, 1_000_000]
    const count = fc.oneof(
      fc.integer({ min: 0, max: 1_200_000 }),
      fc.constantFrom(...edges).chain((edge) => fc.integer({ min: edge - 2, max: edge + 2 })),
      fc.integer({ min: 0, max: 3_000 }),
    )
    const instant = fc.integer({ min: Date.UTC(2025, 0, 1), max: Date.UTC(2026, 8, 1) })
    let given = 0
    fc.assert(
      fc.property(
        fc.constantFrom(...MODELS),
        instant,
        count,
        count,
        ([provider, model], atMs, inputTokens, outputTokens) => {
          const rates = table.of(model, provider, atMs)
          const step = rates.at(inputTokens)
          const cost = costOfCall(step, inputTokens, outputTokens)
          if (Number.isNaN(cost)) return
          given += 1
          const ask = { provider, model, atMs }
          expect(prices.cost(ask, { inputTokens, outputTokens })).toMatchObject({ nanoUsd: cost })
          expect(prices.worstCase(ask, { ...BOUNDS, inputTokens })).toMatchObject({
            baseNanoUsd: costAt(inputTokens, step.mostInput),
            perOutputTokenNanoUsd: step.mostOutput,
          })
        },
      ),
      { numRuns: RUNS, seed: SEED },
    )
    expect(given).toBeGreaterThan(RUNS / 3)
  })
})
