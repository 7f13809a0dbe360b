import { describe, expect, it } from "vitest"
import { forget } from "../../src/domain/forget.ts"
import { copyOf } from "../../src/domain/kept.ts"
import { type Change, type Line, periodAt, SOURCE_KEPT_MS } from "../../src/domain.ts"
import {
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

const MINUTES_10 = 600_000
const DAY = 24 * HOUR
const line = hourLine(termsOf([blockAt(100)]))
const expire = { kind: "expire" } as const
const trip = { kind: "trip", account: "b/k", coolDownMs: 1, ...person } as const

const life: Line = {
  ...line,
  period: periodAt({ kind: "lifetime", idleMs: 9 * HOUR }, 0),
  terms: termsOf([blockAt(100)], { window: "life", idleMs: 9 * HOUR }),
}
const slide: Line = {
  ...line,
  period: periodAt({ kind: "sliding", lengthMs: HOUR, buckets: 4 }, T0),
  terms: termsOf([blockAt(100)], { window: "slide", slidingMs: HOUR, bucketMs: HOUR / 4 }),
}

/** What would be forgotten of a ledger at an instant, looked at from the start. */
const forgotten = (room: Room, atMs: number): readonly Change[] => forget(copyOf(room.ledger), atMs)
const kindsAt = (room: Room, atMs: number): readonly string[] =>
  forgotten(room, atMs).map((change) =>
    change.kind === "account" && change.value !== null ? "meter" : change.kind,
  )

const roomWith = (make: (room: Room) => unknown): Room => {
  const room = new Room()
  make(room)
  return room
}
const off = (untilMs: number | null) => (room: Room) =>
  room.do(T0, { kind: "switch", switch: "k=1", state: "off", untilMs, ...person })

describe("what has not counted for ten minutes is forgotten, and no earlier", () => {
  it.each<readonly [string, string, (room: Room) => unknown, number]>([
    ["a switch after its time", "switch", off(T0 + 5), T0 + 5],
    [
      "a source after a day of silence",
      "source",
      (room) => room.do(T0, expire),
      T0 + SOURCE_KEPT_MS,
    ],
    [
      "an account whose period is no longer kept",
      "account",
      (room) => room.do(T0, charge([line], 1)),
      T0 + 2 * HOUR,
    ],
    ["a lifetime that is idle", "account", (room) => room.do(T0, charge([life], 1)), T0 + 9 * HOUR],
    [
      "a sliding window that is idle",
      "account",
      (room) => room.do(T0, charge([slide], 1)),
      T0 + 3 * HOUR,
    ],
    [
      "a period beside another",
      "meter",
      (room) => {
        room.do(T0, charge([line], 1))
        room.do(T0 + HOUR, charge([hourLine(line.terms, T0 + HOUR)], 1))
      },
      T0 + 2 * HOUR,
    ],
    [
      "an account a month after its circuit closed",
      "account",
      (room) => {
        room.do(T0, trip)
        room.do(T0 + 1, expire)
      },
      T0 + 1 + 32 * DAY,
    ],
    [
      "an expired reservation with its period",
      "reservation",
      (room) => {
        room.do(T0, reserve([line], 1, T0, { expiresAtMs: T0 + 1 }))
        room.do(T0 + 1, expire)
      },
      T0 + 2 * HOUR,
    ],
  ])("%s", (_, kind, make, overMs) => {
    const room = roomWith(make)
    expect(kindsAt(room, overMs + MINUTES_10 - 1)).not.toContain(kind)
    expect(kindsAt(room, overMs + MINUTES_10)).toContain(kind)
  })
})

describe("never forgotten is", () => {
  const slack = hourLine(termsOf([tierOf(1, { notify: ["slack"] })]))
  it.each<readonly [string, string, (room: Room) => unknown]>([
    ["a switch without an end", "switch", off(null)],
    ["an account that is open", "account", (room) => room.do(T0, trip)],
    ["an account that holds", "account", (room) => room.do(T0, reserve([line], 1, T0))],
    ["a lifetime that holds", "account", (room) => room.do(T0, reserve([life], 1, T0))],
    [
      "a period whose end is still to be told",
      "account",
      (room) => room.do(T0, charge([slack], 1)),
    ],
    ["a reservation that runs", "reservation", (room) => room.do(T0, reserve([line], 0, T0))],
  ])("%s", (_, kind, make) => {
    expect(kindsAt(roomWith(make), T0 + 400 * DAY)).not.toContain(kind)
  })
})

it("looks at 16 records of each kind at a time, and goes round", () => {
  const room = new Room()
  for (let at = 0; at < 20; at += 1) {
    const own = { source: `s${at}`, n: 1 }
    const lines = [hourLine(line.terms, T0, `b/${at}`)]
    room.do(T0, reserve(lines, 1, T0, { expiresAtMs: T0 + 1 }), own)
    const key = { switch: `k=${at}`, state: "off", untilMs: T0 + 1 } as const
    room.do(T0, { kind: "switch", ...key, ...person }, { source: `s${at}`, n: 2 })
  }
  room.do(T0 + 1, expire, { source: "s0", n: 3 })
  const ledger = copyOf(room.ledger)
  const counts = [1, 2].map(() => {
    const kinds = forget(ledger, T0 + 2 * DAY).map(({ kind }) => kind)
    return ["reservation", "account", "source", "switch"].map(
      (kind) => kinds.filter((one) => one === kind).length,
    )
  })
  expect(counts).toEqual([
    [16, 16, 16, 16],
    [4, 4, 4, 4],
  ])
  expect(new Set(forget(ledger, T0 + 2 * DAY).map((change) => JSON.stringify(change))).size).toBe(
    64,
  )
})
