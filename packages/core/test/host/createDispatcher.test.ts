import { memoryStore } from "@spendfuse/store-memory"
import { describe, expect, it } from "vitest"
import {
  createDispatcher,
  createSpendfuse,
  type DomainEvent,
  eventName,
  type Notifier,
  NotifyFailed,
  type Store,
  StoreUnavailable,
} from "../../src/index.ts"
import { fakeClock, policyOf, quiet, until } from "../engine/support.ts"

/** Each org has its division, and a latch that goes on to a second channel after 15 minutes. */
const policy = policyOf({
  partitionBy: "org",
  budgets: [
    {
      id: "org",
      per: ["org"],
      limit: { requests: 1 },
      window: "day",
      tiers: [{ at: "100%", latch: true, notify: ["chat", "pager"], escalateAfter: "15m" }],
    },
    {
      id: "key",
      per: ["org", "apiKey"],
      limit: { requests: 1 },
      window: "day",
      tiers: [{ at: "100%", trip: { coolDown: "1h" }, notify: ["chat"] }],
    },
  ],
})

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** An hour's end tells whoever heard its warning. */
const warning = policyOf({
  budgets: [
    {
      id: "key",
      per: ["apiKey"],
      limit: { requests: 2 },
      window: "hour",
      tiers: [
        { at: "50%", notify: ["chat"] },
        { at: "100%", block: true },
      ],
    },
  ],
})
const ACCOUNTS = 5_000

const opened = (nowMs = Date.parse("2026-01-15T10:00:00Z")) => {
  const clock = { nowMs }
  const store = memoryStore({ nowMs: () => clock.nowMs })
  const told: string[] = []
  const hears = (channel: string) => ({
    name: channel,
    deliver: async (events: readonly DomainEvent[]) => {
      told.push(...events.map((event) => `${channel}: ${eventName(event)}`))
    },
  })
  const notifiers = { chat: hears("chat"), pager: hears("pager") }
  return { clock, store, told, notifiers, nowMs: () => clock.nowMs, onNotice: () => undefined }
}

/** A host that spends one request, and dies without having told anybody. */
const spend = async ({ store, nowMs }: ReturnType<typeof opened>, org: string, apiKey: string) => {
  const nobody = { name: "nobody", deliver: () => new Promise<void>(() => undefined) }
  const dead: Store = { ...store, claim: async () => [], close: async () => undefined }
  const notifiers = { chat: nobody, pager: nobody }
  await using host = createSpendfuse({ policy, store: dead, notifiers, nowMs, ...quiet })
  const decision = await host.reserve({ subject: { org, apiKey }, amounts: { requests: 1 } })
  if (!decision.allowed) throw new Error(decision.reason)
  await decision.settle({ amounts: { requests: 1 } })
}

describe("a dispatcher alone", () => {
  it("tells what a host left, and what moves by itself in every division", async () => {
    const at = opened()
    await spend(at, "acme", "k1")
    await using dispatcher = createDispatcher(at)
    await dispatcher.once()
    expect(at.told.sort()).toEqual([
      "chat: circuit key open",
      "chat: circuit org latched",
      "chat: tier key 100%",
      "chat: tier org 100%",
    ])
    at.told.length = 0
    at.clock.nowMs += 15 * MINUTE_MS
    await using later = createDispatcher(at)
    await later.once()
    expect(at.told).toEqual(["pager: escalation org 1"])
    at.told.length = 0
    at.clock.nowMs += 45 * MINUTE_MS
    await using last = createDispatcher(at)
    await last.once()
    expect(at.told).toEqual(["chat: circuit key closed"])
  })

  it("leaves what cannot be delivered in the outbox, and the next one finds it", async () => {
    const at = opened()
    await spend(at, "acme", "k1")
    const failing = async () => {
      throw new NotifyFailed("chat", { retryable: true, retryAfterMs: 1_000 })
    }
    const chat = { name: "chat", deliver: failing }
    await using dispatcher = createDispatcher({ ...at, notifiers: { ...at.notifiers, chat } })
    await dispatcher.once()
    expect(at.told).toEqual([])
    at.clock.nowMs += 10_000
    await using next = createDispatcher(at)
    await next.once()
    expect(at.told).toContain("chat: circuit org latched")
  })

  it("tells all that is due at once, each account in its order, by steps of bounded work", async () => {
    const clock = fakeClock()
    const store = memoryStore({ nowMs: clock.nowMs })
    const silent: Store = { ...store, claim: async () => [], close: async () => undefined }
    const told = new Map<string, string[]>()
    const chat: Notifier = {
      name: "chat",
      deliver: async (events) => {
        for (const event of events) {
          const account = "account" in event ? event.account : ""
          told.set(account, [...(told.get(account) ?? []), event.kind])
        }
      },
    }
    await using host = createSpendfuse({
      ...quiet,
      ...clock,
      policy: warning,
      store: silent,
      notifiers: { chat },
    })
    for (let i = 0; i < ACCOUNTS; i += 1) {
      const request = { subject: { apiKey: `k${i}` }, amounts: { requests: 1 } }
      const decision = await host.reserve(request)
      if (decision.allowed) await decision.settle({ amounts: { requests: 1 } })
    }
    clock.advance(HOUR_MS)
    const written: number[] = []
    const apply: Store["apply"] = async (commands) => {
      const applied = await store.apply(commands)
      written.push(...applied.map(({ eventsWritten }) => eventsWritten))
      return applied
    }
    await using dispatcher = createDispatcher({
      ...clock,
      store: { ...store, apply },
      notifiers: { chat },
      onNotice: () => undefined,
    })
    await dispatcher.once()
    expect(told.size).toBe(ACCOUNTS)
    expect([...told.values()].every((kinds) => kinds.join() === "tier,period-end")).toBe(true)
    expect(Math.max(...written)).toBe(128)
    expect(written.length).toBeLessThanOrEqual(Math.ceil(ACCOUNTS / 128) + 1)
    expect(written.reduce((sum, count) => sum + count, 0)).toBe(ACCOUNTS)
  })

  it("says that the store does not answer", async () => {
    const at = opened()
    const store: Store = {
      ...at.store,
      apply: () => Promise.reject(new StoreUnavailable("memory", null)),
    }
    await using dispatcher = createDispatcher({ ...at, store })
    await expect(dispatcher.once()).rejects.toThrow(StoreUnavailable)
  })

  it("says of a store's fault only its class, unless it is one of ours", async () => {
    const at = opened()
    const notices: string[] = []
    const apply = () => Promise.reject(new Error("connect redis://:SECRET@cache:6379"))
    const store: Store = { ...at.store, apply }
    const onNotice = ({ message }: { readonly message: string }) => void notices.push(message)
    const dispatcher = createDispatcher({ ...at, store, onNotice })
    dispatcher.start()
    await until(() => notices.length > 0)
    expect(notices).toEqual(["what is due could not be moved: Error"])
    await dispatcher.close()
  })

  it("goes on until it is closed, and leaves the store open", async () => {
    const at = opened()
    const dispatcher = createDispatcher(at)
    dispatcher.start()
    await spend(at, "acme", "k1")
    await until(() => at.told.length === 4)
    await dispatcher.close()
    expect((await at.store.list({ limit: 5 })).items).toHaveLength(2)
    await spend(at, "other", "k2")
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(at.told).toHaveLength(4)
  })
})
