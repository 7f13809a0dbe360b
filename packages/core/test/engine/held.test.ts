import { describe, expect, it, onTestFinished, vi } from "vitest"
import { type capped, far, k1 } from "./support.ts"

const HOUR_MS = 3_600_000

const tokens: typeof capped = [
  {
    id: "key",
    per: ["apiKey"],
    limit: { usdNano: 1000 },
    window: "hour",
    tiers: [{ at: "100%", block: true }],
  },
]
const policy = {
  budgets: tokens,
  unknownModel: { price: { inputUsd: "0.001", outputUsd: "0.001" } },
} as const

describe("a hold", () => {
  it("ends once, whatever ends it first", async () => {
    const { control, admitted, meter } = far()
    const held = await admitted(400)
    const [one, other] = await Promise.all([
      held.settle({ amounts: { usd: 300 } }),
      held.settle({ amounts: { usd: 999 } }),
    ])
    await held.release()
    await held.assume()
    expect(one).toBe(other)
    expect(control.kinds()).toEqual(["reserve", "settle"])
    expect(await meter()).toEqual({ settled: 300, held: 0 })
  })

  it("clamps its output to what is left, and extends in slices", async () => {
    const { spendfuse, control, meter } = far(policy)
    const request = { subject: k1, model: "m", maxOutputTokens: 100, inputTokens: 0 }
    const one = await spendfuse.reserve(request)
    if (!one.allowed) throw new Error("refused")
    expect(one.maxOutputTokens).toBe(100)
    expect(one.held.usd).toBe(100)
    const more = await one.extend({ least: 1, most: 5_000 })
    expect(more).toMatchObject({ allowed: true, tokens: 900 })
    expect(one.held.usd).toBe(1000)
    expect(await one.extend({ least: 1, most: 1 })).toMatchObject({ allowed: false })
    await one.settle({ amounts: { usd: 950 } })
    expect(await meter()).toEqual({ settled: 950, held: 0 })
    const last = await spendfuse.reserve(request)
    expect(last).toMatchObject({ allowed: true, maxOutputTokens: 50 })
    expect(control.kinds()).toEqual(["reserve", "extend", "extend", "settle", "reserve"])
  })

  it("goes on under a new reservation over its period's end, and counts each part where it belongs", async () => {
    const { spendfuse, control, clock } = far(policy)
    const request = {
      subject: k1,
      model: "m",
      inputTokens: 0,
      maxOutputTokens: 100,
      expiresInMs: 3 * HOUR_MS,
    }
    const held = await spendfuse.reserve(request)
    if (!held.allowed) throw new Error("refused")
    clock.advance(HOUR_MS)
    const extended = await Promise.all([
      held.extend({ least: 1, most: 50 }),
      held.extend({ least: 1, most: 30 }),
    ])
    expect(extended).toMatchObject([{ allowed: true }, { allowed: true }])
    expect(control.kinds().filter((kind) => kind === "reserve")).toHaveLength(2)
    expect(held.held.usd).toBe(180)
    await held.settle({ amounts: { usd: 130 } })
    const now = await spendfuse.account({ budget: "key", subject: k1 })
    expect(now).toMatchObject({ settled: 30, held: 0 })
    const before = control.sent.find(({ kind }) => kind === "settle")
    expect(before).toMatchObject({ actual: { usd: 100 } })
  })

  it("counts both parts where nobody knows the cost, and releases both", async () => {
    const { spendfuse, clock, meter } = far(policy)
    const request = {
      subject: k1,
      model: "m",
      inputTokens: 0,
      maxOutputTokens: 100,
      expiresInMs: 3 * HOUR_MS,
    }
    for (const end of ["assume", "release"] as const) {
      const held = await spendfuse.reserve(request)
      if (!held.allowed) throw new Error("refused")
      clock.advance(HOUR_MS)
      await held.extend({ least: 50, most: 50 })
      await held[end]()
      expect(await meter()).toEqual({ settled: end === "assume" ? 50 : 0, held: 0 })
      clock.advance(HOUR_MS)
    }
  })

  it("takes a part of what was used, and keeps the rest held", async () => {
    const { admitted, meter, notices } = far()
    const held = await admitted(400)
    await held.settle({ amounts: { usd: 100 }, final: false })
    expect(await meter()).toEqual({ settled: 100, held: 300 })
    expect(await held.settle({ usage: { inputTokens: 5 }, final: false })).toMatchObject({
      assumed: expect.any(String),
    })
    expect(await meter()).toEqual({ settled: 100, held: 300 })
    await held.settle({ amounts: { usd: 250 } })
    expect(await meter()).toEqual({ settled: 250, held: 0 })
    expect(notices).toEqual([])
  })

  it.each(["lose-command", "lose-answer"] as const)(
    "counts a part on release where nobody knows whether it was counted: %s",
    async (fate) => {
      const { admitted, control, meter } = far()
      const held = await admitted(400)
      control.fateOf = ({ kind }) => (kind === "settle" ? fate : "pass")
      await held.settle({ amounts: { usd: 100 }, final: false })
      control.fateOf = () => "pass"
      await held.release()
      expect(await meter()).toEqual({ settled: 100, held: 0 })
    },
  )

  it("counts on release a part of a call that was admitted without its store", async () => {
    const { control, meter, admitted } = far({ onStoreUnavailable: "allow" })
    control.fateOf = () => "lose-command"
    const held = await admitted(400)
    expect(held.withoutStore).toBe(true)
    await held.settle({ amounts: { usd: 100 }, final: false })
    control.fateOf = () => "pass"
    await held.release()
    await (await admitted(1)).release()
    expect(await meter()).toEqual({ settled: 100, held: 0 })
  })

  it("lets a final settle be tried again where its amounts are not amounts", async () => {
    const { admitted, meter } = far()
    const held = await admitted(400)
    for (const usd of [-1, Number.NaN, 1.5, 2 ** 53])
      await expect(held.settle({ amounts: { usd } })).rejects.toMatchObject({
        error: "invalid-command",
      })
    expect(await meter()).toEqual({ settled: 0, held: 400 })
    await held.settle({ amounts: { usd: 300 } })
    expect(await meter()).toEqual({ settled: 300, held: 0 })
  })

  it("assumes the whole hold where a provider's usage or charge is not one", async () => {
    for (const wrong of [
      { usage: { inputTokens: -5 } },
      { usage: { outputTokens: Number.NaN } },
      { chargeNanoUsd: -1 },
      { chargeNanoUsd: 0.5 },
    ]) {
      const { admitted, meter, notices } = far()
      const held = await admitted(400)
      expect(await held.settle(wrong)).toMatchObject({ assumed: expect.any(String) })
      expect(await meter()).toEqual({ settled: 400, held: 0 })
      expect(notices.map(({ kind }) => kind)).toEqual(["assumed"])
    }
  })

  it("is kept alive by a heartbeat each third of its life, and no longer than the longest life", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] })
    onTestFinished(() => void vi.useRealTimers())
    const { spendfuse, control, clock, notices, meter } = far({}, { maxHoldMs: 100_000 })
    const held = await spendfuse.reserve({
      subject: k1,
      amounts: { usd: 400 },
      expiresInMs: 30_000,
    })
    expect(held.allowed).toBe(true)
    const extends_ = () => control.kinds().filter((kind) => kind === "extend").length
    const look = () => vi.advanceTimersByTimeAsync(1_000)
    await look()
    clock.advance(10_000)
    await look()
    expect(extends_()).toBe(1)
    clock.advance(25_000)
    await look()
    expect(extends_()).toBe(2)
    expect(await meter()).toEqual({ settled: 0, held: 400 })
    clock.advance(100_000)
    await look()
    expect(extends_()).toBe(2)
    expect(notices).toMatchObject([
      { kind: "warning", message: expect.stringContaining("neither") },
    ])
    await spendfuse.operator.expire()
    expect(await meter()).toEqual({ settled: 400, held: 0 })
    if (held.allowed) await held.settle({ amounts: { usd: 100 } })
    expect(await meter()).toEqual({ settled: 100, held: 0 })
  })
})
