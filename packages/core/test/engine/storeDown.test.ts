import { afterEach, describe, expect, it, vi } from "vitest"
import { viewOf } from "../../src/domain/view.ts"
import { capped, far, k1, until } from "./support.ts"

const HOUR_MS = 3_600_000
const dead = () => "lose-command" as const

afterEach(() => void vi.useRealTimers())

describe("a store that does not answer", () => {
  it("is decided without within the deadline, though it never says anything", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    const { control, reserve } = far({}, { storeDeadlineMs: 20 })
    control.fateOf = () => "late"
    const asked = reserve(1)
    await vi.advanceTimersByTimeAsync(19)
    expect(await Promise.race([asked, "undecided"])).toBe("undecided")
    await vi.advanceTimersByTimeAsync(1)
    expect(await Promise.race([asked, "undecided"])).toMatchObject({
      reason: "store-unavailable",
      withoutStore: true,
    })
  })

  it("is not asked for each call after three failures, and asked again after a moment", async () => {
    const { control, reserve, admitted, clock } = far()
    control.fateOf = ({ kind }) => (kind === "reserve" ? "lose-command" : "late")
    for (let i = 0; i < 50; i += 1) await reserve(1)
    expect(control.kinds().filter((kind) => kind === "reserve")).toHaveLength(3)
    clock.advance(2_000)
    for (let i = 0; i < 50; i += 1) await reserve(1)
    expect(control.kinds().filter((kind) => kind === "reserve")).toHaveLength(4)
    clock.advance(2_000)
    control.fateOf = () => "pass"
    await admitted(1)
    await admitted(1)
  })

  it("denies where the policy says so", async () => {
    const { control, reserve } = far({ onStoreUnavailable: "deny" })
    control.fateOf = dead
    expect(await reserve(1)).toMatchObject({ allowed: false, withoutStore: true, obstacles: [] })
  })

  it("allows where the policy says so, and posts what was spent once, into its own period", async () => {
    const { control, admitted, inner, clock, spendfuse } = far({ onStoreUnavailable: "allow" })
    control.fateOf = dead
    const calls = await Promise.all([admitted(400), admitted(400), admitted(400)])
    expect(calls.map(({ withoutStore }) => withoutStore)).toEqual([true, true, true])
    const [line] = calls[0]?.lines ?? []
    if (line === undefined) throw new Error("no line")
    await calls[0]?.settle({ amounts: { usd: 300 } })
    await calls[1]?.settle({ amounts: { usd: 250 } })
    await calls[2]?.release()
    clock.advance(HOUR_MS)
    control.fateOf = () => "pass"
    await admitted(1)
    const [record] = await inner.read([line.account])
    expect(viewOf(record?.account ?? null, line, clock.nowMs()).settled).toBe(550)
    const now = await spendfuse.account({ budget: "key", subject: k1 })
    expect(now).toMatchObject({ settled: 0, held: 1 })
    const charges = control.sent.filter(({ kind }) => kind === "charge")
    expect(new Set(charges.map(({ id }) => id.n)).size).toBe(2)
  })

  it("counts once what a Reserve without an answer did hold", async () => {
    const { control, admitted, meter } = far({ onStoreUnavailable: "allow" })
    control.fateOf = ({ kind }) => (kind === "reserve" ? "lose-answer" : "pass")
    const held = await admitted(400)
    expect(held.withoutStore).toBe(true)
    await held.settle({ amounts: { usd: 300 } })
    await until(() => control.kinds().includes("charge"))
    await until(() => control.sent.length >= 2)
    expect(await meter()).toEqual({ settled: 300, held: 0 })
    control.fateOf = () => "pass"
    await admitted(1)
    expect(control.sent.at(-1)).toMatchObject({ kind: "reserve", id: { n: 3 }, done: 2 })
  })

  it("degrades to a share of the last known room, and denies where none is known", async () => {
    const policy = { onStoreUnavailable: { degrade: "50%", hosts: 2 } }
    const { control, admitted, reserve, clock } = far(policy)
    control.fateOf = dead
    expect(await reserve(1)).toMatchObject({ allowed: false, reason: "store-unavailable" })
    control.fateOf = () => "pass"
    clock.advance(2_000)
    await (await admitted(200)).settle({ amounts: { usd: 200 } })
    clock.advance(2_000)
    await (await admitted(1)).release()
    await new Promise((resolve) => setTimeout(resolve, 5))
    control.fateOf = dead
    // 1000 − 201 remain while the last one is held; half of a half of them is 199.
    expect(await reserve(200)).toMatchObject({ allowed: false, reason: "store-unavailable" })
    const held = await admitted(150)
    expect(await reserve(50)).toMatchObject({ allowed: false })
    await held.settle({ amounts: { usd: 100 } })
    expect(await reserve(50)).toMatchObject({ allowed: true, withoutStore: true })
  })

  it("refuses what was latched or switched off, in every mode, with its own reason", async () => {
    const { control, reserve, spendfuse } = far({ onStoreUnavailable: "allow" })
    await spendfuse.operator.switch(
      { dimension: "apiKey", value: "k1" },
      { by: "ada", why: "leaked", state: "off" },
    )
    control.fateOf = dead
    expect(await reserve(1)).toMatchObject({
      allowed: false,
      reason: "switched-off",
      withoutStore: true,
    })
  })

  it("assumes what the host forgets, so that no number stays unanswered", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] })
    const { control, reserve, clock, spendfuse, notices } = far(
      { onStoreUnavailable: "allow" },
      { maxHoldMs: 1_000_000 },
    )
    control.fateOf = dead
    expect(await reserve(400)).toMatchObject({ allowed: true, withoutStore: true })
    // The heartbeat looks once a second: its first look is the hold's birth.
    vi.advanceTimersByTime(1_000)
    clock.advance(1_000_001)
    control.fateOf = () => "pass"
    vi.advanceTimersByTime(1_000)
    await until(() => notices.some(({ kind }) => kind === "assumed"))
    await until(() => control.kinds().includes("charge"))
    expect((await spendfuse.account({ budget: "key", subject: k1 })).settled).toBe(400)
  })

  it("answers in time though others wait to be posted", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    const { control, admitted } = far({ onStoreUnavailable: "allow" }, { storeDeadlineMs: 20 })
    control.fateOf = dead
    const calls = await Promise.all(Array.from({ length: 40 }, () => admitted(1)))
    await Promise.all(calls.map((call) => call.settle({ amounts: { usd: 1 } })))
    control.fateOf = () => "late"
    const asked = admitted(1)
    await vi.advanceTimersByTimeAsync(20)
    expect(await Promise.race([asked, "undecided"])).toMatchObject({ withoutStore: true })
  })
})

