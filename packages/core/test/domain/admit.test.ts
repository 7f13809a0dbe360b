import { describe, expect, it } from "vitest"
import { AMOUNT_MAX, type BlockingEffect, type Line, type Reserve } from "../../src/domain.ts"
import {
  blockAt,
  charge,
  extend,
  HOUR,
  hourLine,
  person,
  Room,
  reserve,
  settle,
  T0,
  termsOf,
  tierOf,
  usd,
} from "../attack/make.ts"

const MINUTE = 60_000
const SECOND = 1_000
const trip: BlockingEffect = {
  kind: "trip",
  coolDownMs: MINUTE,
  maxCoolDownMs: MINUTE,
  probation: { allow: 20, forMs: MINUTE },
}
const line = hourLine(termsOf([blockAt(100)]))
const other = hourLine(termsOf([blockAt(100)]), T0, "b/other")
const lined = (effect: BlockingEffect): Line => hourLine(termsOf([blockAt(100, effect)]))

const ask = (
  room: Room,
  amount: number,
  { atMs = T0, lines = [line] as readonly Line[], ...more }: Asking = {},
) => room.do(atMs, reserve(lines, amount, atMs, more))
type Asking = Partial<Reserve> & { readonly atMs?: number }
const spend = (room: Room, amount: number, { atMs = T0, of = line } = {}) =>
  room.do(atMs, charge([of], amount))
const grantOf = (room: Room, base: number, each: number, units: Reserve["units"], lines = [line]) =>
  ask(room, base, { perUnit: usd(each), units, lines }).outcome

describe("a refusal names its obstacle", () => {
  const obstacle = { kind: "line", account: "b/k", settled: 0, held: 0, cap: 100, remaining: 100 }
  const refused = (room: Room, amount: number, more: Asking = {}) => {
    const { outcome } = ask(room, amount, more)
    if (outcome.kind !== "refused") throw new Error(outcome.kind)
    expect(outcome.reason).toBe(outcome.obstacles[0]?.reason)
    expect(outcome.untilMs).toBe(outcome.obstacles[0]?.untilMs)
    return outcome.obstacles
  }
  it("latched: none but a person ends it", () => {
    const room = new Room()
    const lines = [lined({ kind: "latch" })]
    room.do(T0, charge(lines, 120))
    const met = { ...obstacle, reason: "latched", settled: 120, remaining: 0, untilMs: null }
    expect(refused(room, 0, { lines })).toEqual([met])
  })
  it("open: until its cool-down is over", () => {
    const room = new Room()
    spend(room, 30)
    room.do(T0, { kind: "trip", account: "b/k", coolDownMs: MINUTE, ...person })
    const met = { ...obstacle, reason: "open", settled: 30, remaining: 70, untilMs: T0 + MINUTE }
    expect(refused(room, 0)).toEqual([met])
  })
  it("too large: for an empty meter, and no time helps", () => {
    const met = { ...obstacle, reason: "too-large", untilMs: null }
    expect(refused(new Room(), 101)).toEqual([met])
    expect(ask(new Room(), 100).outcome.kind).toBe("reserved")
  })
  it("exhausted: until the period ends", () => {
    const room = new Room()
    spend(room, 30)
    const met = { ...obstacle, reason: "exhausted", settled: 30, remaining: 70 }
    expect(refused(room, 71)).toEqual([{ ...met, untilMs: T0 + HOUR }])
    expect(ask(room, 70).outcome.kind).toBe("reserved")
  })
  it("exhausted: of a lifetime, for good", () => {
    const life = hourLine(termsOf([blockAt(100)], { window: "life", idleMs: HOUR }))
    const forever = { startMs: 0, endMs: 8_640_000_000_000_000, keptUntilMs: 8_640_000_000_000_000 }
    const lines = [{ ...life, period: forever }]
    const room = new Room()
    room.do(T0, charge(lines, 30))
    expect(refused(room, 71, { lines })).toMatchObject([{ reason: "exhausted", untilMs: null }])
  })
  it("on probation: until that is over, with what is held beside what is settled", () => {
    const room = new Room()
    room.do(T0 + HOUR - MINUTE, charge([lined(trip)], 100))
    const atMs = T0 + HOUR
    const lines = [{ ...lined(trip), period: hourLine(line.terms, atMs).period }]
    ask(room, 10, { atMs, lines })
    room.do(atMs, charge(lines, 5))
    const met = { ...obstacle, reason: "probation", settled: 5, held: 10, remaining: 85 }
    expect(refused(room, 6, { atMs, lines })).toEqual([{ ...met, untilMs: atMs + MINUTE }])
    expect(ask(room, 5, { atMs, lines }).outcome.kind).toBe("reserved")
    room.do(atMs, charge(lines, 3))
    // Above the allowance, what costs nothing needs no room.
    expect(ask(room, 0, { atMs, lines }).outcome.kind).toBe("reserved")
  })
  it("degraded: until the period ends, but not via a fallback of the tier", () => {
    const lines = [hourLine(termsOf([tierOf(50, { degrade: ["x", "y"] }), blockAt(100)]))]
    const room = new Room()
    room.do(T0, charge(lines, 50))
    const met = { ...obstacle, reason: "degraded", settled: 50, remaining: 50 }
    expect(refused(room, 0, { lines })).toEqual([{ ...met, untilMs: T0 + HOUR }])
    expect(refused(room, 0, { lines, via: "z" })).toHaveLength(1)
    expect(ask(room, 0, { lines, via: "y" }).outcome.kind).toBe("reserved")
  })
  it("busy: until the first hold on this very meter expires", () => {
    const room = new Room()
    const until = (minutes: number) => ({ expiresAtMs: T0 + minutes * MINUTE })
    ask(room, 40, until(30))
    ask(room, 30, until(20))
    const tokens = hourLine(termsOf([blockAt(100)], { unit: "tokens" }))
    // None of these holds anything on it: another account, unit, hour, window, nothing, or all of it settled.
    ask(room, 30, { ...until(1), lines: [other] })
    ask(room, 0, { ...until(2), lines: [tokens], base: { usd: 9, tokens: 9, requests: 0 } })
    ask(room, 9, { ...until(6), lines: [hourLine(termsOf([], { window: "day UTC" }))] })
    ask(room, 30, { ...until(3), lines: [hourLine(line.terms, T0 + HOUR)] })
    ask(room, 0, until(4))
    const { n } = ask(room, 20, until(5))
    room.do(T0, settle(n, 20, 1, false))
    const met = { ...obstacle, reason: "busy", settled: 20, held: 70, remaining: 10 }
    expect(refused(room, 11)).toEqual([{ ...met, untilMs: T0 + 20 * MINUTE }])
    expect(ask(room, 10).outcome.kind).toBe("reserved")
  })
})

