import { memoryStore } from "@spendfuse/store-memory"
import { describe, expect, it } from "vitest"
import { createSpendfuse, eventName, type Notifier } from "../../src/index.ts"
import { fakeClock, k1, policyOf, quiet } from "../engine/support.ts"

const MINUTE_MS = 60_000

/** An hour whose cap waits for a person, told to these one after the other. */
const policyFor = (...notify: readonly string[]) =>
  policyOf({
    budgets: [
      {
        id: "key",
        per: ["apiKey"],
        limit: { usdNano: 1_000 },
        window: "hour",
        tiers: [
          { at: "50%", notify: [notify[0] ?? ""] },
          notify.length > 1
            ? { at: "100%", latch: true, notify, escalateAfter: "15m" }
            : { at: "100%", latch: true, notify },
        ],
      },
    ],
  })

const opened = () => {
  const clock = fakeClock(Date.UTC(2026, 0, 15, 10, 20))
  const store = memoryStore({ nowMs: clock.nowMs })
  const told: string[] = []
  const hears = (channel: string): Notifier => ({
    name: channel,
    deliver: async (events) =>
      void told.push(...events.map((one) => `${channel}: ${eventName(one)}`)),
  })
  const spendfuse = createSpendfuse({
    ...quiet,
    ...clock,
    policy: policyFor("chat", "pager", "oncall"),
    store,
    notifiers: { chat: hears("chat"), pager: hears("pager"), oncall: hears("oncall") },
  })
  const spend = async (usd: number): Promise<void> => {
    const decision = await spendfuse.reserve({ subject: k1, amounts: { usd } })
    if (!decision.allowed) throw new Error(decision.reason)
    await decision.settle({ amounts: { usd } })
    await spendfuse.flush()
  }
  /** Lets time pass, and what is due in it be told. */
  const later = async (ms: number): Promise<string[]> => {
    clock.advance(ms)
    await spendfuse.operator.expire()
    await spendfuse.flush()
    return told.splice(0)
  }
  return { spendfuse, spend, later, told }
}

describe("an incident that is open", () => {
  it("goes on to the channels that a reload takes out of the policy, and closes for all who heard", async () => {
    const { spendfuse, spend, later, told } = opened()
    await spend(1_000)
    told.length = 0
    spendfuse.reload(policyFor("chat"))
    expect(await later(15 * MINUTE_MS)).toEqual(["pager: escalation key 1"])
    const account = { budget: "key", subject: k1 }
    await spendfuse.operator.acknowledge(account, { by: "ann", why: "seen" })
    expect((await later(0)).sort()).toEqual([
      "chat: circuit key closed",
      "pager: circuit key closed",
    ])
    expect(await later(60 * MINUTE_MS)).toEqual([])
    await spendfuse.close()
  })

  it("is not told twice that it is over, though the clock is set back behind its end", async () => {
    const { spendfuse, spend, later, told } = opened()
    await spend(600)
    expect(told.splice(0)).toEqual(["chat: tier key 50%"])
    expect(await later(45 * MINUTE_MS)).toEqual(["chat: period-end key"])
    expect(await later(-10 * MINUTE_MS)).toEqual([])
    expect(await later(15 * MINUTE_MS)).toEqual([])
    await spendfuse.close()
  })
})
