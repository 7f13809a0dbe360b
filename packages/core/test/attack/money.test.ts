import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Line, periodAt, type Terms } from "../../src/domain.ts"
import {
  acknowledge,
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
} from "./make.ts"

const SLIDING = { kind: "sliding", lengthMs: HOUR, buckets: 12 } as const
const slidingTerms = (tiers = [blockAt(100)]): Terms =>
  termsOf(tiers, { window: "sliding", slidingMs: HOUR, bucketMs: HOUR / 12 })
const slidingLine = (terms: Terms, atMs: number): Line => ({
  account: "b/k",
  division: "*",
  period: periodAt(SLIDING, atMs),
  terms,
})
const lifeLine = (terms: Terms): Line => ({
  account: "b/k",
  division: "*",
  period: periodAt({ kind: "lifetime", idleMs: HOUR }, 0),
  terms,
})

describe("acknowledgement", () => {
  it("§3 an acknowledgement of a sliding window lasts one such length", () => {
    const room = new Room()
    const terms = slidingTerms([blockAt(100, { kind: "latch" })])
    room.do(T0, charge([slidingLine(terms, T0)], 100))
    expect(room.do(T0, acknowledge(slidingLine(terms, T0), 100)).outcome.kind).toBe("acknowledged")
    for (let hour = 1; hour <= 5; hour += 1) {
      const at = T0 + hour * HOUR + hour * 600_000
      room.do(at, charge([slidingLine(terms, at)], 1))
    }
    const at = T0 + 6 * HOUR
    // Five hours later the cap is 100 again.
    expect(room.do(at, reserve([slidingLine(terms, at)], 150, at)).outcome).toMatchObject({
      kind: "refused",
      reason: "too-large",
    })
  })
  it("§5 `allow` is the cap also where the level was reached by refusals below it", () => {
    const room = new Room()
    const line = hourLine(termsOf([blockAt(100, { kind: "latch" })]))
    room.do(T0, charge([line], 90))
    for (let i = 0; i < 10; i += 1) room.do(T0 + i * 1_000, reserve([line], 11, T0))
    expect(room.ledger.accounts.get("b/k")?.circuit.state).toBe("latched")
    room.do(T0 + 20_000, acknowledge(line, 100, { allow: 5 }))
    // 90 + 5 = 95 is the next level: 6 more must not be admitted, and surely not 100.
    expect(room.do(T0 + 21_000, reserve([line], 100, T0)).outcome.kind).toBe("refused")
    expect(room.do(T0 + 22_000, reserve([line], 5, T0)).outcome.kind).toBe("reserved")
    expect(room.do(T0 + 23_000, reserve([line], 1, T0)).outcome.kind).toBe("refused")
  })
  it("§5 a later `allow` takes the place of one not reached yet, also where it passes the next level", () => {
    const room = new Room()
    const line = hourLine(termsOf([blockAt(100, { kind: "latch" })]))
    room.do(T0, charge([line], 100))
    room.do(T0, acknowledge(line, 100, { allow: 5 }))
    room.do(T0, acknowledge(line, 100, { allow: 500 }))
    expect(room.do(T0, reserve([line], 50, T0)).outcome.kind).toBe("reserved")
  })
  it("§5 with the circuit closed and nothing reached an Acknowledge with `allow` changes nothing", () => {
    const room = new Room()
    const line = hourLine(termsOf([blockAt(100, { kind: "latch" })]))
    room.do(T0, charge([line], 10))
    expect(room.do(T0, acknowledge(line, 10, { allow: 5 })).outcome.kind).toBe(
      "nothing-to-acknowledge",
    )
    expect(room.do(T0, reserve([line], 50, T0)).outcome.kind).toBe("reserved")
  })
  it("§5 a later generation is not touched, also after the account was forgotten in between", () => {
    const room = new Room()
    const terms = termsOf([
      blockAt(100, { kind: "trip", coolDownMs: 60_000, maxCoolDownMs: 60_000, probation: null }),
    ])
    room.do(T0, charge([hourLine(terms)], 100))
    const shown = room.ledger.accounts.get("b/k")?.circuit.generation ?? 0
    // Other traffic for hours: the account is closed, empty, and forgotten.
    for (let i = 0; i < 400; i += 1)
      room.do(T0 + HOUR + i * 60_000, { kind: "expire" }, { source: `e${i}`, n: 1 })
    const at = T0 + 10 * HOUR
    room.do(at, charge([hourLine(terms, at)], 100))
    expect(room.ledger.accounts.get("b/k")?.circuit.state).toBe("open")
    room.do(at, acknowledge(hourLine(terms, at), 100, { generation: shown }))
    expect(room.ledger.accounts.get("b/k")?.circuit.state).toBe("open")
  })
  it("§8 ids are of one fact: no circuit event's id comes twice, forgotten account or not", () => {
    const room = new Room()
    const terms = termsOf([
      blockAt(100, { kind: "trip", coolDownMs: 60_000, maxCoolDownMs: 60_000, probation: null }),
    ])
    const first = room
      .do(T0, charge([hourLine(terms)], 100))
      .events.filter((e) => e.kind === "circuit")
    for (let i = 0; i < 400; i += 1)
      room.do(T0 + HOUR + i * 60_000, { kind: "expire" }, { source: `e${i}`, n: 1 })
    const at = T0 + 10 * HOUR
    const second = room
      .do(at, charge([hourLine(terms, at)], 100))
      .events.filter((e) => e.kind === "circuit")
    expect(second[0]?.id).not.toBe(first[0]?.id)
  })
})

