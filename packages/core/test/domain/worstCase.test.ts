import { describe, expect, it } from "vitest"
import { type Bounds, costOf, type Rates, STANDARD, worstCaseOf } from "../../src/domain/price.ts"
import type { UsageComponent } from "../../src/domain/usage.ts"

const M = 1_000_000
const flat = (rates: Partial<Record<UsageComponent, number>>, factor = STANDARD): Rates => ({
  components: Object.fromEntries(
    Object.entries(rates).map(([name, base]) => [name, { base, tiers: [] }]),
  ),
  factor,
})
const bounds = (more: Partial<Bounds> = {}): Bounds => ({
  inputTokens: 10,
  choices: 1,
  audio: false,
  images: false,
  imageCount: 0,
  searches: 0,
  ...more,
})
const worst = (baseNanoUsd: number, perOutputTokenNanoUsd: number) => ({
  kind: "worst",
  baseNanoUsd,
  perOutputTokenNanoUsd,
})
const text = { inputTokens: 3 * M, outputTokens: 5 * M }

describe("the worst case of a call", () => {
  it("is its bounds at the dearest rates that it can meet", () => {
    expect(worstCaseOf(flat(text), bounds())).toEqual(worst(30, 5))
    expect(worstCaseOf(flat(text), bounds({ choices: 4 }))).toEqual(worst(30, 20))
    expect(worstCaseOf(flat({ ...text, cacheWriteTokens: 4 * M }), bounds())).toEqual(worst(40, 5))
    expect(worstCaseOf(flat({ ...text, cacheReadTokens: 4 * M }), bounds())).toEqual(worst(40, 5))
    expect(worstCaseOf(flat({ ...text, videoOutputTokens: 9 * M }), bounds())).toEqual(worst(30, 9))
    expect(worstCaseOf(flat({ ...text, imageOutputTokens: 9 * M }), bounds())).toEqual(worst(30, 9))
    expect(worstCaseOf(flat({ ...text, calls: 7 * M }), bounds())).toEqual(worst(37, 5))
    expect(worstCaseOf(flat(text, { times: 1, by: 2 }), bounds())).toEqual(worst(15, 3))
  })

  it.each(["audioInputTokens", "audioCacheReadTokens"] as const)(
    "has %s only with sound",
    (name) => {
      const rates = flat({ ...text, audioInputTokens: 3 * M, [name]: 8 * M })
      expect(worstCaseOf(rates, bounds())).toEqual(worst(30, 5))
      expect(worstCaseOf(rates, bounds({ images: true }))).toEqual(worst(30, 5))
      expect(worstCaseOf(rates, bounds({ audio: true }))).toEqual(worst(80, 5))
    },
  )

  it.each(["imageInputTokens", "imageCacheReadTokens"] as const)(
    "has %s only with images",
    (name) => {
      const rates = flat({ ...text, [name]: 8 * M, audioInputTokens: M })
      expect(worstCaseOf(rates, bounds())).toEqual(worst(30, 5))
      expect(worstCaseOf(rates, bounds({ audio: true }))).toEqual(worst(30, 5))
      expect(worstCaseOf(rates, bounds({ images: true }))).toEqual(worst(80, 5))
    },
  )

  it("has the output of sound only with sound", () => {
    const rates = flat({ ...text, audioInputTokens: M, audioOutputTokens: 8 * M })
    expect(worstCaseOf(rates, bounds())).toEqual(worst(30, 5))
    expect(worstCaseOf(rates, bounds({ audio: true }))).toEqual(worst(30, 8))
  })

  it("counts searches and images by the piece, whatever the service tier", () => {
    const rates = flat({ ...text, webSearches: 2 * M, images: 6 * M }, { times: 2, by: 3 })
    expect(worstCaseOf(rates, bounds({ searches: 3, imageCount: 2 }))).toEqual(worst(38, 4))
    const files = flat({ ...text, fileSearches: 2 * M })
    expect(worstCaseOf(files, bounds({ searches: 3 }))).toEqual(worst(36, 5))
  })

  it("meets a tier only above its threshold", () => {
    const tiered = (above: number): Rates => ({
      components: {
        inputTokens: { base: 3 * M, tiers: [{ above, rate: 6 * M }] },
        outputTokens: { base: 5 * M, tiers: [] },
      },
      factor: STANDARD,
    })
    expect(worstCaseOf(tiered(10), bounds())).toEqual(worst(30, 5))
    expect(worstCaseOf(tiered(9), bounds())).toEqual(worst(60, 5))
  })

  it("names the rate that is not known, and asks for none that is not needed", () => {
    const missing = (rates: Rates, more: Partial<Bounds> = {}) => worstCaseOf(rates, bounds(more))
    const unknown = (name: string) => ({
      kind: "unknown-rate",
      detail: `no rate is known for \`${name}\``,
    })
    expect(missing(flat({ outputTokens: M }))).toEqual(unknown("inputTokens"))
    expect(missing(flat(text), { audio: true })).toEqual(unknown("audioInputTokens"))
    expect(missing(flat({ inputTokens: M }))).toEqual(unknown("outputTokens"))
    expect(missing(flat(text), { searches: 1 })).toEqual(unknown("webSearches"))
    expect(missing(flat(text), { imageCount: 1 })).toEqual(unknown("images"))
    expect(missing(flat({ inputTokens: M }), { hasOutput: false })).toEqual(worst(10, 0))
    expect(costOf(flat({}), { inputTokens: 1 })).toEqual(unknown("inputTokens"))
  })

  it("says what is not a count, and what no amount can say", () => {
    for (const name of ["inputTokens", "choices", "imageCount", "searches"] as const)
      expect(worstCaseOf(flat(text), bounds({ [name]: -1 }))).toEqual({
        kind: "invalid-usage",
        detail: `\`${name}\` is not an integer from 0 to 2^53 − 1`,
      })
    const most = Number.MAX_SAFE_INTEGER
    const unit = flat({ inputTokens: M, outputTokens: M })
    const tooMuch = {
      kind: "invalid-usage",
      detail: "the cost would pass 2^53 − 1 nano-USD",
    }
    expect(worstCaseOf(unit, bounds({ inputTokens: most, choices: most }))).toEqual(
      worst(most, most),
    )
    const twice = flat({ inputTokens: 2 * M, outputTokens: 2 * M })
    expect(worstCaseOf(twice, bounds({ inputTokens: most }))).toEqual(tooMuch)
    expect(worstCaseOf(twice, bounds({ choices: most }))).toEqual(tooMuch)
    expect(costOf(twice, { inputTokens: most })).toEqual(tooMuch)
    expect(costOf(unit, { inputTokens: most })).toMatchObject({ kind: "cost", nanoUsd: most })
  })

  it("says what is not a usage", () => {
    const detailOf = (usage: unknown) => costOf(flat(text), usage as object)
    const invalid = (detail: string) => ({ kind: "invalid-usage", detail })
    expect(detailOf(null)).toEqual(invalid("the usage is not an object"))
    expect(detailOf("1")).toEqual(invalid("the usage is not an object"))
    expect(detailOf({ ["x".repeat(70)]: 1 })).toEqual(
      invalid(`\`${"x".repeat(60)}\` is not a component`),
    )
    expect(detailOf({ inputTokens: -1 })).toEqual(
      invalid("`inputTokens` is not an integer from 0 to 2^53 − 1"),
    )
    expect(detailOf({ inputTokens: undefined, outputTokens: 1 })).toMatchObject({ nanoUsd: 5 })
  })

  it("bills a call by the call where that has a rate, unless the usage says how many", () => {
    const rates = flat({ calls: 7 * M, inputTokens: M })
    expect(costOf(rates, {})).toMatchObject({ nanoUsd: 7 })
    expect(costOf(rates, { calls: 0, inputTokens: 2 })).toMatchObject({ nanoUsd: 2 })
    expect(costOf(flat({ inputTokens: M }), {})).toMatchObject({ kind: "cost", nanoUsd: 0 })
  })
})