describe("of several obstacles", () => {
  const off = (room: Room, untilMs: number | null) =>
    room.do(T0, { kind: "switch", switch: "k=1", state: "off", untilMs, ...person })
  const lines = [line, other]
  const full = (): Room => {
    const room = new Room()
    room.do(T0, charge(lines, 60))
    return room
  }
  it("all are named, the first reason in order is the reason, and the latest end is the end", () => {
    const room = full()
    ask(room, 40, { expiresAtMs: T0 + MINUTE })
    const both = ask(room, 41, { lines }).outcome
    expect(both).toMatchObject({ reason: "exhausted", untilMs: T0 + HOUR })
    const mixed = ask(room, 40, { lines: [line, hourLine(other.terms, T0, "b/free")] }).outcome
    expect(mixed).toMatchObject({ reason: "busy", untilMs: T0 + MINUTE })
    off(room, T0 + 2 * HOUR)
    const all = ask(room, 41, { lines, switches: ["k=1"] }).outcome
    expect(all).toMatchObject({
      reason: "switched-off",
      untilMs: T0 + 2 * HOUR,
      obstacles: [
        { kind: "switch", switch: "k=1", reason: "switched-off", untilMs: T0 + 2 * HOUR },
        { account: "b/k", reason: "exhausted" },
        { account: "b/other", reason: "exhausted" },
      ],
    })
    off(room, null)
    expect(ask(room, 41, { lines, switches: ["k=1"] }).outcome).toMatchObject({ untilMs: null })
  })
  it("the stronger one is the reason wherever it stands", () => {
    const room = full()
    ask(room, 40)
    for (const turned of [lines, [other, line]])
      expect(ask(room, 41, { lines: turned }).outcome).toMatchObject({ reason: "exhausted" })
    room.do(T0, { kind: "trip", account: "b/other", coolDownMs: MINUTE, ...person })
    for (const turned of [lines, [other, line]])
      expect(ask(room, 40, { lines: turned }).outcome).toMatchObject({ reason: "open" })
  })
  it("none holds anything anywhere", () => {
    const room = full()
    spend(room, 30)
    expect(ask(room, 20, { lines }).outcome.kind).toBe("refused")
    expect(room.meter("b/other")).toMatchObject({ settled: 60, held: 0 })
  })
})