describe("closing", () => {
  it("tells what it cannot post", async () => {
    const { control, admitted, spendfuse, notices } = far({ onStoreUnavailable: "allow" })
    control.fateOf = dead
    const held = await admitted(400)
    await held.settle({ amounts: { usd: 300 } })
    await spendfuse.close()
    expect(notices).toMatchObject([{ kind: "unposted", amounts: { usd: 300 } }])
  })

  it("tells what is settled after it, and turns away who asks", async () => {
    const { admitted, spendfuse, notices, reserve } = far()
    const held = await admitted(400)
    await spendfuse.close()
    await held.settle({ amounts: { usd: 300 } })
    expect(notices).toMatchObject([{ kind: "unposted", amounts: { usd: 300 } }])
    await expect(reserve(1)).rejects.toMatchObject({ _tag: "SpendfuseClosed" })
    await spendfuse.close()
  })

  it("turns away who waits", async () => {
    const { admitted, spendfuse } = far({ budgets: capped })
    await admitted(900)
    const waits = spendfuse.reserve({ subject: k1, amounts: { usd: 200 }, waitMs: 60_000 })
    await new Promise((resolve) => setTimeout(resolve, 5))
    await spendfuse.close()
    await expect(waits).rejects.toMatchObject({ _tag: "SpendfuseClosed" })
  })
})