describe("latched means latched", () => {
  it("I6 a late settle under observing terms does not weaken an enforced latch", () => {
    const room = new Room()
    const enforce = termsOf([blockAt(100, { kind: "latch" })])
    const observe = termsOf([blockAt(100, { kind: "latch" })], { observe: true })
    const { n } = room.do(T0, reserve([hourLine(observe)], 150, T0))
    room.do(T0, charge([hourLine(enforce)], 100))
    expect(room.do(T0, reserve([hourLine(enforce)], 0, T0)).outcome).toMatchObject({
      reason: "latched",
    })
    room.do(T0, settle(n, 150))
    expect(room.do(T0, reserve([hourLine(enforce)], 0, T0)).outcome).toMatchObject({
      reason: "latched",
    })
  })
  it("I6 a late settle under observing terms does not end an operator's Trip", () => {
    const room = new Room()
    const trip = { kind: "trip", coolDownMs: 10, maxCoolDownMs: 10, probation: null } as const
    const enforce = termsOf([blockAt(1_000)])
    const observe = termsOf([blockAt(100, trip)], { observe: true })
    const { n } = room.do(T0, reserve([hourLine(observe)], 150, T0))
    room.do(T0, { kind: "trip", account: "b/k", coolDownMs: 600_000, ...person })
    room.do(T0, settle(n, 150))
    expect(room.do(T0, reserve([hourLine(enforce)], 1, T0)).outcome).toMatchObject({
      reason: "open",
    })
  })
  it("§5 a late settle of a period that is over does not re-open a circuit on probation", () => {
    const room = new Room()
    const trip = {
      kind: "trip",
      coolDownMs: 60_000,
      maxCoolDownMs: 480_000,
      probation: { allow: 10, forMs: 600_000 },
    } as const
    const terms = termsOf([blockAt(100, trip)])
    const late = T0 + HOUR - 120_000
    const { n } = room.do(late, reserve([hourLine(terms)], 20, late))
    room.do(late, charge([hourLine(terms)], 80))
    room.do(late, { kind: "trip", account: "b/k", coolDownMs: 1, ...person })
    room.do(late, acknowledge(hourLine(terms), 0))
    room.do(late, charge([hourLine(terms)], 20))
    expect(room.ledger.accounts.get("b/k")?.circuit.state).toBe("open")
    const next = T0 + HOUR + 1_000
    // The new hour, on probation from 0.
    expect(room.do(next, reserve([hourLine(terms, next)], 1, next)).outcome.kind).toBe("reserved")
    expect(room.ledger.accounts.get("b/k")?.circuit.state).toBe("half-open")
    room.do(next, settle(n, 15))
    expect(room.ledger.accounts.get("b/k")?.circuit.state).toBe("half-open")
  })
})