describe("the grant", () => {
  const units = (most: number, least = 0) => ({ least, most })
  it.each([
    ["is all that is asked, where there is room", 10, 1, units(50), 50],
    ["is what fits beside the base", 10, 1, units(99), 60],
    ["is in whole units", 10, 7, units(99), 8],
    ["is all where a unit costs nothing", 10, 0, units(99), 99],
    ["is the least where just that fits", 10, 1, units(99, 60), 60],
  ])("%s", (_, base, each, asked, granted) => {
    const room = new Room()
    spend(room, 20)
    ask(room, 10)
    expect(grantOf(room, base, each, asked)).toEqual({ kind: "reserved", granted })
  })
  it("is bound by the tightest line, and by none that observes or has no cap", () => {
    const room = new Room()
    room.do(T0, charge([other], 70))
    const free = hourLine(termsOf([]), T0, "b/free")
    const watched = hourLine(termsOf([blockAt(5)], { observe: true }), T0, "b/watched")
    const lines = [line, other, free, watched]
    expect(grantOf(room, 0, 1, units(99), lines)).toMatchObject({ granted: 30 })
    expect(grantOf(room, 0, 1, units(99), [free])).toMatchObject({ granted: 99 })
    expect(grantOf(room, 0, 1, units(99), [watched])).toMatchObject({ granted: 99 })
  })
  it("keeps to what probation allows", () => {
    const lines = [lined(trip)]
    const room = new Room()
    const late = T0 + HOUR - MINUTE
    room.do(late, charge(lines, 100))
    const next = [{ ...lined(trip), period: hourLine(line.terms, T0 + HOUR).period }]
    const atMs = T0 + HOUR
    const more = { atMs, lines: next, perUnit: usd(1), units: units(99) }
    expect(ask(room, 5, more).outcome).toEqual({ kind: "reserved", granted: 15 })
  })
})

describe("a hold that no amount can say", () => {
  const free = hourLine(termsOf([]))
  it.each(["usd", "tokens", "requests"] as const)("is an error: of %s", (unit) => {
    const more = { lines: [free], units: { least: 1, most: 1 } }
    const perUnit = { usd: 0, tokens: 0, requests: 0, [unit]: 1 }
    const at = (base: number) =>
      ask(new Room(), 0, { ...more, perUnit, base: { ...usd(0), [unit]: base } }).outcome
    expect(at(AMOUNT_MAX)).toMatchObject({
      error: "overflow",
      detail: `the hold in \`${unit}\` would pass 2^53 − 1`,
    })
    expect(at(AMOUNT_MAX - 1).kind).toBe("reserved")
  })
  it("is an error: beside what its account has", () => {
    const room = new Room()
    spend(room, 2, { of: free })
    ask(room, 3, { lines: [free] })
    expect(ask(room, AMOUNT_MAX - 4, { lines: [free] }).outcome).toMatchObject({
      error: "overflow",
      detail: "account `b/k` would pass 2^53 − 1",
    })
    expect(ask(room, AMOUNT_MAX - 5, { lines: [free] }).outcome.kind).toBe("reserved")
  })
})

