import { memoryStore } from "@spendfuse/store-memory"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { Hook } from "../../../src/engine/dispatch/hook.ts"
import {
  createDispatcher,
  createSpendfuse,
  type DomainEvent,
  type Notice,
  type Notifier,
  NotifyFailed,
  type SpendfuseOptions,
} from "../../../src/index.ts"
import type { Page } from "../../../src/ports/Store.ts"
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

const cross = async (options: Partial<SpendfuseOptions>) => {
  const spendfuse = createSpendfuse({ ...quiet, policy, store: memoryStore(), ...options })
  const decision = await spendfuse.reserve({ subject: { apiKey: "a" }, amounts: { requests: 1 } })
  if (!decision.allowed) throw new Error(decision.reason)
  await decision.settle({ amounts: { requests: 1 } })
  return spendfuse
}

const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)
const settled = () => new Promise((resolve) => setTimeout(resolve, 10))

beforeEach(() => {
  process.on("unhandledRejection", note)
  vi.spyOn(console, "warn").mockImplementation(() => undefined)
})
afterEach(() => {
  process.off("unhandledRejection", note)
  vi.restoreAllMocks()
  unhandled.length = 0
})

/** A host's callback may be an async function: its type allows it. */
const FAILING: readonly [string, () => void][] = [
  [
    "throws",
    () => {
      throw new Error("the host's own fault")
    },
  ],
  ["rejects", async () => Promise.reject(new Error("the host's own fault"))],
]

describe("a host's callback", () => {
  it.each(FAILING)(
    "for events that %s loses no event, and ends nobody's process",
    async (_, fails) => {
      const slack: Notifier = { name: "slack", deliver: async () => undefined }
      const notices: Notice[] = []
      const heard: string[] = []
      const spendfuse = await cross({
        notifiers: { slack },
        onEvent: (event) => {
          heard.push(event.id)
          return fails()
        },
        onNotice: (notice) => void notices.push(notice),
      })
      await spendfuse.operator.trip(
        { budget: "key", subject: { apiKey: "a" } },
        { coolDownMs: 1_000, by: "ann", why: "a test" },
      )
      await spendfuse.flush()
      await settled()
      expect(heard.length).toBeGreaterThan(2)
      expect(new Set(heard).size).toBe(heard.length)
      expect(notices.filter(({ message }) => message.includes("event hook"))).toHaveLength(
        heard.length,
      )
      expect(unhandled).toEqual([])
      await spendfuse.close()
    },
  )

  it.each(FAILING)("for notices that %s leaves no message unconfirmed", async (_, fails) => {
    const clock = fakeClock()
    const store = memoryStore({ nowMs: clock.nowMs })
    let isUp = false
    let told = 0
    const slack: Notifier = {
      name: "slack",
      deliver: async () => {
        if (!isUp) throw new NotifyFailed("slack", { retryable: true, retryAfterMs: 1_000 })
        told += 1
      },
    }
    const silent = { ...store, claim: async () => [], close: async () => undefined }
    const host = await cross({ ...clock, store: silent, notifiers: { slack } })
    await host.close()
    await using dispatcher = createDispatcher({
      ...clock,
      store,
      notifiers: { slack },
      onNotice: fails,
    })
    await dispatcher.once()
    isUp = true
    for (let i = 0; i < 3; i += 1) {
      clock.advance(120_000)
      await dispatcher.once()
    }
    await settled()
    expect(told).toBe(1)
    expect(unhandled).toEqual([])
  })

  it.each(FAILING)("for notices that %s ends no host", async (_, fails) => {
    const failing = async () => Promise.reject(new Error("no"))
    const slack: Notifier = { name: "slack", deliver: failing }
    const spendfuse = await cross({ notifiers: { slack }, onNotice: fails })
    await spendfuse.flush()
    await settled()
    expect(unhandled).toEqual([])
    await spendfuse.close()
  })
})

const audit = (n: number): DomainEvent => ({
  kind: "audit",
  id: `c/${n}/audit`,
  atMs: n,
  channels: [],
  verb: "trip",
  target: "a",
  by: "ann",
  why: "a test",
})

describe("the hook", () => {
  it("hears what is written at whatever moment after its last look", async () => {
    for (let ticks = 0; ticks < 12; ticks += 1) {
      const log: DomainEvent[] = [audit(0)]
      const heard: string[] = []
      const unheard = async ({ after = "0" }): Promise<Page<DomainEvent>> => {
        const items = log.slice(Number(after))
        return { items, next: items.length === 0 ? null : String(log.length) }
      }
      const store = { ...memoryStore(), unheard }
      const hook = new Hook({
        store,
        onEvent: ({ id }) => void heard.push(id),
        onNotice: () => undefined,
      })
      hook.wake()
      for (let i = 0; i < ticks; i += 1) await Promise.resolve()
      log.push(audit(1))
      hook.wake()
      await until(() => hook.running.length === 0)
      expect(heard, `after ${ticks} turns`).toEqual(["c/0/audit", "c/1/audit"])
    }
  })
})