describe("sliding windows", () => {
  it("§3 no interval of the length exceeds the cap, an Extend included", () => {
    const room = new Room()
    const terms = slidingTerms()
    const first = room.do(
      T0 - 55 * 60_000,
      reserve([slidingLine(terms, T0 - 55 * 60_000)], 90, T0 - 55 * 60_000),
    )
    room.do(T0 - 55 * 60_000, settle(first.n, 90))
    const { n } = room.do(T0, reserve([slidingLine(terms, T0)], 10, T0, { expiresAtMs: T0 + HOUR }))
    const at = T0 + 15 * 60_000
    // By the time of reservation, T0 − 55 min to T0 would hold 90 + 100.
    expect(room.do(at, extend(n, 90, at)).outcome).toMatchObject({ kind: "refused" })
  })
  it("§2 a sliding meter's sum of all time is no bound: it does not overflow by age", () => {
    const room = new Room()
    const limit = 9_000_000_000_000_000
    const terms = slidingTerms([blockAt(limit)])
    for (let hour = 0; hour < 12; hour += 3) {
      const at = T0 + hour * HOUR
      room.do(at, charge([slidingLine(terms, at)], limit / 3))
    }
    const at = T0 + 24 * HOUR
    expect(room.do(at, reserve([slidingLine(terms, at)], 1_000, at)).outcome.kind).toBe("reserved")
  })
  it("§5 settled never falls below 0: an Adjust of one bucket takes no more than it has", () => {
    const room = new Room()
    const terms = slidingTerms()
    room.do(T0, charge([slidingLine(terms, T0)], 40))
    const at = T0 + 20 * 60_000
    room.do(at, charge([slidingLine(terms, at)], 10))
    const { outcome } = room.do(at, {
      kind: "adjust",
      line: slidingLine(terms, at),
      amount: -30,
      ...person,
    })
    expect(outcome).toEqual({ kind: "adjusted", settled: 40 })
    const sum = room.meter()?.notes.buckets.reduce((total, { settled }) => total + settled, 0)
    expect(room.meter()?.settled).toBe(sum)
  })
  it("§5 a level is armed again when settled + held is 10 % below it, at equality too", () => {
    const room = new Room()
    const terms = slidingTerms([tierOf(100, { notify: ["x"] }), blockAt(1_000)])
    room.do(T0, charge([slidingLine(terms, T0)], 10))
    const half = T0 + 30 * 60_000
    expect(room.do(half, charge([slidingLine(terms, half)], 90)).names).toHaveLength(1)
    const at = T0 + 66 * 60_000
    // The first 10 have left: 90 is 10 % below 100.
    const { names } = room.do(at, charge([slidingLine(terms, at)], 10))
    expect(names).toEqual(["period-end b", "tier b 0.0000001usd"])
  })
})

