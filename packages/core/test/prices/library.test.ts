import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { findProvider } from "@pydantic/genai-prices"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { USAGE_COMPONENTS, type Usage } from "../../src/domain.ts"
import { tierName } from "../../src/prices/serviceTiers.ts"
import { ageOf, libraryPrices, staleSources } from "../../src/prices.ts"
import { check } from "./rationals.ts"

const atMs = Date.parse("2026-11-01T12:00:00Z")
const prices = libraryPrices()
const none = {
  inputTokens: 0,
  choices: 1,
  audio: false,
  images: false,
  imageCount: 0,
  searches: 0,
} as const

describe("the price library's data", () => {
  it("is the version that it says it is", () => {
    const entry = createRequire(import.meta.url).resolve("@pydantic/genai-prices")
    const { name, version } = JSON.parse(
      readFileSync(join(dirname(entry), "../package.json"), "utf8"),
    )
    // Another version: write its name, and the day on which it was published, in prices/lookUp.ts.
    expect(prices.sources.at(-1)).toMatchObject({ kind: "library", name: `${name} ${version}` })
  })

  it("tells its age, and warns of data older than it may be", () => {
    const dayMs = 86_400_000
    const published = Date.parse(prices.sources.at(-1)?.asOf ?? "")
    expect(ageOf(prices.sources, published + 10.5 * dayMs)).toMatchObject([{ days: 10 }])
    expect(staleSources(prices.sources, published + 90.5 * dayMs)).toEqual([])
    expect(staleSources(prices.sources, published + 91 * dayMs)).toEqual([
      `the prices of ${prices.sources.at(-1)?.name} are 91 days old; update it, or add overrides`,
    ])
    const own = libraryPrices({
      overrides: [{ model: "m", from: "2020-01-01", rates: { inputTokens: 1 } }],
    })
    expect(staleSources(own.sources, published)).toEqual([])
    expect(ageOf([{ kind: "policy", name: "p", asOf: null }], 0)).toMatchObject([{ days: null }])
  })

  it("never makes a longer call of a model cheaper, so that P4 holds on all of it", () => {
    for (const id of ["openai", "anthropic", "google", "azure", "openrouter", "x-ai", "aws"])
      for (const model of findProvider({ providerId: id })?.models ?? [])
        for (const { prices: price } of Array.isArray(model.prices)
          ? model.prices
          : [{ prices: model.prices }])
          for (const rate of Object.values(price)) {
            if (typeof rate !== "object") continue
            const all = [rate.base, ...rate.tiers.map((tier) => tier.price)]
            expect(all, model.id).toEqual([...all].sort((one, other) => one - other))
          }
  })

  it("reads float artefacts up, never down", () => {
    const { provider, model } = { provider: "openrouter", model: "google/gemini-2.5-flash-lite" }
    const cost = prices.cost({ provider, model, atMs }, { cacheWriteTokens: 1_000_000 })
    // 0.08333333333333334 USD per million.
    expect(cost).toMatchObject({ kind: "priced", nanoUsd: 83_333_334 })
  })
})