describe("refusals of a loop count", () => {
  const wide = hourLine(termsOf([{ ...blockAt(1_000), effect: { kind: "latch" } }]))
  const lines = [wide]
  const latches = (room: Room, more: Asking = {}, amount = 500): boolean => {
    ask(room, amount, { lines, ...more })
    return room.ledger.accounts.get("b/k")?.circuit.state === "latched"
  }
  const spent = (amount: number): Room => {
    const room = new Room()
    room.do(T0, charge(lines, amount))
    return room
  }
  it("as reaching the level at once where less than a hundredth is left", () => {
    expect(latches(spent(990))).toBe(false)
    expect(latches(spent(991))).toBe(true)
  })
  it.each([
    [900, 0, 10],
    [899, 0, null],
    [900, 8, 2],
    [900, 9, 1],
    [900, 3, 3],
  ])(
    "as reaching it at the tenth, from nine tenths on: at %i with %i swallowed",
    (at, swallowed, nth) => {
      const room = spent(at)
      const reached = [...Array(12).keys()].findIndex((n) =>
        latches(room, { atMs: T0 + n * SECOND, swallowed }),
      )
      expect(reached).toBe(nth === null ? -1 : nth - 1)
    },
  )
  it("once a second, in either direction of time", () => {
    const room = spent(900)
    const counted = () => room.meter()?.notes.refusals
    for (const [later, count] of [
      [5 * SECOND, 1],
      [6 * SECOND - 1, 1],
      [6 * SECOND, 2],
      [5 * SECOND + 1, 2],
      [5 * SECOND, 3],
    ] as const) {
      latches(room, { atMs: T0 + later })
      expect(counted()).toBe(count)
    }
    latches(room, { atMs: T0 + 20 * SECOND, swallowed: 2_000_000 })
    expect(counted()).toBe(1_000_000)
  })
  it("not while a switch or circuit refuses anyway", () => {
    const room = spent(991)
    room.do(T0, { kind: "switch", switch: "k=1", state: "off", untilMs: null, ...person })
    expect(latches(room, { switches: ["k=1"] })).toBe(false)
    room.do(T0, { kind: "trip", account: "b/other", coolDownMs: MINUTE, ...person })
    expect(latches(room, { lines: [wide, other] })).toBe(false)
    expect(room.meter()?.notes).toMatchObject({ refusals: 0, said: [] })
    expect(latches(room)).toBe(true)
  })
  it("nowhere for a request that no empty meter would admit", () => {
    expect(latches(spent(991), {}, 1_001)).toBe(false)
  })
})

describe("a meter that refuses for `busy`", () => {
  it("and has admitted nothing for a minute says so", () => {
    const room = new Room()
    ask(room, 100)
    const names = (later: number) => ask(room, 1, { atMs: T0 + later }).names
    expect(names(5 * SECOND)).toEqual([])
    expect(names(65 * SECOND - 1)).toEqual([])
    expect(names(65 * SECOND)).toEqual(["refusing b"])
    expect(names(66 * SECOND)).toEqual([])
  })
  it("counts from the earliest such refusal, and anew from an admission on", () => {
    const room = new Room()
    ask(room, 100)
    const since = () => room.meter()?.notes.busySinceMs
    ask(room, 1, { atMs: T0 + 5 })
    expect(since()).toBe(T0 + 5)
    ask(room, 1, { atMs: T0 + 3 })
    expect(since()).toBe(T0 + 3)
    ask(room, 1, { atMs: T0 + 9 })
    expect(since()).toBe(T0 + 3)
    ask(room, 0, { atMs: T0 + 9 })
    expect(since()).toBeNull()
  })
})

describe("a refusal by a meter above its cap", () => {
  const lower = hourLine(termsOf([blockAt(50)]))
  it("tells that, not where it is just full", () => {
    const told = (held: number) => {
      const room = new Room()
      ask(room, held)
      return ask(room, 1, { lines: [lower] }).names
    }
    expect(told(50)).toEqual([])
    expect(told(51)).toEqual(["overshoot b"])
  })
})

describe("what raises a reservation", () => {
  it("is judged in a sliding window where that was made, what is new at its own instant", () => {
    const sliding = termsOf([blockAt(100)], {
      window: "sliding",
      slidingMs: HOUR,
      bucketMs: MINUTE,
    })
    const slide = (atMs: number): Line => ({
      ...hourLine(sliding),
      period: { startMs: atMs, endMs: atMs + HOUR + MINUTE, keptUntilMs: atMs + 2 * HOUR },
    })
    const room = new Room()
    room.do(T0, charge([slide(T0)], 60))
    const made = T0 + 30 * MINUTE
    const { n } = ask(room, 10, { atMs: made, lines: [slide(made)], expiresAtMs: made + 2 * HOUR })
    const atMs = T0 + 70 * MINUTE
    expect(room.do(atMs, extend(n, 31, atMs)).outcome.kind).toBe("refused")
    expect(ask(room, 90, { atMs, lines: [slide(atMs)] }).outcome.kind).toBe("reserved")
  })
})
