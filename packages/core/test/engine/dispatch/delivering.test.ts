import { describe, expect, it } from "vitest"
import { NotifyFailed } from "../../../src/index.ts"
import { HOUR_MS, idsOf, outboxWorld } from "./worlds.ts"

const MINUTE_MS = 60_000

describe("a receiver that asks to wait", () => {
  it.each<[string, unknown, number]>([
    ["a minute is waited for", 60_000, 60_000],
    ["days is asked again each hour", 72 * HOUR_MS, HOUR_MS],
    ["for ever is asked again each hour", Number.POSITIVE_INFINITY, HOUR_MS],
    ["no number is not waited for", "Wed, 21 Oct 2099 07:28:00 GMT", 1_000],
    ["what is none is not waited for", Number.NaN, 1_000],
    ["what is over is not waited for", -5, 1_000],
  ])("for %s", async (_, retryAfterMs, waitMs) => {
    const { clock, store, cross, dispatcher, close } = outboxWorld()
    await cross()
    let tries = 0
    await using alone = dispatcher({
      slack: async () => {
        tries += 1
        throw Object.assign(new Error("later"), { retryAfterMs })
      },
    })
    await alone.once()
    const tried = tries
    expect(store.rowDueAtMs()).toBe(clock.nowMs() + waitMs)
    clock.advance(waitMs - 1)
    await alone.once()
    expect(tries).toBe(tried)
    clock.advance(1)
    await alone.once()
    expect(tries).toBeGreaterThan(tried)
    await close()
  })

  it("is asked a last time after a day, and then the next channel is told", async () => {
    const { clock, store, cross, dispatcher, close } = outboxWorld()
    await cross()
    const startMs = clock.nowMs()
    let lastMs = 0
    const heard: string[] = []
    await using alone = dispatcher({
      slack: async () => {
        lastMs = clock.nowMs()
        throw new NotifyFailed("slack", { retryable: true, retryAfterMs: 50 * MINUTE_MS })
      },
      pager: async (events) => void heard.push(...events.map(({ kind }) => kind)),
    })
    for (let i = 0; i < 40; i += 1) {
      await alone.once()
      if (heard.length > 0) break
      clock.advance(store.rowDueAtMs() - clock.nowMs())
    }
    expect(heard).toEqual(["undelivered"])
    expect(lastMs).toBe(startMs + 24 * HOUR_MS)
    await close()
  })
})

describe("a channel that is down for a day", () => {
  it("gives up what is a day old, and not what was written a minute ago", async () => {
    const { clock, store, cross, dispatcher, close } = outboxWorld()
    await cross()
    let isDown = true
    const told: string[] = []
    const channels = {
      slack: async (events: Parameters<typeof idsOf>[0]) => {
        if (isDown) throw new NotifyFailed("slack", { retryable: true, retryAfterMs: 1 })
        told.push(...idsOf(events))
      },
      pager: async () => undefined,
    }
    clock.advance(24 * HOUR_MS)
    await cross()
    const recentMs = clock.nowMs()
    await using alone = dispatcher(channels)
    await alone.once()
    const { items } = await store.deadLetters({ limit: 9 })
    expect(items.map(({ createdAtMs }) => createdAtMs)).toEqual([recentMs - 24 * HOUR_MS])
    isDown = false
    clock.advance(10_000)
    await alone.once()
    expect(told).toHaveLength(1)
    await close()
  })
})

describe("what is said of a failure", () => {
  it.each<[string, Error, string]>([
    [
      "of ours is its words",
      new NotifyFailed("slack", { retryable: false, detail: "status 404" }),
      "NotifyFailed: notifier `slack` did not deliver: status 404",
    ],
    [
      "of a tagged error of the host's is its class alone",
      Object.assign(new Error("POST https://chat.example/T0/SECRET failed"), {
        _tag: "RequestError",
        name: "RequestError",
        retryable: false,
      }),
      "RequestError",
    ],
  ])("%s", async (_, error, why) => {
    const { store, cross, dispatcher, close } = outboxWorld()
    await cross()
    const notices: string[] = []
    await using alone = dispatcher(
      { slack: () => Promise.reject(error) },
      { onNotice: ({ message }) => void notices.push(message) },
    )
    await alone.once()
    const { items } = await store.deadLetters({ limit: 9 })
    expect(items.map((letter) => letter.why)).toEqual([why])
    expect(notices.join()).not.toContain("SECRET")
    await close()
  })
})

describe("a dispatcher that was paused for longer than its lease", () => {
  it("tells nothing that another one told meanwhile", async () => {
    const { clock, store, cross, dispatcher, close } = outboxWorld()
    await cross()
    await cross()
    const told: string[] = []
    let resume = (): void => undefined
    const paused = new Promise<void>((resolve) => {
      resume = resolve
    })
    let isClaimed = false
    const claim: typeof store.claim = async (...args) => {
      const rows = await store.claim(...args)
      if (rows.length === 0) return rows
      isClaimed = true
      await paused
      return rows
    }
    const slow = dispatcher(
      { slack: async (events) => void told.push(...idsOf(events).map((id) => `late ${id}`)) },
      { store: { ...store, claim } },
    )
    const waking = slow.once()
    while (!isClaimed) await Promise.resolve()
    clock.advance(60_000)
    await using other = dispatcher({ slack: async (events) => void told.push(...idsOf(events)) })
    await other.once()
    expect(told).toHaveLength(2)
    resume()
    await waking
    expect(told.filter((id) => id.startsWith("late"))).toEqual([])
    await slow.close()
    await close()
  })

  it("neither frees nor kills what another one has in hand, and says nothing of the channel", async () => {
    const { clock, store, cross, dispatcher, close } = outboxWorld()
    await cross()
    const notices: string[] = []
    let tries = 0
    const slow = dispatcher(
      {
        slack: async () => {
          tries += 1
          clock.advance(60_000)
          expect(await store.claim("slack", 9, 60_000)).toHaveLength(1)
          throw new NotifyFailed("slack", { retryable: tries === 1 })
        },
      },
      { onNotice: ({ message }) => void notices.push(message) },
    )
    await slow.once()
    expect(tries).toBe(1)
    expect(await store.claim("slack", 9, 60_000)).toEqual([])
    expect((await store.deadLetters({ limit: 9 })).items).toEqual([])
    expect(notices).toEqual([])
    await slow.close()
    await close()
  })
})
