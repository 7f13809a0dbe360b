import { describe, expect, it } from "vitest"
import { quietly } from "./leases/leaseHosts.ts"
import { far, k1 } from "./support.ts"

const priced = { unknownModel: { price: { inputUsd: "0.001", outputUsd: "0.001" } } } as const
const request = { subject: k1, model: "m", inputTokens: 0, maxOutputTokens: 900 }

const admitted = async ({ spendfuse }: ReturnType<typeof far>, sliceTokens: number) => {
  const decision = await spendfuse.reserve({ ...request, sliceTokens, expiresInMs: 10_800_000 })
  if (!decision.allowed) throw new Error(spendfuse.explain(decision))
  return decision
}

describe("a request for a slice", () => {
  it("holds the slice, and leaves the limit to send as it was", async () => {
    const opened = far(priced)
    const held = await admitted(opened, 100)
    expect(held).toMatchObject({ maxOutputTokens: 900, heldTokens: 100, held: { usd: 100 } })
    expect(await held.extend({ least: 1, most: 100 })).toMatchObject({ tokens: 100 })
    expect(held).toMatchObject({ maxOutputTokens: 900, heldTokens: 200, held: { usd: 200 } })
    await held.settle({ amounts: { usd: 150 } })
    expect(await opened.meter()).toEqual({ settled: 150, held: 0 })
  })

  it("is a request for the whole where the slice is as large", async () => {
    const held = await admitted(far(priced), 900)
    expect(held).toMatchObject({ maxOutputTokens: 900, heldTokens: 900 })
  })

  it("shrinks to what is left, and then has nothing to be raised by", async () => {
    const opened = far(priced)
    await opened.admitted(960)
    const held = await admitted(opened, 100)
    expect(held).toMatchObject({ maxOutputTokens: 900, heldTokens: 40 })
    expect(await held.extend({ least: 1, most: 100 })).toMatchObject({
      allowed: false,
      reason: "busy",
    })
  })

  it("is told that the budget is used up where its own hold is what fills it", async () => {
    const opened = far(priced)
    const held = await admitted(opened, 100)
    await held.extend({ least: 900, most: 900 })
    const refused = await held.extend({ least: 1, most: 100 })
    expect(refused).toMatchObject({
      allowed: false,
      reason: "exhausted",
      obstacles: [{ held: 1000 }],
    })
    expect(refused).toMatchObject({ untilMs: Date.UTC(2026, 0, 15, 11) })
  })

  it("counts what is held in both periods where one ended while it ran", async () => {
    const opened = far(priced)
    const held = await admitted(opened, 100)
    opened.clock.advance(3_600_000)
    await held.extend({ least: 1, most: 30 })
    expect(held.heldTokens).toBe(130)
  })

  it("goes on without the store only where the policy says so", async () => {
    for (const [onStoreUnavailable, expected] of [
      ["allow", { allowed: true, tokens: 100 }],
      ["deny", { allowed: false, reason: "store-unavailable", withoutStore: true }],
    ] as const) {
      const opened = far({ ...priced, onStoreUnavailable })
      const held = await admitted(opened, 100)
      opened.control.fateOf = () => "lose-command"
      expect(await held.extend({ least: 1, most: 100 })).toMatchObject(expected)
      opened.control.fateOf = () => "pass"
    }
  })

  it("goes on without the store by the host's share, and no further", async () => {
    const opened = far({ ...priced, onStoreUnavailable: { degrade: "50%", hosts: 1 } })
    const held = await admitted(opened, 100)
    await opened.spendfuse.remaining(k1)
    opened.control.fateOf = () => "lose-command"
    expect(await held.extend({ least: 1, most: 450 })).toMatchObject({ tokens: 450 })
    expect(await held.extend({ least: 1, most: 450 })).toMatchObject({
      reason: "store-unavailable",
    })
  })

  it("is carried by a lease where there is one, without a trip for each", async () => {
    const opened = far({
      ...priced,
      budgets: [
        {
          id: "key",
          per: ["apiKey"],
          limit: { usdNano: 100_000 },
          window: "hour",
          lease: { share: "1%", for: "20s" },
          tiers: [{ at: "100%", block: true }],
        },
      ],
    })
    for (let i = 0; i < 4; i += 1) {
      await (await opened.admitted(1)).settle({ amounts: { usd: 1 } })
      await quietly()
    }
    const held = await admitted(opened, 100)
    expect(held).toMatchObject({ maxOutputTokens: 900, heldTokens: 100, held: { usd: 100 } })
    for (let i = 0; i < 5; i += 1)
      expect(await held.extend({ least: 1, most: 100 })).toMatchObject({ tokens: 100 })
    expect(held).toMatchObject({ maxOutputTokens: 900, heldTokens: 600, held: { usd: 600 } })
    expect(opened.control.kinds()).not.toContain("extend")
    expect(await held.settle({ amounts: { usd: 550 } })).toMatchObject({ amounts: { usd: 550 } })
    const { settled, held: left } = await opened.meter()
    expect(settled + left).toBeLessThanOrEqual(2_000)
    await opened.spendfuse.close()
  })
})