describe("which model a name means", () => {
  const kind = (provider: string | undefined, model: string, usage: Usage = { inputTokens: 1 }) =>
    prices.cost({ model, atMs, ...(provider !== undefined && { provider }) }, usage).kind

  it.each([
    ["openai", "gpt-5-2025-08-07", "priced"],
    ["openai", "ft:gpt-4o-mini-2024-07-18:acme::x", "priced"],
    ["openai", "ft:gpt-4.1-2025-04-14:acme::x", "unknown-model"],
    ["azure", "gpt-4o-2024-08-06", "priced"],
    ["azure", "our-deployment", "unknown-model"],
    ["anthropic", "claude-haiku-4-5-20251001", "priced"],
    ["nobody", "gpt-5", "unknown-model"],
    [undefined, "gpt-5", "priced"],
    [undefined, "claude-haiku-4-5", "priced"],
    [undefined, "acme-1", "unknown-model"],
    ["", "gpt-5", "unknown-model"],
    ["__proto__", "constructor", "unknown-model"],
    ["openai", "__proto__", "unknown-model"],
    ["openai", "", "unknown-model"],
    ["openai", "gpt-5\u0000", "unknown-model"],
    ["openai", "x".repeat(100_000), "unknown-model"],
  ])("%s/%s is %s", (provider, model, expected) => {
    expect(kind(provider, model)).toBe(expected)
  })

  it("knows names of the host's own by aliases, and takes nothing from a prototype", () => {
    const named = libraryPrices({
      aliases: { "azure/our-deployment": "gpt-4o", "ft:gpt-4.1-2025-04-14:acme::x": "gpt-4.1" },
    })
    const usage = { inputTokens: 1 }
    const nano = (provider: string, model: string) => named.cost({ provider, model, atMs }, usage)
    expect(nano("azure", "our-deployment")).toMatchObject({ nanoUsd: 2_500 })
    expect(nano("openai", "ft:gpt-4.1-2025-04-14:acme::x")).toMatchObject({ nanoUsd: 2_000 })
    expect(nano("openai", "our-deployment").kind).toBe("unknown-model")
    expect(nano("openai", "toString").kind).toBe("unknown-model")
  })

  it("takes the price of the hour where it has one, to the minute", () => {
    const nano = (at: string) =>
      prices.cost(
        { provider: "deepseek", model: "deepseek-chat", atMs: Date.parse(at) },
        { inputTokens: 1_000_000 },
      )
    const day = nano("2026-01-15T16:29:59Z")
    const night = nano("2026-01-15T16:30:00Z")
    expect(day).toMatchObject({ kind: "priced" })
    expect(night).toMatchObject({ kind: "priced" })
    expect(night).not.toEqual(day)
    // In whatever order one asks: the last two minutes are at hand.
    for (const at of ["2026-01-15T16:29:59Z", "2026-01-15T16:30:00Z", "2026-01-15T16:31:00Z"])
      for (const again of ["2026-01-15T16:29:00Z", "2026-01-15T16:30:30Z", at])
        expect(nano(again)).toEqual(again < "2026-01-15T16:30" ? day : night)
  })

  it("never throws, whatever the name, the tier and the instant", () => {
    const names = fc.oneof(fc.string(), fc.constantFrom("__proto__", "gpt-5", "constructor"))
    const instants = fc.oneof(fc.double(), fc.constantFrom(atMs, 1e300, -1e300, Number.NaN))
    check(
      fc.property(
        names,
        names,
        names,
        instants,
        fc.anything(),
        (provider, model, tier, at, usage) => {
          const asked = { provider, model, serviceTier: tier, atMs: at }
          const cost = prices.cost(asked, usage as Usage)
          const worst = prices.worstCase(asked, { ...none, inputTokens: at })
          if (cost.kind === "priced") expect(Number.isSafeInteger(cost.nanoUsd)).toBe(true)
          if (worst.kind === "bounded") expect(worst.baseNanoUsd).toBeGreaterThanOrEqual(0)
        },
      ),
    )
  })
})

describe("service tiers", () => {
  it.each([
    [undefined, "standard"],
    ["auto", "standard"],
    ["default", "standard"],
    ["ON_DEMAND", "standard"],
    ["standard_only", "standard"],
    ["SERVICE_TIER_PRIORITY", "priority"],
    ["ON_DEMAND_FLEX", "flex"],
    ["us+fast", "fast+us"],
    ["fast+standard", "fast"],
  ])("%s is %s", (told, name) => {
    expect(tierName(told)).toBe(name)
  })

  it("have no factor where none is published", () => {
    for (const [provider, model, serviceTier] of [
      ["openai", "gpt-5-nano", "priority"],
      ["openai", "gpt-5", "scale"],
      ["google", "gemini-2.5-flash", "priority"],
      ["groq", "llama-3.3-70b-versatile", "flex"],
      ["anthropic", "claude-haiku-4-5", "fast"],
      ["openai", "gpt-5", "__proto__"],
    ] as const)
      expect(
        prices.cost({ provider, model, serviceTier, atMs }, { inputTokens: 1 }),
        `${model} ${serviceTier}`,
      ).toMatchObject({ kind: "unknown-rate" })
  })

  it("are covered by the worst case where the account is set to them", () => {
    const set = libraryPrices({ accountTiers: { openai: ["priority"], anthropic: ["us"] } })
    const bounds = { ...none, inputTokens: 1_000_000 }
    const most = (of: typeof prices, provider: string, model: string) =>
      of.worstCase({ provider, model, atMs }, bounds)
    expect(most(prices, "openai", "gpt-5")).toMatchObject({ baseNanoUsd: 1_250_000_000 })
    expect(most(set, "openai", "gpt-5")).toMatchObject({ baseNanoUsd: 2_500_000_000 })
    expect(most(set, "openai", "gpt-5-nano")).toMatchObject({ baseNanoUsd: 50_000_000 })
    // The one-hour cache write is the dearest input: 2 × 5 USD, and a tenth more in the US.
    expect(most(set, "anthropic", "claude-opus-5")).toMatchObject({ baseNanoUsd: 11_000_000_000 })
  })
})

