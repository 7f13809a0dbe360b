import { describe, expect, it } from "vitest"
import { AMOUNT_MAX, type Amounts, type Command, type Reservation } from "../../../src/domain.ts"
import {
  blockAt,
  charge,
  extend,
  HOUR,
  hourLine,
  Room,
  reserve,
  T0,
  termsOf,
  usd,
} from "../../attack/make.ts"

type Extend = Extract<Command, { kind: "extend" }>

const line = hourLine(termsOf([blockAt(100)]))
const wide = hourLine(termsOf([]), T0, "b/wide")
const UNITS = ["usd", "tokens", "requests"] as const
const of = (unit: string, amount: number): Amounts => ({ ...usd(0), [unit]: amount })
const asks = (more: Partial<Extend>, issuedAtMs = T0): Extend =>
  ({ ...extend(1, 0, issuedAtMs), ...more }) as Extend

/** A room whose first reservation runs for an hour and a half. */
const roomOf = (base: Amounts, lines = [line]): Room => {
  const room = new Room()
  const call = { expiresAtMs: T0 + 1.5 * HOUR, perUnit: usd(1), units: { least: 2, most: 2 } }
  room.do(T0, reserve(lines, base, T0, call))
  return room
}
const reservationIn = (room: Room): Reservation | undefined =>
  room.ledger.reservations.get({ source: "s", n: 1 }, "*")

describe("an extension", () => {
  it.each([
    ["not-running", "the reservation has expired", T0 + 1.6 * HOUR, T0],
    ["period-over", "the period of `b/k` is over; reserve anew", T0 + HOUR, T0 + HOUR],
    [
      "skewed",
      "`issuedAt` is more than 10 minutes from the store's clock; issue anew",
      T0,
      T0 + 600_001,
    ],
    [
      "skewed",
      "`issuedAt` is more than 10 minutes from the store's clock; issue anew",
      T0,
      T0 - 600_001,
    ],
  ])("that comes too late says so: %s", (error, detail, atMs, issuedAtMs) => {
    const room = roomOf(usd(1))
    const { outcome } = room.do(atMs, extend(1, 1, issuedAtMs))
    expect(outcome).toEqual({ kind: "error", error, detail })
  })

  it.each([600_000, -600_000])("may be issued 10 minutes from the store's clock: %i", (skewMs) => {
    expect(roomOf(usd(1)).do(T0, extend(1, 1, T0 + skewMs)).outcome.kind).toBe("extended")
  })

  it("of nothing is a heartbeat: it may come at any time, and moves the end alone", () => {
    const room = roomOf(usd(1))
    const outcome = room.do(T0 + 1.2 * HOUR, asks({ expiresAtMs: T0 + 5 * HOUR }, 0)).outcome
    expect(outcome).toEqual({ kind: "extended", granted: 0, drain: false })
    expect(reservationIn(room)).toMatchObject({ expiresAtMs: T0 + 5 * HOUR, hold: usd(3) })
  })

  it.each(UNITS)("raises what is held in each unit: %s", (unit) => {
    const terms = termsOf([blockAt(100)], { unit })
    const room = roomOf(of(unit, 10), [hourLine(terms)])
    const before = room.meter()?.held ?? 0
    room.do(T0, asks({ base: of(unit, 5) }))
    room.do(T0, asks({ perUnit: of(unit, 2), units: { least: 3, most: 3 } }))
    expect(room.meter()?.held).toBe(before + 11)
    expect(reservationIn(room)).toMatchObject({ granted: 5, hold: { [unit]: before + 11 } })
  })

  it("that the account cannot hold is `overflow`", () => {
    const room = roomOf(usd(1), [wide])
    const { outcome } = room.do(T0, extend(1, AMOUNT_MAX, T0))
    expect(outcome).toMatchObject({
      error: "overflow",
      detail: "account `b/wide` would pass 2^53 − 1",
    })
  })

  it.each(UNITS)("of a hold that cannot be counted in one unit is `overflow`: %s", (unit) => {
    const room = roomOf(of(unit, AMOUNT_MAX - 5), [])
    const before = reservationIn(room)
    const { outcome } = room.do(T0, asks({ base: of(unit, 6) }))
    expect(outcome).toMatchObject({ error: "overflow", detail: "the hold would pass 2^53 − 1" })
    expect(reservationIn(room)).toEqual(before)
  })

  it("is an admission: it ends a row of refusals", () => {
    const room = roomOf(usd(1))
    room.do(T0, charge([line], 80))
    room.do(T0, reserve([line], 50, T0))
    expect(room.meter()?.notes.refusals).toBe(1)
    room.do(T0, extend(1, 1, T0))
    expect(room.meter()?.notes.refusals).toBe(0)
  })
})
