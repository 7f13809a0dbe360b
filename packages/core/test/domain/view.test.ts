import { describe, expect, it } from "vitest"
import { type BlockingEffect, type Terms, viewOf } from "../../src/domain.ts"
import {
  acknowledge,
  blockAt,
  charge,
  HOUR,
  hourLine,
  Room,
  reserve,
  T0,
  termsOf,
  tierOf,
} from "../attack/make.ts"

const trip: BlockingEffect = {
  kind: "trip",
  coolDownMs: 60_000,
  maxCoolDownMs: 60_000,
  probation: { allow: 20, forMs: 60_000 },
}
const trips = termsOf([tierOf(50), blockAt(100, trip)])
const latches = termsOf([blockAt(100, { kind: "latch" })])
const watches = termsOf([blockAt(100, { kind: "latch" })], { observe: true })

const view = (room: Room, terms: Terms, atMs: number) =>
  viewOf(room.ledger.accounts.get("b/k") ?? null, hourLine(terms, T0), atMs)
const nothing = { settled: 0, held: 0, cap: 100, remaining: 100, limit: 100, level: 0 }
const closed = { circuit: "closed", generation: 0, since: null, untilMs: null }

describe("a view", () => {
  it("of an account that nobody has used shows all of it", () => {
    expect(view(new Room(), trips, T0)).toEqual({ ...nothing, ...closed })
    const uncapped = { ...nothing, cap: Number.POSITIVE_INFINITY }
    expect(view(new Room(), termsOf([]), T0)).toEqual({
      ...uncapped,
      ...closed,
      remaining: Number.POSITIVE_INFINITY,
    })
  })
  it("shows what is settled and held, what still fits, and the highest level that fired", () => {
    const room = new Room()
    room.do(T0, charge([hourLine(trips)], 60))
    room.do(T0, reserve([hourLine(trips)], 30, T0))
    const used = { ...nothing, settled: 60, held: 30, level: 50 }
    expect(view(room, trips, T0)).toEqual({ ...used, ...closed, remaining: 10 })
    room.do(T0, charge([hourLine(trips)], 20))
    expect(view(room, trips, T0)).toMatchObject({ settled: 80, held: 30, remaining: 0 })
  })
  it("shows a circuit as the next command would find it", () => {
    const room = new Room()
    room.do(T0, charge([hourLine(trips)], 100))
    const used = { ...nothing, settled: 100, remaining: 0, level: 100, generation: 1, since: 1 }
    const until = T0 + 60_000
    expect(view(room, trips, until - 1)).toEqual({ ...used, circuit: "open", untilMs: until })
    expect(view(room, trips, until)).toEqual({
      ...used,
      circuit: "half-open",
      untilMs: until + 60_000,
    })
    room.do(until, { kind: "expire" })
    room.do(until, acknowledge(hourLine(trips), 0))
    expect(view(room, trips, until)).toEqual({ ...used, ...closed, generation: 1 })
  })
  it("leaves no more than probation allows", () => {
    const room = new Room()
    room.do(T0 + HOUR - 60_000, charge([hourLine(trips)], 100))
    const next = hourLine(trips, T0 + HOUR)
    const account = room.ledger.accounts.get("b/k") ?? null
    expect(viewOf(account, next, T0 + HOUR)).toMatchObject({ cap: 100, remaining: 20 })
  })
  it("of a latch has no end, and a latch that was only observed binds nobody but observers", () => {
    const room = new Room()
    room.do(T0, charge([hourLine(latches)], 100))
    const latched = { circuit: "latched", generation: 1, since: 1, untilMs: null }
    expect(view(room, latches, T0)).toMatchObject(latched)
    const watched = new Room()
    watched.do(T0, charge([hourLine(watches)], 100))
    expect(view(watched, watches, T0)).toMatchObject(latched)
    expect(view(watched, latches, T0)).toMatchObject({ ...closed, generation: 1 })
  })
  it("of a lifetime that is idle is empty", () => {
    const life = termsOf([blockAt(100)], { window: "life", idleMs: 50 })
    const room = new Room()
    room.do(T0, charge([hourLine(life)], 60))
    expect(view(room, life, T0 + 49)).toMatchObject({ settled: 60 })
    expect(view(room, life, T0 + 50)).toEqual({ ...nothing, ...closed })
  })
})
