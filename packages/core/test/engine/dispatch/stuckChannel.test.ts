import { memoryStore } from "@spendfuse/store-memory"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { createSpendfuse, type DomainEvent, type Notifier } from "../../../src/index.ts"
import { fakeClock, policyOf, quiet } from "../support.ts"

/** Each request of a key is an event for both channels, or of those of `floods` for the first alone. */
const policy = policyOf({
  budgets: ["key", "floods"].map((id) => ({
    id,
    per: ["apiKey"],
    match: { model: id === "key" ? ["m*"] : ["f*"] },
    limit: { requests: 10_000 },
    window: "day",
    tiers: [
      { at: "0.01%", repeat: "0.01%", notify: id === "key" ? ["slack", "pager"] : ["slack"] },
      { at: "100%", block: true },
    ],
  })),
})

const KEYS = ["a", "b", "c", "d", "e"]
const MINUTES = 60

interface Message {
  readonly account: string
  readonly ids: readonly string[]
  readonly lateMs: number
}

const opened = (slack: (events: readonly DomainEvent[]) => Promise<void>) => {
  const clock = fakeClock()
  const told: Record<"slack" | "pager", Message[]> = { slack: [], pager: [] }
  const channel = (name: "slack" | "pager", deliver: typeof slack): Notifier => ({
    name,
    deliver: async (events, _, delivery) => {
      await deliver(events)
      const [first] = events
      told[name].push({
        account: first !== undefined && "account" in first ? first.account : "",
        ids: events.map(({ id }) => id),
        lateMs: clock.nowMs() - (delivery?.createdAtMs ?? 0),
      })
    },
  })
  const spendfuse = createSpendfuse({
    ...quiet,
    ...clock,
    policy,
    store: memoryStore({ nowMs: clock.nowMs }),
    notifiers: { slack: channel("slack", slack), pager: channel("pager", async () => undefined) },
  })
  const cross = async (apiKey: string, model = "m"): Promise<void> => {
    const request = { subject: { apiKey }, model, amounts: { requests: 1 } }
    const decision = await spendfuse.reserve(request)
    if (!decision.allowed) throw new Error(decision.reason)
    await decision.settle({ amounts: { requests: 1 } })
  }
  /** Lets a second pass, and what is due in it happen. */
  const second = async (): Promise<void> => {
    clock.advance(1_000)
    await vi.advanceTimersByTimeAsync(1_000)
  }
  return { spendfuse, told, cross, second }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] })
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe("a channel that is stuck for an hour, then back", () => {
  it.each<[string, () => Promise<void>]>([
    ["refuses", () => Promise.reject(new Error("status 503"))],
    ["hangs", () => new Promise(() => undefined)],
  ])("that %s tells the backlog once, by account, in order, with few messages", async (_, fail) => {
    vi.spyOn(AbortSignal, "timeout").mockImplementation(late)
    let isStuck = true
    const { spendfuse, told, cross, second } = opened(() => (isStuck ? fail() : Promise.resolve()))
    for (let minute = 0; minute < MINUTES; minute += 1) {
      for (const key of KEYS) await cross(key)
      for (let i = 0; i < 60; i += 1) await second()
    }
    expect(told.slack).toEqual([])
    isStuck = false
    for (let i = 0; i < 600 && told.slack.flatMap(({ ids }) => ids).length < 300; i += 1)
      await second()
    for (const key of KEYS) {
      const messages = told.slack.filter(({ account }) => account.endsWith(`/${key}`))
      const ids = messages.flatMap((message) => message.ids)
      expect(ids).toHaveLength(MINUTES)
      expect(new Set(ids).size).toBe(MINUTES)
      const levels = ids.map((id) => Number(id.split("/").at(-2)))
      expect(levels).toEqual([...levels].sort((one, other) => one - other))
      // How they fall into groups hangs on whose turn it was: beside slow ones a message has four at least.
      expect(messages.length).toBeLessThanOrEqual(MINUTES / 4)
    }
    expect(told.pager).toHaveLength(KEYS.length * MINUTES)
    expect(Math.max(...told.pager.map(({ lateMs }) => lateMs))).toBeLessThanOrEqual(1_000)
    await spendfuse.close()
  })
})

describe("a flood on one channel", () => {
  it("delays no other channel and no decision", async () => {
    const { spendfuse, told, cross, second } = opened(
      () => new Promise((resolve) => setTimeout(resolve, 2_000)),
    )
    for (let i = 0; i < 2_000; i += 1) await cross(`flood-${i % 500}`, "f")
    await second()
    await cross("a")
    await vi.advanceTimersByTimeAsync(0)
    expect(told.pager.map(({ ids, lateMs }) => [ids.length, lateMs])).toEqual([[1, 0]])
    expect(told.slack.length).toBeLessThan(10)
    void spendfuse.close()
  })
})

/** A delivery is given up after 15 seconds of the clock that the test moves. */
const late = (ms: number): AbortSignal => {
  const stop = new AbortController()
  setTimeout(() => stop.abort(new DOMException("late", "TimeoutError")), ms)
  return stop.signal
}