describe("P3 on the library's own models", () => {
  const models = [
    ["openai", "gpt-5"],
    ["openai", "gpt-5.4"],
    ["openai", "gpt-audio"],
    ["openai", "gpt-4o"],
    ["anthropic", "claude-sonnet-4-5"],
    ["anthropic", "claude-opus-5"],
    ["google", "claude-sonnet-4-5"],
    ["google", "gemini-2.5-pro"],
    ["google", "gemini-2.5-flash-image"],
    ["perplexity", "sonar"],
  ] as const
  const tiers = ["standard", "flex", "priority", "batch", "fast", "us"] as const
  const parts = fc.record(
    Object.fromEntries(
      USAGE_COMPONENTS.map((name) => [name, fc.constantFrom(0, 0, 1, 5, 1_000, 150_000)]),
    ) as Record<keyof Usage, fc.Arbitrary<number>>,
  )

  it("holds whatever tier is asked for, and the standard one or the asked one serves", () => {
    check(
      fc.property(
        fc.constantFrom(...models),
        fc.constantFrom(...tiers),
        fc.boolean(),
        parts,
        ([provider, model], asked, isStandard, usage) => {
          const { calls: _, images: __, ...used } = usage
          const sum = (pattern: RegExp) =>
            Object.entries(used).reduce((all, [name, n]) => all + (pattern.test(name) ? n : 0), 0)
          const output = sum(/utput/)
          const worst = prices.worstCase(
            { provider, model, serviceTier: asked, atMs },
            {
              ...none,
              inputTokens: sum(/Tokens$/) - output,
              audio: true,
              images: true,
              searches: sum(/Searches$/),
            },
          )
          const serviceTier = isStandard ? "default" : asked
          const cost = prices.cost({ provider, model, serviceTier, atMs }, used)
          if (worst.kind !== "bounded" || cost.kind !== "priced") return
          const most = worst.baseNanoUsd + output * worst.perOutputTokenNanoUsd
          expect(most).toBeGreaterThanOrEqual(cost.nanoUsd)
        },
      ),
      3,
    )
  })

  it("says which rate is missing, instead of a worst case without it", () => {
    const worst = (provider: string, model: string, more: object) =>
      prices.worstCase({ provider, model, atMs }, { ...none, inputTokens: 1, ...more })
    expect(worst("google", "gemini-2.5-flash", { searches: 1 })).toMatchObject({
      kind: "unknown-rate",
      detail: expect.stringContaining("webSearches"),
    })
    expect(worst("openai", "gpt-4o-audio-preview", { audio: true })).toMatchObject({
      kind: "unknown-rate",
      detail: expect.stringContaining("audioInputTokens"),
    })
    expect(worst("openai", "text-embedding-3-small", {})).toMatchObject({ kind: "unknown-rate" })
    expect(worst("openai", "text-embedding-3-small", { hasOutput: false })).toMatchObject({
      kind: "bounded",
      baseNanoUsd: 20,
    })
    for (const inputTokens of [-1, 0.5, Number.NaN, 1e300])
      expect(worst("openai", "gpt-5", { inputTokens })).toMatchObject({ kind: "invalid-usage" })
  })

  it("bills a model that is paid by the call for its call", () => {
    // sonar: 12 USD for a thousand requests, 1 USD per million tokens.
    const asked = { provider: "perplexity", model: "sonar", atMs }
    expect(prices.cost(asked, { inputTokens: 10 })).toMatchObject({ nanoUsd: 12_010_000 })
    expect(prices.worstCase(asked, { ...none, inputTokens: 10 })).toMatchObject({
      baseNanoUsd: 12_010_000,
    })
  })
})
