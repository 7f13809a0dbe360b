import type { Account, DomainEvent, Meter, Terms } from "@spendfuse/core/domain"
import { CLOSED, FOREVER_MS, NO_NOTES } from "@spendfuse/core/domain"
import { describe, expect, it } from "vitest"
import { burnOf, earlierFrom, Looks } from "../../src/operator/burn.ts"
import { judgedOf } from "../../src/operator/judged.ts"

const START_MS = Date.parse("2026-01-15T10:00:00Z")
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

const terms: Terms = {
  id: "t",
  budget: "hour",
  unit: "requests",
  limit: 100,
  observe: false,
  window: "hour UTC",
  slidingMs: 0,
  bucketMs: 0,
  idleMs: 0,
  tiers: [
    {
      at: 100,
      repeat: 100,
      effect: { kind: "block" },
      degrade: null,
      notify: [],
      message: "",
      percent: 100,
      escalateAfterMs: 0,
    },
  ],
}

const accountOf = (settled: number, more: Partial<Meter> = {}): Account => ({
  key: "hour/k1",
  division: "*",
  circuit: CLOSED,
  meters: [
    {
      period: { startMs: START_MS, endMs: START_MS + HOUR_MS, keptUntilMs: START_MS + 2 * HOUR_MS },
      terms,
      settled,
      held: 0,
      notes: NO_NOTES,
      usedAtMs: 0,
      bornAtMs: 0,
      ...more,
    },
  ],
})

const at = (minutes: number): number => START_MS + minutes * MINUTE_MS

const eventOf = (settled: number, minutes: number, periodStartMs = START_MS): DomainEvent =>
  ({
    kind: "refusing",
    account: "hour/k1",
    settled,
    atMs: at(minutes),
    periodStartMs,
  }) as DomainEvent

describe("the pace of an account", () => {
  it("is the mean since the period began, where nothing else is known", () => {
    const judged = judgedOf(accountOf(40), at(20))
    expect(burnOf(judged, at(20))).toEqual({
      perMinute: 2,
      sinceMs: START_MS,
      toCapMs: 30 * MINUTE_MS,
    })
  })

  it("is that of the last minutes, where an event of the same meter tells an earlier amount", () => {
    const judged = judgedOf(accountOf(70), at(20))
    const events = [
      eventOf(3, 1),
      eventOf(10, 8),
      eventOf(60, 10, START_MS - HOUR_MS),
      eventOf(60, 18),
    ]
    expect(burnOf(judged, at(20), earlierFrom(events, at(20))(judged))).toEqual({
      perMinute: 5,
      sinceMs: at(8),
      toCapMs: 6 * MINUTE_MS,
    })
    const young = earlierFrom([eventOf(69, 19.5)], at(20))(judged)
    expect(young).toBeUndefined()
  })

  it("is that of the looks of the last five minutes, while it is watched", () => {
    const looks = new Looks()
    const see = (settled: number, minutes: number) =>
      looks.see(judgedOf(accountOf(settled), at(minutes)), at(minutes))
    expect(see(0, 10)).toBeUndefined()
    expect(see(1, 10.1)).toBeUndefined()
    expect(see(10, 12)).toEqual({ settled: 0, atMs: at(10) })
    expect(see(20, 16)).toEqual({ settled: 10, atMs: at(12) })
  })

  it("of a sliding window is that of its buckets", () => {
    const sliding = { ...terms, window: "sliding", slidingMs: HOUR_MS, bucketMs: 5 * MINUTE_MS }
    const bucket = { period: { startMs: at(10), endMs: at(75), keptUntilMs: at(135) }, settled: 30 }
    const account = accountOf(0, {
      terms: sliding,
      period: { startMs: 0, endMs: FOREVER_MS, keptUntilMs: FOREVER_MS },
      notes: { ...NO_NOTES, buckets: [bucket] },
    })
    const judged = judgedOf(account, at(20))
    expect(burnOf(judged, at(20))).toMatchObject({ perMinute: 3, sinceMs: at(10) })
    expect(judged.periodEndMs).toBeNull()
  })

  it("is not told of a period that nobody has used, nor a cap of a latch", () => {
    const over = judgedOf(accountOf(40), at(90))
    expect(over.view).toMatchObject({ settled: 0, cap: 100, remaining: 100 })
    expect(burnOf(over, at(90))).toBeNull()
    const open = accountOf(40)
    const latched: Account = {
      ...open,
      circuit: {
        state: "latched",
        generation: 1,
        observed: false,
        told: [],
        causeStartMs: null,
      } as unknown as Account["circuit"],
    }
    expect(burnOf(judgedOf(latched, at(20)), at(20))).toMatchObject({ perMinute: 2, toCapMs: null })
  })
})
