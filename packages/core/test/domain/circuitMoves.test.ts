import { describe, expect, it } from "vitest"
import type { BlockingEffect, DomainEvent, Line, Terms } from "../../src/domain.ts"
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
  T0,
  termsOf,
} from "../attack/make.ts"

const MINUTE = 60_000
const NEXT = T0 + HOUR

/** Opens for half an hour, then admits 10 for an hour. */
const TRIP: BlockingEffect = {
  kind: "trip",
  coolDownMs: 30 * MINUTE,
  maxCoolDownMs: 2 * HOUR,
  probation: { allow: 10, forMs: HOUR },
}
const trips = termsOf([blockAt(100, TRIP)])
const latches = termsOf([blockAt(100, { kind: "latch" })])
const plain = termsOf([blockAt(100, { ...TRIP, probation: null })])

const circuitOf = (room: Room) => room.ledger.accounts.get("b/k")?.circuit
const circuitsIn = (events: readonly DomainEvent[]): readonly DomainEvent[] =>
  events.filter(({ kind }) => kind === "circuit")
const spend = (room: Room, atMs: number, terms: Terms, amount: number, lineAtMs = atMs) =>
  room.do(atMs, charge([hourLine(terms, lineAtMs)], amount))
const trip = (room: Room, atMs: number, coolDownMs: number) =>
  room.do(atMs, { kind: "trip", account: "b/k", coolDownMs, ...person })
const ask = (room: Room, atMs: number, terms: Terms, amount: number, lineAtMs = atMs) =>
  room.do(atMs, reserve([hourLine(terms, lineAtMs)], amount, lineAtMs))

describe("an open circuit", () => {
  it("ends no sooner for another opening, whichever of the two is longer", () => {
    const room = new Room()
    trip(room, T0, 50 * MINUTE)
    spend(room, T0 + 1, plain, 100)
    expect(circuitOf(room)).toMatchObject({ generation: 2, untilMs: T0 + 50 * MINUTE })
    spend(room, T0 + 30 * MINUTE, plain, 100)
    expect(circuitOf(room)).toMatchObject({ generation: 3, untilMs: NEXT })
    trip(room, T0 + 31 * MINUTE, MINUTE)
    expect(circuitOf(room)).toMatchObject({ generation: 4, untilMs: NEXT })
  })
  it("that was only observed does not lengthen what is enforced", () => {
    const room = new Room()
    spend(room, T0, termsOf([blockAt(100, TRIP)], { observe: true }), 100)
    expect(circuitOf(room)).toMatchObject({ observed: true, untilMs: T0 + 30 * MINUTE })
    trip(room, T0, MINUTE)
    expect(circuitOf(room)).toMatchObject({ observed: false, untilMs: T0 + MINUTE })
  })
  it("drains what runs until its cool-down is over, not at that instant", () => {
    const room = new Room()
    const { n } = ask(room, T0, plain, 0)
    spend(room, T0, plain, 100)
    const beat = (atMs: number) => room.do(atMs, extend(n, 0, atMs, atMs + HOUR)).outcome
    expect(beat(T0 + 1)).toMatchObject({ drain: true })
    expect(beat(T0 + 30 * MINUTE - 1)).toMatchObject({ drain: true })
    expect(beat(T0 + 30 * MINUTE)).toMatchObject({ drain: false })
  })
  it("is not opened by a level of a period that has ended, at its very end", () => {
    const room = new Room()
    expect(circuitsIn(spend(room, NEXT, plain, 100, T0).events)).toEqual([])
  })
})

describe("probation", () => {
  it("that began in an hour that is over allows its allowance from 0 in the next", () => {
    const room = new Room()
    spend(room, T0, trips, 100)
    ask(room, T0 + 40 * MINUTE, trips, 0)
    expect(circuitOf(room)).toMatchObject({ state: "half-open", allowance: 110, meterStartMs: T0 })
    expect(ask(room, NEXT, trips, 11).outcome).toMatchObject({ reason: "probation" })
    expect(ask(room, NEXT, trips, 10).outcome.kind).toBe("reserved")
  })
  it.each([
    ["counts what is already held in the window that begins with it", 10, 10],
    ["does not count what is held in a window to come", 6, 3],
  ])("%s", (_, coolDown, fits) => {
    const room = new Room()
    const terms = termsOf([blockAt(100, { ...TRIP, coolDownMs: coolDown * MINUTE })])
    const line = (minute: number): Line => {
      const startMs = T0 + minute * MINUTE
      const [endMs, keptUntilMs] = [startMs + 5 * MINUTE, startMs + 10 * MINUTE]
      return { ...hourLine(terms), period: { startMs, endMs, keptUntilMs } }
    }
    // By a clock that is ahead.
    room.do(T0, reserve([line(10)], 7, T0 + 10 * MINUTE, { expiresAtMs: NEXT }))
    room.do(T0, charge([line(0)], 100))
    room.do(T0 + coolDown * MINUTE, { kind: "expire" })
    const atMs = T0 + 10 * MINUTE
    const ask = (amount: number) => room.do(atMs, reserve([line(10)], amount, atMs)).outcome
    expect(ask(fits + 1)).toMatchObject({ reason: "probation" })
    expect(ask(fits).kind).toBe("reserved")
  })
})

describe("each movement is told in full", () => {
  const opened = { kind: "circuit", account: "b/k", incident: "b/k/1", observed: false }
  const nobody = { by: null, why: null }
  const until = T0 + 30 * MINUTE

  it("from opening over probation to closing", () => {
    const room = new Room()
    const told = { ...opened, ...nobody, channels: [] }
    expect(circuitsIn(spend(room, T0, trips, 100).events)).toEqual([
      { ...told, id: "b/k/1/open", atMs: T0, generation: 1, state: "open", untilMs: until },
    ])
    const half = { id: "b/k/1/half-open", state: "half-open", untilMs: until + HOUR }
    expect(circuitsIn(room.do(until, { kind: "expire" }).events)).toEqual([
      { ...told, ...half, atMs: until, generation: 1 },
    ])
    const atMs = until + HOUR
    expect(circuitsIn(room.do(atMs, { kind: "expire" }).events)).toEqual([
      { ...told, id: "b/k/1/closed", atMs, generation: 1, state: "closed", untilMs: null },
    ])
    expect(circuitOf(room)).toEqual({
      state: "closed",
      generation: 1,
      observed: false,
      sinceMs: atMs,
    })
  })
  it("by whose hand, and why, where it was one", () => {
    const room = new Room()
    const told = { ...opened, ...person, channels: [], atMs: T0, generation: 1 }
    expect(circuitsIn(trip(room, T0, MINUTE).events)).toEqual([
      { ...told, id: "b/k/1/open", state: "open", untilMs: T0 + MINUTE },
    ])
    expect(circuitsIn(room.do(T0, acknowledge(hourLine(trips), 0)).events)).toEqual([
      { ...told, id: "b/k/1/closed", state: "closed", untilMs: null },
    ])
  })
  it("a latch has no end", () => {
    const room = new Room()
    const told = { ...opened, ...nobody, channels: [], atMs: T0, generation: 1 }
    expect(circuitsIn(spend(room, T0, latches, 100).events)).toEqual([
      { ...told, id: "b/k/1/latched", state: "latched", untilMs: null },
    ])
  })
})
