import { describe, expect, it } from "vitest"
import { isStronger } from "../../src/domain/raise.ts"
import type { BlockingEffect, DomainEvent, Line, Terms } from "../../src/domain.ts"
import { AMOUNT_MAX } from "../../src/domain.ts"
import {
  acknowledge,
  blockAt,
  charge,
  HOUR,
  hourLine,
  person,
  Room,
  reserve,
  T0,
  termsOf,
  tierOf,
} from "../attack/make.ts"

const tripFor = (coolDownMs: number): BlockingEffect => ({
  kind: "trip",
  coolDownMs,
  maxCoolDownMs: coolDownMs,
  probation: null,
})
const latch: BlockingEffect = { kind: "latch" }

/** What every event of the first hour's meter says of it. */
const facts = (settled: number, held: number, cap: number | null) => ({
  atMs: T0,
  account: "b/k",
  periodStartMs: T0,
  periodEndMs: T0 + HOUR,
  settled,
  held,
  limit: 100,
  cap,
  unit: "usd",
})
const ofMeter = { incident: `b/k@${T0}`, generation: 0 }
const tiersIn = (events: readonly DomainEvent[]) =>
  events.flatMap((event) => (event.kind === "tier" ? [event] : []))
const spend = (terms: Terms, amount: number, room = new Room()) =>
  room.do(T0, charge([hourLine(terms)], amount)).events

describe("a level is told in full", () => {
  it("to its channels, with what is settled and held after it", () => {
    const room = new Room()
    const terms = termsOf([tierOf(5, { notify: ["x", "x"], message: "m", percent: 5 })])
    room.do(T0, reserve([hourLine(terms)], 3, T0))
    expect(spend(terms, 7, room)).toEqual([
      {
        ...facts(7, 3, null),
        ...ofMeter,
        id: `b/k@${T0}/5/0`,
        kind: "tier",
        channels: ["x"],
        level: 5,
        label: "5%",
        passed: 1,
        message: "m",
        effect: "notify",
      },
    ])
  })
  it("before the circuit that it moves, and of that circuit's incident", () => {
    const terms = termsOf([blockAt(5, latch)])
    const [tier, circuit] = spend(terms, 5)
    expect(tier).toMatchObject({ kind: "tier", incident: "b/k/1", generation: 1, cap: 5 })
    expect(circuit).toMatchObject({ kind: "circuit", incident: "b/k/1" })
  })
  it.each([
    ["notify", tierOf(5)],
    ["degrade", tierOf(5, { degrade: [] })],
    ["block", tierOf(5, { effect: { kind: "block" }, degrade: [] })],
    ["trip", tierOf(5, { effect: tripFor(1) })],
    ["latch", tierOf(5, { effect: latch })],
  ] as const)("with its effect: %s", (effect, tier) => {
    expect(tiersIn(spend(termsOf([tier]), 5))).toMatchObject([{ effect }])
  })
  it("with the strongest effect, all messages and all channels of tiers that meet", () => {
    const terms = termsOf([
      tierOf(5, { notify: ["a"], message: "one" }),
      tierOf(5, { repeat: 1, effect: { kind: "block" }, notify: ["b", "a"] }),
      tierOf(5, { repeat: 2, degrade: [], message: "two" }),
    ])
    expect(tiersIn(spend(terms, 5))).toMatchObject([
      { effect: "block", message: "one; two", channels: ["a", "b"] },
    ])
  })
})

describe("the circuit moves once, to the strongest effect reached", () => {
  it.each([
    ["latch", "latched", [tripFor(9), latch, { kind: "block" }]],
    ["trip", "open", [{ kind: "block" }, tripFor(9)]],
  ] as const)("%s", (_, state, effects) => {
    const terms = termsOf(effects.map((effect, at) => tierOf(at + 1, { effect })))
    const moved = spend(terms, 5).filter(({ kind }) => kind === "circuit")
    expect(moved).toMatchObject([{ state }])
  })
  it.each([
    [latch, tripFor(9), true],
    [tripFor(9), latch, false],
    [tripFor(1), { kind: "block" }, true],
    [{ kind: "block" }, tripFor(1), false],
    [tripFor(2), tripFor(1), true],
    [tripFor(1), tripFor(2), false],
    [tripFor(1), tripFor(1), false],
    [latch, latch, false],
    [{ kind: "block" }, { kind: "block" }, false],
  ] as const)("%o is stronger than %o: %s", (one, other, is) => {
    expect(isStronger(one, other)).toBe(is)
  })
})

