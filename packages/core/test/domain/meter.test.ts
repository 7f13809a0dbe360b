import { describe, expect, it } from "vitest"
import { type Bucket, type Meter, NO_NOTES, type Notes } from "../../src/domain/ledger.ts"
import {
  capOf,
  emptyMeter,
  firedUpTo,
  fitsFrom,
  highestFired,
  isIdle,
  isMeterOf,
  labelOf,
  markReached,
  meterStart,
  reached,
  rearm,
  seenBy,
  settledAt,
} from "../../src/domain/meter.ts"
import { FOREVER_MS } from "../../src/domain/time.ts"
import type { Line, Terms, TierTerms } from "../../src/domain.ts"
import { AMOUNT_MAX } from "../../src/domain.ts"
import { blockAt, HOUR, hourLine, T0, termsOf, tierOf } from "../attack/make.ts"

const sliding = (tiers: readonly TierTerms[] = []): Terms =>
  termsOf(tiers, { window: "sliding", slidingMs: 100, bucketMs: 10 })
const life = termsOf([], { window: "life", idleMs: 50 })
const plain = termsOf([])

const meterOf = (terms: Terms, notes: Partial<Notes> = {}, more: Partial<Meter> = {}): Meter => ({
  ...emptyMeter(hourLine(terms), T0),
  notes: { ...NO_NOTES, ...notes },
  ...more,
})
const bucket = (endMs: number, settled: number): Bucket => ({
  period: { startMs: endMs - 110, endMs, keptUntilMs: endMs + 100 },
  settled,
})
const mark = (at: number, fired: number, repeat = 0, arming = 0) => ({ at, repeat, fired, arming })

describe("a new meter", () => {
  it("has its line's period, or all time where it slides", () => {
    const line = hourLine(plain)
    expect(emptyMeter(line, 7)).toEqual({
      period: line.period,
      terms: plain,
      settled: 0,
      held: 0,
      notes: NO_NOTES,
      usedAtMs: 0,
      bornAtMs: 0,
    })
    expect(emptyMeter(hourLine(sliding()), 7)).toMatchObject({
      period: { startMs: 0, endMs: FOREVER_MS, keptUntilMs: FOREVER_MS },
      usedAtMs: 7,
      bornAtMs: 7,
    })
    expect(emptyMeter(hourLine(life), 7)).toMatchObject({ usedAtMs: 7, bornAtMs: 7 })
    expect([meterStart(line), meterStart(hourLine(sliding()))]).toEqual([T0, 0])
  })
  it("is that of lines of the same start, unit and window, whatever else they say", () => {
    const meter = meterOf(plain)
    const others: readonly (readonly [Line, boolean])[] = [
      [hourLine(termsOf([blockAt(9)], { limit: 9 })), true],
      [hourLine(plain, T0 + HOUR), false],
      [hourLine(termsOf([], { unit: "tokens" })), false],
      [hourLine(termsOf([], { window: "day UTC" })), false],
    ]
    for (const [line, is] of others) expect(isMeterOf(meter, line)).toBe(is)
  })
})

describe("a meter is idle", () => {
  it.each([
    ["a lifetime", "at its idle time", life, 50, {}, true],
    ["a lifetime", "not before", life, 49, {}, false],
    ["a lifetime", "whatever it spent", life, 50, { settled: 5 }, true],
    ["a lifetime", "not while something is held", life, 50, { held: 1 }, false],
    ["a sliding window", "at three of its lengths", sliding(), 300, {}, true],
    ["a sliding window", "not before", sliding(), 299, {}, false],
    ["a sliding window", "not while something is held", sliding(), 300, { held: 1 }, false],
    ["an hour", "never", plain, 9_999 * HOUR, {}, false],
  ] as const)("%s: %s", (_, __, terms, later, more, is) => {
    expect(isIdle(meterOf(terms, {}, more), T0 + later)).toBe(is)
  })
  it("a sliding window: not while something of it counts", () => {
    const meter = meterOf(sliding(), { buckets: [bucket(T0 + 400, 1)] })
    expect([isIdle(meter, T0 + 399), isIdle(meter, T0 + 400)]).toEqual([false, true])
  })
})

describe("a sliding window", () => {
  const notes = { buckets: [bucket(T0 + 30, 4), bucket(T0 + 10, 1), bucket(T0 + 20, 2)] }
  const meter = meterOf(sliding(), notes, { settled: 99 })

  it("counts a bucket until its end", () => {
    const counted = [0, 9, 10, 19, 20, 29, 30].map((later) => settledAt(meter, T0 + later))
    expect(counted).toEqual([7, 7, 6, 6, 4, 4, 0])
    const full = { buckets: [bucket(T0 + 9, AMOUNT_MAX), bucket(T0 + 8, AMOUNT_MAX)] }
    expect(settledAt(meterOf(sliding(), full), T0)).toBe(AMOUNT_MAX)
    expect(settledAt(meterOf(plain, notes, { settled: 99 }), T0)).toBe(99)
  })
  it.each([
    [3, 10, 0, 10],
    [4, 10, 0, 10],
    [5, 10, 0, 20],
    [6, 10, 0, 20],
    [7, 10, 0, 30],
    [10, 10, 0, 30],
    [11, 10, 0, null],
    [4, 10, 10, 20],
    [4, 10, 20, 30],
    [4, 10, 30, null],
  ])(
    "%i fit under %i from the end of the first bucket that leaves enough",
    (cost, cap, at, end) => {
      expect(fitsFrom(meter, cost, cap, T0 + at)).toBe(end === null ? null : T0 + end)
    },
  )
})

