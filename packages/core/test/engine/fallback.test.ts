import { describe, expect, it } from "vitest"
import type { PolicyJson } from "../../src/index.ts"
import { libraryPrices } from "../../src/prices.ts"
import { far, k1 } from "./support.ts"

const degrading = (block: PolicyJson["budgets"][number]["tiers"][number]) =>
  ({
    budgets: [
      {
        id: "key",
        per: ["apiKey"],
        limit: { usd: "0.042" },
        window: "hour",
        tiers: [{ at: "50%", degrade: "cheap" }, block],
      },
    ],
    fallbacks: {
      cheap: { model: "gpt-5-nano", next: "sorry" },
      sorry: { answer: "ask again in an hour" },
    },
    maxOutputTokens: 4_000,
    minOutputTokens: 1_000,
  }) satisfies Partial<PolicyJson>

const dear = { subject: k1, provider: "openai", model: "gpt-5", inputTokens: 100 }

const spent = async (json: Partial<PolicyJson>, outputTokens: number) => {
  const opened = far(json, { prices: libraryPrices() })
  const first = await opened.spendfuse.reserve(dear)
  if (!first.allowed) throw new Error(opened.spendfuse.explain(first))
  await first.settle({ usage: { outputTokens } })
  return opened
}

describe("a degrade tier that is reached", () => {
  it("is the way on, where the dear model would still fit", async () => {
    const { spendfuse } = await spent(degrading({ at: "100%", block: true }), 2_500)
    expect(await spendfuse.reserve(dear)).toMatchObject({
      allowed: true,
      via: "cheap",
      model: "gpt-5-nano",
    })
  })

  it("is the way on, where the dear model no longer fits", async () => {
    const { spendfuse } = await spent(degrading({ at: "100%", block: true }), 4_000)
    expect(await spendfuse.reserve(dear)).toMatchObject({
      allowed: true,
      via: "cheap",
      model: "gpt-5-nano",
    })
  })

  it("leads to the end of its chain, where nothing fits or a circuit stands", async () => {
    const latched = await spent(degrading({ at: "90%", latch: true }), 4_000)
    expect(await latched.spendfuse.reserve(dear)).toMatchObject({
      allowed: false,
      reason: "latched",
      fallback: { name: "sorry", text: "ask again in an hour" },
    })
  })

  it("is no way while it is not reached", async () => {
    const { spendfuse, reserve } = await spent(degrading({ at: "100%", block: true }), 1_000)
    expect(await spendfuse.reserve(dear)).toMatchObject({ allowed: true, via: null })
    expect(await reserve(40_000_000)).toMatchObject({ reason: "exhausted", fallback: null })
  })
})
