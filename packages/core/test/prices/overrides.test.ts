import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { PolicyInvalid } from "../../src/index.ts"
import { decimalNano } from "../../src/prices/decimal.ts"
import { libraryPrices, type PriceOverride } from "../../src/prices.ts"
import { check } from "./rationals.ts"

const atMs = Date.parse("2026-11-01T12:00:00Z")
const cost = (
  overrides: readonly PriceOverride[],
  model: object = {},
  usage: object = { inputTokens: 1 },
) => {
  const priced = libraryPrices({ overrides }).cost(
    { provider: "openai", model: "gpt-5", atMs, ...model },
    usage,
  )
  return priced.kind === "priced" ? priced.nanoUsd : priced.kind
}
const rates = (inputTokens: string | number) => ({ rates: { inputTokens } })

describe("decimal prices", () => {
  it.each([
    ["1.25", 1, 1_250_000_000],
    [0.18000000000000002, 1, 180_000_001],
    [0.08333333333333334, 1, 83_333_334],
    [1e-7, 1, 100],
    ["0.0000000001", 1, 1],
    [10, 1_000, 10_000_000_000_000],
    ["9007199.254740991", 1, 9_007_199_254_740_991],
    ["9007199.254740992", 1, null],
    [-1, 1, null],
    [Number.NaN, 1, null],
    [Number.POSITIVE_INFINITY, 1, null],
    [1e300, 1, null],
    ["", 1, null],
    ["1,5", 1, null],
    ["0x10", 1, null],
    [null, 1, null],
    [{ toString: () => "1" }, 1, null],
  ])("%s times %s is %s nano-USD", (usd, times, nano) => {
    expect(decimalNano(usd, times)).toBe(nano)
  })
})

describe("overrides", () => {
  it("go before the library, the last that matches and is in force", () => {
    expect(cost([{ model: "gpt-5", ...rates(3) }])).toBe(3_000)
    expect(
      cost([
        { model: "gpt-5*", ...rates(3) },
        { model: "*", ...rates(4) },
      ]),
    ).toBe(4_000)
    expect(cost([{ model: "gpt-*-mini", ...rates(3) }])).toBe(1_250)
    expect(cost([{ model: "gpt-5", provider: "azure", ...rates(3) }])).toBe(1_250)
  })

  it("are in force from an instant until another, to the millisecond", () => {
    const own = [
      {
        model: "gpt-5",
        from: "2026-11-01T12:00:00Z",
        until: "2026-11-01T12:00:30.500Z",
        ...rates(3),
      },
    ]
    const at = (ms: number) => cost(own, { atMs: atMs + ms })
    expect([at(-1), at(0), at(30_499), at(30_500)]).toEqual([1_250, 3_000, 3_000, 1_250])
  })

  it("hold for the standard tier, however a response names it", () => {
    const own = [{ model: "gpt-5", ...rates(3) }]
    for (const serviceTier of ["default", "standard", "auto"])
      expect(cost(own, { serviceTier })).toBe(3_000)
    expect(cost(own, { serviceTier: "priority" })).toBe(2_500)
    const gold = [...own, { model: "gpt-5", serviceTier: "gold", ...rates(9) }]
    expect(cost(gold, { serviceTier: "GOLD" })).toBe(9_000)
  })

  it("bill cached input as input where they say nothing of it, and nothing else for free", () => {
    const own = [{ model: "mine", rates: { inputTokens: "2", outputTokens: "4" } }]
    const mine = { model: "mine" }
    expect(cost(own, mine, { cacheReadTokens: 5, imageInputTokens: 1 })).toBe(12_000)
    expect(cost(own, mine, { cacheWriteTokens: 1 })).toBe("unknown-rate")
    expect(cost(own, mine, { webSearches: 1 })).toBe("unknown-rate")
  })

  it("may be dearer for long input", () => {
    const own = [
      {
        model: "mine",
        rates: { inputTokens: { base: "2", tiers: [{ above: 10, rate: "3.5" }] } },
      },
    ]
    const mine = { model: "mine" }
    expect(cost(own, mine, { inputTokens: 10 })).toBe(20_000)
    expect(cost(own, mine, { inputTokens: 11 })).toBe(38_500)
  })

  it("say all that is wrong with them at once, with its path and the mend", () => {
    const wrong: unknown = [
      { model: "", rates: { inputTokens: -1, tokens: 1 }, form: 1 },
      { model: 7, from: "soon", maxOutputTokens: 0.5 },
      null,
      {
        model: "m",
        rates: {
          outputTokens: {
            base: 5,
            tiers: [
              { above: 10, rate: 4 },
              { above: 3, rate: 6 },
            ],
          },
          inputTokens: { base: 1, tiers: 5 },
        },
      },
    ]
    const problems = () => libraryPrices({ overrides: wrong as PriceOverride[] })
    expect(problems).toThrow(PolicyInvalid)
    const messages = (() => {
      try {
        problems()
        return []
      } catch (error) {
        return (error as PolicyInvalid).problems.map(({ path }) => path)
      }
    })()
    expect(messages).toEqual([
      "overrides[0].form",
      "overrides[0].model",
      "overrides[0].rates.inputTokens",
      "overrides[0].rates.tokens",
      "overrides[1].model",
      "overrides[1].maxOutputTokens",
      "overrides[1].rates",
      "overrides[1].from",
      "overrides[2]",
      "overrides[3].rates.outputTokens.tiers[0].rate",
      "overrides[3].rates.outputTokens.tiers[1].above",
      "overrides[3].rates.inputTokens.tiers",
    ])
  })

  it("throw nothing but their problems, whatever they are", () => {
    const any = fc.oneof(
      fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }),
      fc.record(
        {
          model: fc.oneof(fc.string(), fc.anything()),
          rates: fc.oneof(
            fc.dictionary(fc.string(), fc.anything()),
            fc.constant({ inputTokens: 1 }),
          ),
          from: fc.anything(),
        },
        { requiredKeys: [] },
      ),
    )
    check(
      fc.property(fc.oneof(fc.array(any), any), fc.string(), (overrides, model) => {
        try {
          const prices = libraryPrices({ overrides: overrides as PriceOverride[] })
          const priced = prices.cost({ model, atMs }, { inputTokens: 3 })
          if (priced.kind === "priced") expect(priced.nanoUsd).toBeGreaterThanOrEqual(0)
        } catch (error) {
          if (!(error instanceof PolicyInvalid)) throw error
        }
      }),
    )
  })
})
