import { describe, expect, it } from "vitest"
import { far, k1 } from "./support.ts"

const priced = { unknownModel: { price: { inputUsd: "0.001", outputUsd: "0.001" } } } as const
const request = { subject: k1, model: "m", inputTokens: 40, maxOutputTokens: 500 }

describe("a call within a hold", () => {
  it("shrinks to what is held, and its settle ends the hold", async () => {
    const { spendfuse, admitted, meter, control } = far(priced)
    const kept = await admitted(100)
    await (await admitted(900)).settle({ amounts: { usd: 900 } })
    const call = spendfuse.reserveWithin(kept, request)
    if (!call.allowed) throw new Error("refused")
    expect(call).toMatchObject({ maxOutputTokens: 60, heldTokens: 60, held: { usd: 100 } })
    expect(await call.extend({ least: 1, most: 1 })).toMatchObject({ reason: "exhausted" })
    const usage = { inputTokens: 10, outputTokens: 20 }
    expect(await call.settle({ usage })).toMatchObject({ amounts: { usd: 30 }, assumed: null })
    expect(await call.settle({ usage })).toMatchObject({ amounts: { usd: 30 } })
    expect(await meter()).toEqual({ settled: 930, held: 0 })
    expect(control.kinds().filter((kind) => kind === "settle")).toHaveLength(2)
  })

  it("leaves the hold where it is released, and counts no more than its own where nobody knows", async () => {
    const { spendfuse, admitted, meter } = far(priced)
    const kept = await admitted(100)
    const first = spendfuse.reserveWithin(kept, request)
    expect(spendfuse.reserveWithin(kept, request)).toMatchObject({ allowed: false })
    if (first.allowed) await first.release()
    expect(await meter()).toEqual({ settled: 0, held: 100 })
    const call = spendfuse.reserveWithin(kept, { ...request, maxOutputTokens: 20 })
    if (!call.allowed) throw new Error("refused")
    expect(call.held.usd).toBe(60)
    await call.assume()
    expect(spendfuse.reserveWithin(kept, request)).toMatchObject({ allowed: false })
    expect(await meter()).toEqual({ settled: 60, held: 0 })
  })

  it("is refused where the least of it does not fit", async () => {
    const { spendfuse, admitted } = far(priced)
    const kept = await admitted(40)
    expect(spendfuse.reserveWithin(kept, request)).toMatchObject({ reason: "exhausted" })
    expect(() => spendfuse.reserveWithin(kept, { subject: k1, inputTokens: -1 })).toThrow(
      "inputTokens",
    )
  })

  it("corrects what was assumed of a hold that has expired", async () => {
    const { spendfuse, clock, admitted, meter } = far(priced)
    const kept = await admitted(100)
    clock.advance(11 * 60_000)
    await (await admitted(1)).release()
    expect(await meter()).toEqual({ settled: 100, held: 0 })
    const call = spendfuse.reserveWithin(kept, request)
    if (call.allowed) await call.settle({ usage: { inputTokens: 10, outputTokens: 5 } })
    expect(await meter()).toEqual({ settled: 15, held: 0 })
  })
})