describe("the cap", () => {
  it("is the lowest blocking level that nobody has acknowledged", () => {
    const terms = termsOf([tierOf(5), blockAt(20), { ...blockAt(10), repeat: 7 }])
    const capFor = (acknowledged: number) => capOf(meterOf(terms, { acknowledged }), terms, T0)
    expect([0, 9, 10, 16, 17, 20].map(capFor)).toEqual([10, 10, 17, 17, 20, 24])
    expect(capOf(undefined, terms, T0)).toBe(10)
    expect(capOf(undefined, termsOf([tierOf(5)]), T0)).toBe(Number.POSITIVE_INFINITY)
  })
  it("is lower where a person allowed less, for as long as that holds", () => {
    const terms = sliding([blockAt(10)])
    const allow = { amount: 12, tier: blockAt(10), fired: false }
    const meter = meterOf(terms, { acknowledged: 10, acknowledgedUntilMs: T0 + 5, allow })
    expect([4, 5].map((later) => capOf(meter, terms, T0 + later))).toEqual([12, 10])
    expect(seenBy(meter, T0 + 5)).toEqual({ acknowledged: 0, allow: null })
    const more = meterOf(terms, { acknowledged: 10, allow: { ...allow, amount: 25 } })
    expect(capOf(more, terms, T0)).toBe(20)
  })
})

describe("the levels that an amount reaches", () => {
  const terms = termsOf([tierOf(4, { percent: 4 }), tierOf(2, { repeat: 2, percent: 2 })])
  const told = (meter: Meter, amount: number) =>
    reached(meter, terms, amount).map(({ amount: at, tiers, label, passed, arming }) => [
      at,
      tiers.length,
      label,
      passed,
      arming,
    ])

  it("are of each tier the highest that is new, ascending, and one where they meet", () => {
    const meter = meterOf(terms)
    expect(told(meter, 1)).toEqual([])
    expect(told(meter, 2)).toEqual([[2, 1, "2%", 1, 0]])
    expect(told(meter, 5)).toEqual([[4, 2, "4%", 2, 0]])
    expect(told(meter, 9)).toEqual([
      [4, 1, "4%", 1, 0],
      [8, 1, "8%", 4, 0],
    ])
    const turned = { ...terms, tiers: [...terms.tiers].reverse() }
    expect(reached(meter, turned, 9)).toMatchObject([{ amount: 4 }, { amount: 8 }])
    const fired = meterOf(terms, { marks: [mark(2, 4, 2, 3), mark(4, 4, 0, 1)] })
    expect(told(fired, 5)).toEqual([])
    expect(told(fired, 10)).toEqual([[10, 1, "10%", 3, 3]])
  })
  it("and what fired is remembered by tier, and never taken back", () => {
    const meter = markReached(meterOf(terms, { marks: [mark(4, 4, 0, 1)] }), terms, 7)
    expect(meter.notes.marks).toEqual([mark(4, 4, 0, 1), mark(2, 6, 2)])
    expect(markReached(meter, terms, 3).notes.marks).toEqual(meter.notes.marks)
    expect(highestFired(meter)).toBe(6)
    const marks = [mark(2, 6, 2), mark(4, 4)]
    expect(markReached(meterOf(terms, { marks }), terms, 7).notes.marks).toEqual(marks)
    expect(markReached(meterOf(terms), terms, 3).notes.marks).toEqual([mark(2, 2, 2)])
    expect(markReached(meter, terms, 8).notes.marks).toEqual([mark(4, 4, 0, 1), mark(2, 8, 2)])
  })
  it("one that meets another is told once, by the name in percent, and with the later arming", () => {
    const meet = termsOf([tierOf(6), tierOf(3, { repeat: 3, percent: 3 })])
    const meter = meterOf(meet, { marks: [mark(6, 0, 0, 2), mark(3, 3, 3, 5)] })
    expect(reached(meter, meet, 6)).toEqual([
      { amount: 6, tiers: [meet.tiers[0], meet.tiers[1]], label: "6%", passed: 1, arming: 5 },
    ])
    const other = meterOf(meet, { marks: [mark(6, 0, 0, 7), mark(3, 0, 3, 5)] })
    expect(reached(other, meet, 6)).toMatchObject([{ label: "6%", passed: 2, arming: 7 }])
  })
  it("hold what a person allowed, once, by its amount", () => {
    const tier = tierOf(4, { percent: 4 })
    const allow = { amount: 5, tier, fired: false }
    const meter = meterOf(terms, { marks: [mark(4, 4), mark(2, 4, 2)], allow })
    expect(told(meter, 4)).toEqual([])
    expect(told(meter, 5)).toEqual([[5, 1, "0.000000005usd", 1, 0]])
    expect(markReached(meter, terms, 4).notes.allow).toEqual(allow)
    const fired = markReached(meter, terms, 5)
    expect(fired.notes.allow).toEqual({ ...allow, fired: true })
    expect(told(fired, 5)).toEqual([])
    expect([highestFired(meter), highestFired(fired)]).toEqual([4, 5])
  })
})

