import { describe, expect, it } from "vitest"
import { memoryStore } from "../../../store-memory/src/index.ts"
import {
  type Admitted,
  createSpendfuse,
  definePolicy,
  type Notice,
  type PolicyJson,
  type Settlement,
} from "../../src/index.ts"
import { libraryPrices, type PriceOverride } from "../../src/prices.ts"

const subject = { apiKey: "k1" }
const limits = [
  { id: "usd", limit: { usd: 1 } },
  { id: "tokens", limit: { tokens: 100_000 } },
] as const

/** A fuse on USD and on tokens, with real prices. */
const opened = (
  unknownModel: PolicyJson["unknownModel"],
  overrides: readonly PriceOverride[] = [],
) => {
  const notices: Notice[] = []
  const spendfuse = createSpendfuse({
    policy: definePolicy({
      budgets: limits.map((one) => ({
        ...one,
        per: ["apiKey"],
        window: "day" as const,
        tiers: [{ at: "100%", block: true as const }],
      })),
      unknownModel,
      onStoreUnavailable: "deny",
      maxOutputTokens: 1_000,
    }),
    store: memoryStore(),
    prices: libraryPrices({ overrides }),
    onNotice: (notice) => notices.push(notice),
  })
  const reserve = async (more: object = {}): Promise<Admitted> => {
    const decision = await spendfuse.reserve({
      subject,
      model: "new-1",
      inputTokens: 2_000,
      ...more,
    })
    if (!decision.allowed) throw new Error(decision.reason)
    return decision
  }
  const settled = async () => {
    const of = async (budget: string) => (await spendfuse.account({ budget, subject })).settled
    return { usd: await of("usd"), tokens: await of("tokens") }
  }
  const after = async (settlement: Settlement, more: object = {}) => {
    await (await reserve(more)).settle(settlement)
    return settled()
  }
  return { reserve, settled, after, notices }
}

const usage = { inputTokens: 1_500, outputTokens: 100 }

describe("a model without a price", () => {
  it("is refused where the policy says so, and says what to do", async () => {
    const { reserve, settled } = opened("refuse")
    await expect(reserve()).rejects.toMatchObject({
      error: "unknown-model",
      message: expect.stringMatching(
        /`new-1` has no price in .*; add an override or an alias, or set `unknownModel`/,
      ),
    })
    expect(await settled()).toEqual({ usd: 0, tokens: 0 })
  })

  it("has the policy's price: held for the worst case, counted exactly", async () => {
    const { reserve, after } = opened({ price: { inputUsd: "3", outputUsd: "15" } })
    const held = await reserve()
    // 2,000 × 3,000 + 1,000 × 15,000.
    expect(held.held).toMatchObject({ usd: 21_000_000, tokens: 3_000 })
    await held.release()
    // 1,500 × 3,000 + 100 × 15,000.
    expect(await after({ usage })).toEqual({ usd: 6_000_000, tokens: 1_600 })
  })

  it("is counted in tokens alone where the policy says so", async () => {
    const { reserve, after } = opened("count-tokens-only")
    const held = await reserve()
    expect(held.held).toMatchObject({ usd: 0, tokens: 3_000 })
    await held.release()
    expect(await after({ usage })).toEqual({ usd: 0, tokens: 1_600 })
  })

  it("has no price for searches either: they are neither free nor sent", async () => {
    const { reserve, after, notices } = opened({ price: { inputUsd: "3", outputUsd: "15" } })
    await expect(reserve({ searches: 1 })).rejects.toMatchObject({
      error: "unknown-model",
      message: expect.stringContaining("says nothing of searches"),
    })
    expect((await after({ usage: { ...usage, webSearches: 1 } })).usd).toBe(21_000_000)
    expect(notices.map(({ kind }) => kind)).toContain("assumed")
  })

  it.each(["refuse", "count-tokens-only"] as const)(
    "that answers for a known one is priced by its own name, under %s",
    async (rule) => {
      const { after } = opened(rule)
      const known = { provider: "openai", model: "gpt-5" }
      expect((await after({ usage, model: "gpt-5-2025-08-07" }, known)).usd).toBe(2_875_000)
      const one = opened(rule)
      expect((await one.after({ usage, model: "nobody-knows" }, known)).usd).toBe(2_875_000)
    },
  )

  it("the provider's charge wins over any price, and over none", async () => {
    const { after } = opened("count-tokens-only")
    expect(await after({ usage, chargeNanoUsd: 7 })).toEqual({ usd: 7, tokens: 1_600 })
  })
})

describe("a model with a rate of the host's own", () => {
  it("keeps it where the response has a longer name", async () => {
    const overrides = [{ model: "gpt-5", rates: { inputTokens: "1", outputTokens: "2" } }]
    const { after } = opened("refuse", overrides)
    const known = { provider: "openai", model: "gpt-5" }
    const told = { usage, model: "gpt-5-2025-08-07", serviceTier: "default" }
    // 1,500 × 1,000 + 100 × 2,000, not the list's 2,875,000.
    expect((await after(told, known)).usd).toBe(1_700_000)
  })
})

describe("a request without bounds", () => {
  it("is a clear error: an input that nobody bounds is not free", async () => {
    const { reserve } = opened("refuse")
    const known = { provider: "openai", model: "gpt-5", inputTokens: undefined }
    await expect(reserve(known)).rejects.toMatchObject({
      error: "invalid-command",
      message: expect.stringContaining("give `inputTokens`"),
    })
  })

  it("with counts that pass all bounds is a clear error, whatever prices it", async () => {
    for (const rule of ["refuse", { price: { inputUsd: "3", outputUsd: "15" } }] as const) {
      const { reserve, settled } = opened(rule)
      const huge = { inputTokens: Number.MAX_SAFE_INTEGER }
      const known = rule === "refuse" ? { provider: "openai", model: "gpt-5" } : {}
      await expect(reserve({ ...known, ...huge })).rejects.toMatchObject({
        error: "invalid-command",
      })
      expect(await settled()).toEqual({ usd: 0, tokens: 0 })
    }
  })
})