describe("sliding windows over hours", () => {
  it("I14 an expired reservation of a busy sliding budget is forgotten with its bucket", () => {
    const room = new Room()
    const terms = slidingTerms([blockAt(1_000_000)])
    for (let i = 0; i < 1_000; i += 1) {
      const at = T0 + i * 120_000
      room.do(at, reserve([slidingLine(terms, at)], 1, at, { expiresAtMs: at + 1 }), {
        n: i + 1,
        done: i,
      })
    }
    // One bucket and two lengths are kept: 62 or 63 reservations, and what is not looked at yet.
    expect([...room.ledger.reservations.values()].length).toBeLessThan(200)
  })
  it("§5 a level that the window has let go is armed again, and not acknowledged as if it were reached", () => {
    const room = new Room()
    const terms = slidingTerms([blockAt(100, { kind: "latch" })])
    room.do(T0, charge([slidingLine(terms, T0)], 100))
    const at = T0 + 90 * 60_000
    room.do(at, acknowledge(slidingLine(terms, at), 100))
    // Nothing is spent in this window: its cap is 100.
    expect(room.do(at, reserve([slidingLine(terms, at)], 200, at)).outcome.kind).toBe("refused")
  })
  it("§3 no interval of the length holds more than the cap, in any order of reserves, extends and settles", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            kind: fc.constantFrom("reserve", "reserve", "extend", "settle"),
            later: fc.constantFrom(0, 60_000, 600_000, 1_500_000),
            amount: fc.integer({ min: 1, max: 6 }),
            of: fc.integer({ min: 1, max: 12 }),
            off: fc.constantFrom(0, 0, 500_000, -500_000),
          }),
          { maxLength: 30 },
        ),
        (steps) => {
          const room = new Room()
          const terms = slidingTerms([blockAt(10)])
          const spent = new Map<number, { at: number; amount: number }>()
          let at = T0
          for (const step of steps) {
            at += step.later
            if (step.kind === "reserve") {
              const issued = at + step.off
              const { n, outcome } = room.do(
                at,
                reserve([slidingLine(terms, issued)], step.amount, issued, {
                  expiresAtMs: at + 3 * HOUR,
                }),
              )
              if (outcome.kind === "reserved") spent.set(n, { at: issued, amount: step.amount })
            } else if (step.kind === "extend") {
              const { outcome } = room.do(at, extend(step.of, step.amount, at + step.off))
              const known = spent.get(step.of)
              if (outcome.kind === "extended" && known !== undefined) known.amount += step.amount
            } else room.do(at, settle(step.of, spent.get(step.of)?.amount ?? 0))
            for (const { at: from } of spent.values()) {
              const inside = [...spent.values()].filter(
                (one) => one.at >= from && one.at < from + HOUR,
              )
              expect(inside.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(10)
            }
          }
        },
      ),
      { seed: 42, numRuns: Number(process.env.LAW_RUNS ?? 400), endOnFailure: false },
    )
  })
})

describe("lifetimes", () => {
  it("I2 a late settle does not take what another life of the session spent", () => {
    const room = new Room()
    const terms = termsOf([blockAt(100)], { window: "life", idleMs: HOUR })
    const { n } = room.do(T0, reserve([lifeLine(terms)], 100, T0, { expiresAtMs: T0 + 1_000 }))
    room.do(T0 + 2_000, { kind: "expire" })
    const at = T0 + 2 * HOUR
    room.do(at, charge([lifeLine(terms)], 60))
    room.do(at, settle(n, 0))
    expect(room.meter()?.settled).toBe(60)
  })
  it("§5 `until` of a degraded lifetime is none: it never ends by itself", () => {
    const room = new Room()
    const terms = termsOf([tierOf(50, { degrade: ["cheap"] }), blockAt(100)], {
      window: "life",
      idleMs: HOUR,
    })
    room.do(T0, charge([lifeLine(terms)], 50))
    expect(room.do(T0, reserve([lifeLine(terms)], 1, T0)).outcome).toMatchObject({
      reason: "degraded",
      untilMs: null,
    })
  })
})

describe("reloads", () => {
  it("§4 a reload that changes the unit starts fresh meters", () => {
    const room = new Room()
    const tokens = termsOf([blockAt(100)], { unit: "tokens" })
    room.do(T0, charge([hourLine(termsOf([blockAt(100)]))], 100))
    expect(
      room.do(T0, reserve([hourLine(tokens)], { usd: 0, tokens: 10, requests: 0 }, T0)).outcome
        .kind,
    ).toBe("reserved")
  })
  it("§4 a reload that changes the window starts fresh meters: a day does not end with the hour it began as", () => {
    const room = new Room()
    const terms = termsOf([blockAt(100)])
    const daily = termsOf([blockAt(100)], { window: "day UTC" })
    const midnight = Math.floor(T0 / (24 * HOUR)) * 24 * HOUR
    const day = (): Line => ({
      account: "b/k",
      division: "*",
      period: periodAt({ kind: "day", timeZone: "UTC" }, midnight),
      terms: daily,
    })
    room.do(midnight, charge([hourLine(terms, midnight)], 1))
    room.do(midnight + 60_000, charge([day()], 99))
    const at = midnight + 5 * HOUR
    for (let i = 0; i < 200; i += 1) room.do(at, { kind: "expire" }, { source: `e${i}`, n: 1 })
    expect(room.do(at, reserve([day()], 90, at)).outcome.kind).toBe("refused")
  })
})