describe("the highest level fired up to what a person was shown", () => {
  const marks = [mark(2, 8, 2), mark(5, 0), mark(7, 7)]
  it.each([
    [1, 0],
    [2, 2],
    [3, 2],
    [5, 4],
    [7, 7],
    [8, 8],
    [99, 8],
  ])("%i: %i", (upTo, amount) => {
    expect(firedUpTo(meterOf(plain, { marks }), upTo)).toBe(amount)
  })
  it("counts what was allowed, where that has fired", () => {
    const upTo = (fired: boolean) => (at: number) =>
      firedUpTo(meterOf(plain, { allow: { amount: 5, tier: tierOf(4), fired } }), at)
    expect([4, 5, 6].map(upTo(true))).toEqual([0, 5, 5])
    expect([4, 5, 6].map(upTo(false))).toEqual([0, 0, 0])
  })
})

describe("a sliding window is armed again", () => {
  const armed = (fired: number, used: number, repeat = 0, at = fired): unknown => {
    const buckets = [bucket(T0 + 9, used)]
    const meter = meterOf(sliding(), { marks: [mark(at, fired, repeat, 3)], buckets })
    return rearm(meter, T0).notes.marks[0]
  }
  it.each([
    [10, 9, 0],
    [10, 10, 10],
    [100, 90, 0],
    [100, 91, 100],
    [11, 9, 0],
    [11, 10, 11],
    [19, 17, 0],
    [19, 18, 19],
    [1, 0, 0],
    [0, 0, 0],
  ])("%i is armed where settled + held is a tenth below: beside %i it is %i", (level, used, is) => {
    expect(armed(level, used)).toEqual(mark(level, is, 0, is === level ? 3 : 4))
  })
  it.each([
    [20, 9, 8],
    [20, 8, 8],
    [20, 10, 10],
    [20, 11, 12],
    [20, 17, 18],
    [20, 18, 18],
    [20, 19, 20],
  ])("the levels of a repeat: from %i beside %i down to %i", (fired, used, is) => {
    expect(armed(fired, used, 2, 2)).toEqual(mark(2, is, 2, is === fired ? 3 : 4))
  })
  it("counts what is held, and leaves what is not a tenth above as it is", () => {
    const marks = [mark(10, 10), mark(5, 5)]
    const meter = meterOf(sliding(), { marks }, { held: 5 })
    expect(rearm(meter, T0).notes.marks).toEqual([mark(10, 0, 0, 1), mark(5, 5)])
    expect(rearm({ ...meter, held: 10 }, T0)).toEqual({ ...meter, held: 10 })
    const hour = meterOf(plain, { marks })
    expect(rearm(hour, T0)).toBe(hour)
  })
  it("forgets an acknowledgement at its end, not before", () => {
    const allow = { amount: 7, tier: tierOf(4), fired: false }
    const notes = { acknowledged: 10, acknowledgedUntilMs: T0 + 5, allow }
    const meter = meterOf(sliding(), notes)
    expect(rearm(meter, T0 + 4)).toBe(meter)
    const gone = { acknowledged: 0, acknowledgedUntilMs: null, allow: null }
    expect(rearm(meter, T0 + 5).notes).toMatchObject(gone)
    const only = meterOf(sliding(), { ...notes, acknowledged: 0 })
    expect(rearm(only, T0 + 5).notes).toMatchObject(gone)
    const none = meterOf(sliding(), { ...notes, allow: null })
    expect(rearm(none, T0 + 5).notes).toMatchObject(gone)
  })
})

describe("the name of a level", () => {
  const usd = { limit: 100, unit: "usd" } as const
  it.each([
    [tierOf(80, { percent: 80 }), 80, usd, "80%"],
    [tierOf(80, { percent: 80, repeat: 10 }), 110, usd, "110%"],
    [tierOf(1, { percent: 100 / 3 }), 1, { ...usd, limit: 3 }, "33.3333%"],
    [tierOf(1_500_000_000), 1_500_000_000, usd, "1.5usd"],
    [tierOf(5), 5, { ...usd, unit: "tokens" as const }, "5tokens"],
  ])("of %o at %i", (tier, level, terms, label) => {
    expect(labelOf(tier, terms, level)).toBe(label)
  })
})
