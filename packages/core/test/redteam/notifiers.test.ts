import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { memoryStore } from "../../../store-memory/src/index.ts"
import { createSpendfuse, type Notifier, type PolicyJson } from "../../src/index.ts"
import { far, k1, policyOf, quiet, until } from "../engine/support.ts"

const budgets: PolicyJson["budgets"] = [
  {
    id: "key",
    per: ["apiKey"],
    limit: { usdNano: 1000 },
    window: "hour",
    tiers: [
      { at: "50%", notify: ["pager"] },
      { at: "100%", block: true },
    ],
  },
]

/** One event for a notifier that does what it is told. */
const told = async (deliver: Notifier["deliver"]) => {
  const test = far({ budgets }, { notifiers: { pager: { name: "pager", deliver } } })
  const decision = await test.admitted(600)
  await decision.settle({ amounts: { usd: 600 } })
  return test
}

const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)

beforeEach(() => {
  process.on("unhandledRejection", note)
  // A delivery is given up after 15 seconds; here after some milliseconds.
  vi.spyOn(AbortSignal, "timeout").mockImplementation(() => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(new DOMException("late", "TimeoutError")), 5)
    return stop.signal
  })
})
afterEach(() => {
  process.off("unhandledRejection", note)
  vi.restoreAllMocks()
  unhandled.length = 0
})

describe("a notifier ends nobody's process", () => {
  it.each<[string, Notifier["deliver"]]>([
    [
      "that throws at once",
      () => {
        throw new Error("no")
      },
    ],
    ["that rejects", () => Promise.reject(new Error("no"))],
    [
      "that rejects when it is given up",
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => setTimeout(() => reject(new Error("late")), 5))
        }),
    ],
    ["that never answers", () => new Promise(() => undefined)],
    ["that answers what is no promise", () => undefined as never],
    ["that throws nothing", () => Promise.reject(undefined)],
  ])("%s", async (_, deliver) => {
    let tries = 0
    const { spendfuse, meter } = await told((events, signal) => {
      tries += 1
      return deliver(events, signal)
    })
    await until(() => tries > 0)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(unhandled).toEqual([])
    expect(await meter()).toEqual({ settled: 600, held: 0 })
    await spendfuse.close()
    expect(
      await spendfuse.reserve({ subject: k1, amounts: { usd: 1 } }).catch(() => "closed"),
    ).toBe("closed")
  })
})

describe("a notifier that does not deliver", () => {
  it("is told once when it begins, and once when it delivers again", async () => {
    let works = false
    const messages: string[] = []
    const pager: Notifier = {
      name: "pager",
      deliver: async () => {
        if (!works) throw Object.assign(new Error("no"), { retryAfterMs: 1 })
      },
    }
    const spendfuse = createSpendfuse({
      ...quiet,
      policy: policyOf({ budgets }),
      store: memoryStore(),
      notifiers: { pager },
      random: () => 0,
      onNotice: ({ message }) => void messages.push(message),
    })
    const about = (): readonly string[] => messages.filter((one) => one.includes("deliver"))
    const decision = await spendfuse.reserve({ subject: k1, amounts: { usd: 600 } })
    if (!decision.allowed) throw new Error("refused")
    await decision.settle({ amounts: { usd: 600 } })
    await until(() => about().length > 0)
    expect(about()).toEqual(["notifier `pager` does not deliver; its messages wait: Error"])
    works = true
    // It is tried again a second later.
    const again = async (): Promise<void> => {
      await spendfuse.flush()
      expect(about().at(-1)).toBe("notifier `pager` delivers again")
    }
    await vi.waitFor(again, { timeout: 30_000, interval: 50 })
    expect(about()).toHaveLength(2)
    await spendfuse.close()
  })
})

describe("closing", () => {
  it("waits five seconds for a notifier that hangs, and leaves its row to the next process", async () => {
    vi.spyOn(AbortSignal, "timeout").mockImplementation(() => new AbortController().signal)
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    try {
      const store = memoryStore()
      const kept = { ...store, close: async () => undefined }
      const pager: Notifier = { name: "pager", deliver: () => new Promise(() => undefined) }
      const policy = policyOf({ budgets })
      const options = { ...quiet, policy, store: kept, notifiers: { pager } }
      const spendfuse = createSpendfuse(options)
      const decision = await spendfuse.reserve({ subject: k1, amounts: { usd: 600 } })
      if (!decision.allowed) throw new Error("refused")
      await decision.settle({ amounts: { usd: 600 } })
      const closing = spendfuse.close()
      await vi.advanceTimersByTimeAsync(5_000)
      await closing
      expect(await store.claim("pager", 10, 1_000)).toHaveLength(1)
    } finally {
      vi.useRealTimers()
    }
  })
})