describe("what is said once for a meter", () => {
  const terms = termsOf([tierOf(5, { notify: ["warn"] }), blockAt(10), blockAt(30)])
  const page = (at: number) => ({ ...blockAt(at), notify: ["page"] })

  it("goes to the channels of the level that makes its cap, and to no other", () => {
    const own = termsOf([tierOf(5, { notify: ["warn"] }), page(10), { ...page(30), notify: ["b"] }])
    const room = new Room()
    const { events } = room.do(T0, reserve([hourLine(own)], 10, T0))
    expect(events).toEqual([])
    expect(spend(own, 1, room)).toEqual([
      {
        ...facts(1, 10, 10),
        ...ofMeter,
        id: `b/k@${T0}/overshoot`,
        kind: "overshoot",
        channels: ["page"],
      },
    ])
    expect(spend(own, 1, room)).toEqual([])
  })
  it("is of the level's incident where that opened the circuit", () => {
    const own = termsOf([{ ...page(10), effect: latch }])
    const over = spend(own, 12).filter(({ kind }) => kind === "overshoot")
    expect(over).toMatchObject([{ incident: "b/k/1", generation: 1, channels: ["page"] }])
  })
  it("a refusal, with what was refused for", () => {
    const room = new Room()
    spend(terms, 5, room)
    expect(room.do(T0, reserve([hourLine(terms)], 6, T0)).events).toEqual([
      {
        ...facts(5, 0, 10),
        ...ofMeter,
        id: `b/k@${T0}/refusing`,
        kind: "refusing",
        channels: [],
      },
    ])
  })
  it("each reason that would refuse, where the line observes", () => {
    const own = termsOf([page(10)], { observe: true })
    const room = new Room()
    const ask = (amount: number) => room.do(T0, reserve([hourLine(own)], amount, T0)).events
    const told = { kind: "would-refuse", channels: ["page"] }
    expect(ask(11)).toEqual([
      {
        ...facts(0, 0, 10),
        ...ofMeter,
        ...told,
        id: `b/k@${T0}/would-refuse too-large`,
        reason: "too-large",
      },
    ])
    expect(ask(1)).toMatchObject([{ ...told, reason: "busy" }])
    expect(ask(11)).toEqual([])
    expect(ask(1)).toEqual([])
  })
})

describe("an overshoot", () => {
  const terms = termsOf([blockAt(10)])
  it.each([
    ["reaches the cap by what is settled", 10, 0, []],
    ["passes the cap by what is settled", 11, 0, ["overshoot"]],
    ["fills the cap with what is held", 3, 7, []],
    ["passes the cap with what is held", 4, 7, ["overshoot"]],
  ] as const)("is told where a spend %s: %i beside %i", (_, amount, held, told) => {
    const room = new Room()
    room.do(T0, reserve([hourLine(terms)], held, T0))
    const events = spend(terms, amount, room).filter(({ kind }) => kind === "overshoot")
    expect(events.map(({ kind }) => kind)).toEqual(told)
  })
  it("is no matter where the line observes", () => {
    expect(spend(termsOf([blockAt(10)], { observe: true }), 11)).toMatchObject([{ kind: "tier" }])
  })
})

describe("who hears of a refusal", () => {
  const steps = termsOf([
    tierOf(10, { repeat: 10, effect: { kind: "block" }, notify: ["a"] }),
    tierOf(23, { repeat: 7, effect: { kind: "block" }, notify: ["b"] }),
    tierOf(40, { effect: { kind: "block" }, notify: ["c"] }),
  ])
  it.each([
    [0, 10, ["a"]],
    [20, 23, ["b"]],
    [23, 30, ["a", "b"]],
    [37, 40, ["a", "c"]],
    [40, 44, ["b"]],
  ])(
    "at %i it is whoever hears of the level that makes the cap, %i: %o",
    (spent, cap, channels) => {
      const room = new Room()
      spend(steps, spent, room)
      room.do(T0, acknowledge(hourLine(steps), spent))
      const { outcome, events } = room.do(T0, reserve([hourLine(steps)], cap - spent + 1, T0))
      const reason = spent === 0 ? "too-large" : "exhausted"
      expect(outcome).toMatchObject({ reason, obstacles: [{ cap }] })
      if (spent > 0) expect(events).toMatchObject([{ kind: "refusing", channels }])
    },
  )
  it("is whoever hears of what a person allowed, as long as that holds", () => {
    const tiers = [10, 20].map((at) => ({ ...blockAt(at, latch), notify: [`${at}`] }))
    const terms = termsOf(tiers, { window: "sliding", slidingMs: HOUR, bucketMs: HOUR / 4 })
    const busy = (atMs: number): unknown => {
      const room = new Room()
      const at = (when: number): Line => ({
        ...hourLine(terms),
        period: { startMs: when, endMs: when + 1.25 * HOUR, keptUntilMs: when + 2.25 * HOUR },
      })
      room.do(T0, charge([at(T0)], 20))
      room.do(T0, acknowledge(at(T0), 20, { allow: 9 }))
      room.do(T0 + 1, reserve([at(T0)], 8, T0, { expiresAtMs: T0 + 9 * HOUR }))
      room.do(atMs, reserve([at(T0)], 3, atMs))
      const { events } = room.do(atMs + 60_000, reserve([at(T0)], 3, atMs + 60_000))
      return events
    }
    expect(busy(T0 + 2)).toMatchObject([{ kind: "refusing", channels: ["10", "20"] }])
    expect(busy(T0 + 2 * HOUR)).toMatchObject([{ kind: "refusing", channels: ["10"] }])
  })
})

