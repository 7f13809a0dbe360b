import { describe, expect, it } from "vitest"
import type { Amounts, Terms } from "../../../src/domain.ts"
import {
  blockAt,
  charge,
  HOUR,
  hourLine,
  Room,
  release,
  reserve,
  settle,
  T0,
  termsOf,
} from "../../attack/make.ts"

const line = hourLine(termsOf([blockAt(100)]))
const late = T0 + 2 * HOUR
const known = { source: "s", n: 1 }

describe("a reservation that holds nothing, of a period that is no longer kept", () => {
  const roomOf = (): Room => {
    const room = new Room()
    room.do(T0, reserve([line], 0, T0, { expiresAtMs: late + HOUR }), known)
    return room
  }

  it.each([
    ["Settle", settle(1, 5)],
    ["Settle of a part", settle(1, 5, 1, false)],
    ["Charge in its place", charge([line], 5, 1)],
  ])("a %s is told which period is gone, and changes nothing", (_, command) => {
    const room = roomOf()
    const { outcome, changes } = room.do(late, command)
    const detail = "no period of `b/k` is kept"
    expect(outcome).toEqual({ kind: "error", error: "unknown-period", detail })
    expect(changes).toEqual([])
  })

  it("a Release ends it all the same", () => {
    const room = roomOf()
    expect(room.do(late, release(1)).outcome).toEqual({ kind: "released" })
    expect(room.ledger.reservations.size).toBe(0)
    expect(room.do(late, settle(1, 5)).outcome).toMatchObject({ error: "not-running" })
  })
})

it("a reservation or charge of no budget counts nowhere, and is no error", () => {
  const room = new Room()
  room.do(T0, reserve([], 1, T0), known)
  const settled = { kind: "settled", drain: false, skipped: [] }
  expect(room.do(T0, settle(1, 1, 1, false)).outcome).toEqual(settled)
  expect(room.do(T0, settle(1, 1, 2)).outcome).toEqual(settled)
  expect(room.do(T0, charge([], 1)).outcome).toEqual({ kind: "charged", skipped: [] })
})

it("a part of what was used ends nothing", () => {
  const room = new Room()
  room.do(T0, reserve([line], 5, T0), known)
  room.do(T0, settle(1, 2, 1, false))
  const [source] = room.ledger.sources.values()
  expect(source?.entries.get(1)?.ended).toBeNull()
})

it.each(["usd", "tokens", "requests"] as const)(
  "a part takes nothing from what expiry assumed, and may add to it: %s",
  (unit) => {
    const terms: Terms = termsOf([blockAt(100)], { unit })
    const of = (amount: number): Amounts => ({ usd: 0, tokens: 0, requests: 0, [unit]: amount })
    const room = new Room()
    room.do(T0, reserve([hourLine(terms)], of(10), T0, { expiresAtMs: T0 + 1 }), known)
    const settledAfter = (amount: number, seq: number): number | undefined => {
      room.do(T0 + 2, settle(1, of(amount), seq, false))
      return room.meter()?.settled
    }
    expect([settledAfter(3, 1), settledAfter(12, 2)]).toEqual([10, 12])
  },
)
