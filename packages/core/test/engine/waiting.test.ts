import { describe, expect, it } from "vitest"
import { memoryStore } from "../../../store-memory/src/index.ts"
import { createSpendfuse } from "../../src/index.ts"
import { capped, fakeClock, far, k1, policyOf, quiet, until } from "./support.ts"

const waiting = { subject: k1, waitMs: 60_000 }

describe("waiting for a busy budget", () => {
  it("asks once for many that wait, and lets them in by their place", async () => {
    const { admitted, spendfuse, control } = far({ budgets: capped })
    const held = await admitted(900)
    const order: number[] = []
    const waits = Array.from({ length: 20 }, async (_, at) => {
      const decision = await spendfuse.reserve({ ...waiting, amounts: { usd: 200 + at } })
      order.push(at)
      if (decision.allowed) await decision.settle({ amounts: { usd: 1 } })
    })
    await until(() => control.kinds().filter((kind) => kind === "reserve").length >= 2)
    const before = control.sent.length
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(control.sent.length - before).toBeLessThan(8)
    await held.settle({ amounts: { usd: 1 } })
    await Promise.all(waits)
    expect(order).toEqual(Array.from({ length: 20 }, (_, at) => at))
  })

  it("tells at once who could not be helped by any wait, though others wait", async () => {
    const { admitted, spendfuse, control } = far({ budgets: capped })
    await (await admitted(300)).settle({ amounts: { usd: 300 } })
    await admitted(600)
    const stop = new AbortController()
    const waits = spendfuse.reserve({ ...waiting, amounts: { usd: 200 }, signal: stop.signal })
    await until(() => control.kinds().filter((kind) => kind === "reserve").length >= 4)
    const hopeless = await spendfuse.reserve({ ...waiting, amounts: { usd: 701 } })
    expect(hopeless).toMatchObject({ allowed: false, reason: "exhausted" })
    stop.abort(new Error("enough"))
    await expect(waits).rejects.toThrow("enough")
  })

  it("hears by itself of what other processes give back", async () => {
    const clock = fakeClock()
    const store = memoryStore({ nowMs: clock.nowMs })
    const open = () =>
      createSpendfuse({
        policy: policyOf({ budgets: capped }),
        store,
        nowMs: clock.nowMs,
        ...quiet,
      })
    const [here, there] = [open(), open()]
    const held = await there.reserve({ subject: k1, amounts: { usd: 900 } })
    const waits = here.reserve({ ...waiting, amounts: { usd: 200 } })
    await new Promise((resolve) => setTimeout(resolve, 10))
    if (held.allowed) await held.release()
    expect(await waits).toMatchObject({ allowed: true })
  })

  it("gives the next one its turn where the first gives up", async () => {
    const { admitted, spendfuse, control } = far({ budgets: capped })
    const held = await admitted(900)
    const stop = new AbortController()
    const first = spendfuse.reserve({ ...waiting, amounts: { usd: 999 }, signal: stop.signal })
    await until(() => control.kinds().filter((kind) => kind === "reserve").length >= 2)
    const second = spendfuse.reserve({ ...waiting, amounts: { usd: 200 } })
    await held.settle({ amounts: { usd: 10 } })
    stop.abort(new Error("enough"))
    await expect(first).rejects.toThrow("enough")
    expect(await second).toMatchObject({ allowed: true })
  })

  it("says busy where the time is over, having asked once more", async () => {
    const clock = { monotonicMs: () => performance.now() }
    const { admitted, spendfuse, control } = far({ budgets: capped }, clock)
    await admitted(900)
    const asked = { subject: k1, amounts: { usd: 200 }, waitMs: 30 }
    expect(await spendfuse.reserve(asked)).toMatchObject({ allowed: false, reason: "busy" })
    const reserves = control.kinds().filter((kind) => kind === "reserve").length
    expect(reserves).toBeGreaterThanOrEqual(3)
    expect(reserves).toBeLessThanOrEqual(5)
  })
})

describe("the last cent", () => {
  it("lets in of 1,000 callers at once all that fit, and never one nano more", async () => {
    const { spendfuse, meter, control } = far({ budgets: capped }, { storeDeadlineMs: 10_000 })
    let most = 0
    control.change = (applied) => {
      if (applied.outcome.kind === "reserved") most += 1
      return applied
    }
    const answers = await Promise.all(
      Array.from({ length: 1000 }, () => spendfuse.reserve({ subject: k1, amounts: { usd: 7 } })),
    )
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(Math.floor(1000 / 7))
    expect(most).toBe(142)
    expect(await meter()).toEqual({ settled: 0, held: 142 * 7 })
  })

  it("lets in all 1,000 that wait, where each settles to a cent's thousandth", async () => {
    const { spendfuse, meter } = far({ budgets: capped }, { storeDeadlineMs: 10_000 })
    const answers = await Promise.all(
      Array.from({ length: 1000 }, async () => {
        const decision = await spendfuse.reserve({ ...waiting, amounts: { usd: 1 } })
        if (!decision.allowed) return decision.reason
        await Promise.resolve()
        await decision.settle({ amounts: { usd: 1 } })
        return "in"
      }),
    )
    expect(answers.filter((answer) => answer === "in")).toHaveLength(1000)
    expect(await meter()).toEqual({ settled: 1000, held: 0 })
  })
})
