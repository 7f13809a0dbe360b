import { memoryStore } from "@spendfuse/store-memory"
import { afterEach, describe, expect, it, vi } from "vitest"
import {
  createSpendfuse,
  type Delivery,
  type DomainEvent,
  type Notifier,
  type SpendfuseOptions,
  type Store,
} from "../../../src/index.ts"
import { fakeClock, policyOf, quiet, until } from "../support.ts"

/** Each request of a key is an event for `slack`. */
const policy = policyOf({
  budgets: [
    {
      id: "key",
      per: ["apiKey"],
      limit: { requests: 1_000 },
      window: "day",
      tiers: [
        { at: "0.1%", repeat: "0.1%", notify: ["slack"] },
        { at: "100%", block: true },
      ],
    },
  ],
})

const KEYS = ["a", "b", "c", "d", "e", "f", "g", "h"]

const accountOf = (event: DomainEvent | undefined): string =>
  event !== undefined && "account" in event ? event.account : ""

const open = (
  deliver: Notifier["deliver"],
  store: Store = memoryStore(),
  clock: Partial<SpendfuseOptions> = {},
) => {
  const slack = { name: "slack", deliver }
  const spendfuse = createSpendfuse({ policy, store, notifiers: { slack }, ...quiet, ...clock })
  const cross = async (apiKey: string) => {
    const decision = await spendfuse.reserve({ subject: { apiKey }, amounts: { requests: 1 } })
    if (!decision.allowed) throw new Error(decision.reason)
    await decision.settle({ amounts: { requests: 1 } })
  }
  return { spendfuse, cross }
}

afterEach(() => {
  vi.useRealTimers()
})

describe("the dispatcher", () => {
  it.each([
    ["one after the other while that is quick", 5, 1],
    ["four at once where each takes two seconds", 2_000, 4],
  ])("tells accounts of a channel %s, each alone and in its order", async (_, tookMs, atOnce) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] })
    const running = new Set<string>()
    const told = new Map<string, string[]>()
    let most = 0
    const { spendfuse, cross } = open(async (events) => {
      const account = accountOf(events[0])
      expect(events.every((event) => accountOf(event) === account)).toBe(true)
      expect(running.has(account)).toBe(false)
      running.add(account)
      most = Math.max(most, running.size)
      await new Promise((resolve) => setTimeout(resolve, tookMs))
      running.delete(account)
      told.set(account, [...(told.get(account) ?? []), ...events.map(({ id }) => id)])
    })
    for (let i = 0; i < 6; i += 1) await Promise.all(KEYS.map((key) => cross(key)))
    const flushed = spendfuse.flush()
    for (let i = 0; i < 400; i += 1) await vi.advanceTimersByTimeAsync(50)
    await flushed
    expect(most).toBe(atOnce)
    expect(told.size).toBe(KEYS.length)
    const log = await Promise.all([...told].map(async ([account, ids]) => ({ account, ids })))
    for (const { ids } of log) {
      const levels = ids.map((id) => Number(id.split("/").at(-2) ?? id))
      expect(ids).toHaveLength(6)
      expect(new Set(ids).size).toBe(6)
      expect(levels).toEqual([...levels].sort((one, other) => one - other))
    }
    await spendfuse.close()
  })

  it("tells the others while one account's message hangs", async () => {
    const told = new Set<string>()
    const { spendfuse, cross } = open((events, signal) => {
      const account = accountOf(events[0])
      if (!account.endsWith("a")) return Promise.resolve(told.add(account)).then(() => undefined)
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason))
      })
    })
    for (const key of KEYS) await cross(key)
    await until(() => told.size === KEYS.length - 1)
    expect(told.size).toBe(KEYS.length - 1)
    await spendfuse.close()
  })

  it("says of each delivery its channel, the tries before, and how long the oldest has waited", async () => {
    const clock = fakeClock()
    const heard: (Delivery | undefined)[] = []
    const store = memoryStore({ nowMs: clock.nowMs })
    const { spendfuse, cross } = open(
      (_, __, delivery) => {
        heard.push(delivery)
        const again = { retryAfterMs: 1_000 }
        return heard.length === 1
          ? Promise.reject(Object.assign(new Error("busy"), again))
          : Promise.resolve()
      },
      store,
      clock,
    )
    const createdAtMs = clock.nowMs()
    await cross("a")
    await spendfuse.flush()
    clock.advance(10_000)
    await cross("a")
    await spendfuse.flush()
    expect(heard).toEqual([
      { channel: "slack", attempts: 0, createdAtMs },
      { channel: "slack", attempts: 1, createdAtMs },
    ])
    await spendfuse.close()
  })

  it("claims once where nothing is due, and outlives claims that fail", async () => {
    const store = memoryStore()
    let claims = 0
    let failing = true
    const { spendfuse, cross } = open(() => Promise.resolve(), {
      ...store,
      claim: (...args) => {
        claims += 1
        return failing ? Promise.reject(new Error("down")) : store.claim(...args)
      },
    })
    await cross("a")
    await spendfuse.flush()
    expect(claims).toBeGreaterThan(0)
    failing = false
    await spendfuse.flush()
    claims = 0
    await spendfuse.flush()
    expect(claims).toBe(1)
    expect(await store.claim("slack", 10, 1_000)).toEqual([])
    await spendfuse.close()
  })
})
