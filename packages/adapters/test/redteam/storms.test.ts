import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { Books } from "./books.ts"
import {
  bookedStore,
  capsOf,
  guardedOf,
  oneCall,
  opened,
  policyWith,
  randomOf,
  upstreamOf,
} from "./storms.ts"

const STORMS = Number(process.env.STORM_RUNS ?? 1)
const CALLS = Number(process.env.STORM_CALLS ?? 150)
const seeds = Array.from({ length: STORMS }, (_, at) => 20261101 + at)
const BASE_MS = Date.UTC(2026, 2, 29, 0, 30)

beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => undefined))
afterEach(() => void vi.restoreAllMocks())

/** What chance does is told by the seed, and so, but for the timers' order, is the storm. */
const many = (one: (at: number) => Promise<void>): Promise<unknown> =>
  Promise.all(Array.from({ length: CALLS }, (_, at) => one(at)))

describe("a storm of calls by both SDKs keeps every cap at every step, and every nano in the end", () => {
  it.each(seeds)("near the caps, by two engines on one store: seed %d", async (seed) => {
    const random = randomOf(seed)
    const books = new Books(capsOf(0.1))
    const store = bookedStore(books)
    const engines = [opened(policyWith(0.1), store), opened(policyWith(0.1), store)] as const
    const upstream = upstreamOf(books, random)
    const [first, second] = [guardedOf(engines[0], upstream), guardedOf(engines[1], upstream)]
    await many((at) => oneCall(books, at % 2 === 0 ? first : second, random))
    await first.idle()
    await second.idle()
    expect(books.check(store.ledger)).toEqual([])
    expect(books.booked.size).toBeGreaterThan(CALLS / 4)
  })

  it.each(seeds)("while policy and switches change: seed %d", async (seed) => {
    const random = randomOf(seed)
    const books = new Books(capsOf(1))
    const store = bookedStore(books)
    const spendfuse = opened(policyWith(1), store)
    const guarded = guardedOf(spendfuse, upstreamOf(books, random))
    const calls = many(() => oneCall(books, guarded, random))
    const by = { by: "ann", why: "a storm" }
    for (let turn = 0; turn < 20; turn += 1) {
      await sleep(3)
      spendfuse.reload(policyWith(turn % 2 === 0 ? 0.2 : 1))
      const subject = { dimension: "apiKey", value: turn % 3 === 0 ? "" : "__proto__" }
      await spendfuse.operator.switch(subject, { state: turn % 2 === 0 ? "off" : "on", ...by })
    }
    await calls
    await guarded.idle()
    expect(books.check(store.ledger)).toEqual([])
  })

  it.each(seeds)("while the clock jumps by up to an hour: seed %d", async (seed) => {
    const random = randomOf(seed)
    const books = new Books(capsOf(1))
    let jumpMs = 0
    const nowMs = () => BASE_MS + jumpMs
    const store = bookedStore(books, { nowMs })
    const guarded = guardedOf(opened(policyWith(1), store, { nowMs }), upstreamOf(books, random))
    const jumping = setInterval(() => {
      jumpMs = Math.floor((random() * 2 - 1) * 3_600_000)
    }, 3)
    await many(() => oneCall(books, guarded, random))
    await guarded.idle()
    clearInterval(jumping)
    expect(books.check(store.ledger, ["tokens"])).toEqual([])
  })

  it.each(seeds)("while the store loses, repeats and delays: seed %d", async (seed) => {
    const random = randomOf(seed)
    const books = new Books(capsOf(1))
    let isOver = false
    const store = bookedStore(books, {
      delay: async () => {
        await sleep(random() * 3)
        const fate = isOver ? 1 : random()
        if (fate < 0.01) await sleep(300)
        if (fate < 0.02) return "lose-command"
        return fate < 0.04 ? "lose-answer" : fate < 0.1 ? "twice" : "pass"
      },
    })
    const spendfuse = opened(policyWith(1), store, { storeDeadlineMs: 200 })
    const guarded = guardedOf(spendfuse, upstreamOf(books, random))
    await many(() => oneCall(books, guarded, random))
    await guarded.idle()
    isOver = true
    const other = { subject: { apiKey: "other", org: "other" }, amounts: {} }
    for (let turn = 0; turn < 600 && books.check(store.ledger).length > 0; turn += 1) {
      await sleep(50)
      const decision = await spendfuse.reserve(other)
      if (decision.allowed) await decision.release()
    }
    expect(books.check(store.ledger)).toEqual([])
    expect(books.booked.size).toBeGreaterThan(CALLS / 4)
  })
})