describe("what is said beside the levels", () => {
  const terms = termsOf([{ ...blockAt(100), notify: ["page"] }])
  const lower = (more: Partial<Terms> = {}): Line =>
    hourLine(termsOf([{ ...blockAt(50), notify: ["low"] }], more))
  const slide = { window: "sliding", slidingMs: HOUR, bucketMs: HOUR / 4 }

  it("is heard to its end: by the period's, where one has an end", () => {
    const told = (more: Partial<Terms>): unknown => {
      const room = new Room()
      room.do(T0, reserve([hourLine({ ...terms, ...more })], 60, T0))
      const { events } = room.do(T0, reserve([lower(more)], 1, T0))
      expect(events).toMatchObject([{ kind: "overshoot", channels: ["low"] }])
      return room.meter()?.notes.told
    }
    expect([told({}), told(slide)]).toEqual([["low"], []])
  })
  it("is heard to its end: by the circuit's that stands", () => {
    const room = new Room()
    room.do(T0, reserve([hourLine({ ...terms, ...slide })], 60, T0))
    room.do(T0, { kind: "trip", account: "b/k", coolDownMs: HOUR, ...person })
    room.do(T0, reserve([lower(slide)], 1, T0))
    expect(room.ledger.accounts.get("b/k")?.circuit).toMatchObject({ told: ["low"] })
    expect(room.meter()?.notes.told).toEqual([])
  })
  it("is heard to its end where it would refuse, too", () => {
    const room = new Room()
    const watched = hourLine({ ...terms, observe: true })
    room.do(T0, reserve([watched], 101, T0))
    expect(room.meter()?.notes.told).toEqual(["page"])
  })
})

describe("probation", () => {
  it("is not ended by what is settled in a period that is over, at its very end", () => {
    const probed = { ...tripFor(60_000), probation: { allow: 10, forMs: 2 * HOUR } } as const
    const room = new Room()
    const line = hourLine(termsOf([blockAt(100, probed)]))
    room.do(T0, charge([line], 100))
    room.do(T0 + 60_000, { kind: "expire" })
    const state = (atMs: number) => {
      room.do(atMs, charge([line], 20))
      return room.ledger.accounts.get("b/k")?.circuit.state
    }
    expect(state(T0 + HOUR)).toBe("half-open")
    expect(state(T0 + HOUR - 1)).toBe("open")
  })
})

describe("amounts stop at 2^53 − 1", () => {
  it("told once, exactly there", () => {
    const terms = termsOf([])
    const room = new Room()
    expect(spend(terms, AMOUNT_MAX, room)).toEqual([])
    expect(spend(terms, 1, room)).toMatchObject([{ kind: "overflow", settled: AMOUNT_MAX }])
    expect(spend(terms, 1, room)).toEqual([])
  })
  it("in a bucket of a sliding window, too, and a hold makes none", () => {
    const terms = termsOf([], { window: "sliding", slidingMs: HOUR, bucketMs: HOUR / 4 })
    const room = new Room()
    room.do(T0, reserve([hourLine(terms)], 5, T0))
    expect(room.meter()?.notes.buckets).toEqual([])
    expect(spend(terms, AMOUNT_MAX, room)).toEqual([])
    expect(spend(terms, 1, room)).toMatchObject([{ kind: "overflow", settled: AMOUNT_MAX }])
  })
})
