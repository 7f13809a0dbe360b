import { describe, expect, it } from "vitest"
import { type Command, IN_FLIGHT_MAX, SOURCE_KEPT_MS } from "../../src/domain.ts"
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
  usd,
} from "../attack/make.ts"

const line = hourLine(termsOf([blockAt(100)]))
const expire = { kind: "expire" } as const
const releaseOf = (source: string, n: number) =>
  ({ kind: "release", reservation: { source, n } }) as const
const chargeTo = (source: string, n: number) =>
  ({ kind: "charge", lines: [line], amounts: usd(1), ends: { source, n } }) as const

/** A source that has said that all numbers up to `done` are answered. */
const hear = (room: Room, source: string, done: number): void => {
  room.do(T0, expire, { source, n: 1 })
  room.do(T0, expire, { source, n: done + 1, done })
}

describe("a number", () => {
  it.each([
    [
      "is answered before",
      expire,
      { n: 3, done: 2 },
      "already-answered",
      "number 3 was answered before",
    ],
    [
      "is too far above `done`",
      expire,
      { n: 1_030, done: 3 },
      "invalid-command",
      "number 1030 is more than 1024 above `done`",
    ],
    [
      "is that of another command",
      expire,
      { n: 7 },
      "conflict",
      "number 7 was used for another command",
    ],
    [
      "was released before it came",
      reserve([line], 1, T0),
      { n: 8 },
      "not-running",
      "it was released before it came",
    ],
    [
      "is of a source that nobody knows",
      expire,
      { source: "new", n: 2, done: 1 },
      "unknown-source",
      "source `new` is not known; go on under a new name",
    ],
  ])("that %s is an error that says so", (_, command, head, error, detail) => {
    const room = new Room()
    hear(room, "s", 4)
    room.do(T0, charge([line], 1), { n: 7, done: 5 })
    room.do(T0, release(8), { n: 9, done: 5 })
    expect(room.do(T0, command, head).outcome).toEqual({ kind: "error", error, detail })
  })

  it.each([
    ["its source has said", 5, 0],
    ["the command says", 0, 5],
  ])("may be 1,024 above the `done` that %s, and no more", (_, before, done) => {
    const kindOf = (n: number): string => {
      const room = new Room()
      hear(room, "s", before)
      return room.do(T0, expire, { n, done }).outcome.kind
    }
    expect(kindOf(5 + IN_FLIGHT_MAX)).toBe("expired")
    expect(kindOf(6 + IN_FLIGHT_MAX)).toBe("error")
  })

  it.each([
    ["less than a day", SOURCE_KEPT_MS - 1, true],
    ["a day", SOURCE_KEPT_MS, undefined],
  ])("is known where its source was silent for %s: %s", (_, silentMs, replayed) => {
    const room = new Room()
    room.do(T0, expire, { n: 1 })
    expect(room.do(T0 + silentMs, expire, { n: 1 }).outcome.replayed).toBe(replayed)
  })
})

describe("a command that comes again", () => {
  const later = T0 + HOUR
  const first = reserve([line], 1, T0) as Extract<Command, { kind: "reserve" }>
  const other = hourLine(termsOf([blockAt(7)]), later)

  it.each([
    ["its `done`", first, { done: 1 }],
    ["what was swallowed", { ...first, swallowed: 3 }, {}],
    ["its periods and terms", { ...first, lines: [other] }, {}],
    ["its instants", { ...first, issuedAtMs: T0 + 1, expiresAtMs: later }, {}],
  ])("is the same whatever %s", (_, command, head) => {
    const room = new Room()
    room.do(T0, first, { n: 2 })
    expect(room.do(T0, command, { n: 2, ...head }).outcome).toMatchObject({ replayed: true })
  })

  it.each([
    ["accounts", { ...first, lines: [hourLine(line.terms, T0, "b/other")] }],
    ["amounts", { ...first, base: usd(2) }],
    ["fallback", { ...first, via: "cheap" }],
  ])("is another one with other %s", (_, command) => {
    const room = new Room()
    room.do(T0, first, { n: 2 })
    expect(room.do(T0, command, { n: 2 }).outcome).toMatchObject({ error: "conflict" })
  })
})

describe("how a reservation ended", () => {
  it.each([
    ["released", releaseOf("s", 1)],
    ["settled", settle(1, 1)],
    ["settled", settle(1, 200)],
    ["settled", chargeTo("s", 1)],
  ])("stands on its Reserve's number while that is unanswered: %s", (ended, command) => {
    const room = new Room()
    room.do(T0, reserve([line], 1, T0))
    room.do(T0, command)
    const [own] = room.ledger.sources.values()
    expect(own?.entries.get(1)?.ended).toBe(ended)
  })

  it.each([1, 2])("is not written once its Reserve is answered: `done` %i", (done) => {
    const room = new Room()
    room.do(T0, reserve([line], 1, T0), { n: 1 })
    room.do(T0, expire, { n: 4, done })
    const { changes } = room.do(T0, release(1), { n: 5, done })
    expect(changes.map(({ kind }) => kind)).toEqual(["account", "reservation", "answered"])
  })

  it("is written beside what another source has answered, which it keeps", () => {
    const room = new Room()
    room.do(T0, charge([line], 1), { source: "t", n: 1 })
    room.do(T0, releaseOf("t", 2), { source: "u", n: 1 })
    expect(room.do(T0, charge([line], 1), { source: "t", n: 1 }).outcome.replayed).toBe(true)
  })

  it("begins a source anew that was silent for a day", () => {
    const room = new Room()
    const late = T0 + SOURCE_KEPT_MS
    room.do(T0, expire, { source: "t", n: 1 })
    room.do(late, releaseOf("t", 2), { source: "u", n: 1 })
    expect(room.do(late, releaseOf("t", 2), { source: "u", n: 2 }).outcome).toMatchObject({
      error: "not-running",
    })
  })

  it.each([
    ["less than a day", SOURCE_KEPT_MS - 1, "not-running"],
    ["a day", SOURCE_KEPT_MS, "unknown-reservation"],
  ])("is known while its source is silent for %s", (_, silentMs, error) => {
    const room = new Room()
    room.do(T0, releaseOf("t", 2), { source: "u", n: 1 })
    const settled = { ...settle(2, 1), reservation: { source: "t", n: 2 } }
    expect(room.do(T0 + silentMs, settled, { source: "u", n: 2 }).outcome).toMatchObject({ error })
  })

  it("may be said of 1,024 numbers above what its source has answered", () => {
    const room = new Room()
    hear(room, "t", 5)
    const kindOf = (n: number): string =>
      room.do(T0, releaseOf("t", n), { source: "u" }).outcome.kind
    expect(kindOf(5 + IN_FLIGHT_MAX)).toBe("released")
    expect(kindOf(6 + IN_FLIGHT_MAX)).toBe("error")
  })

  it("may be said of 1,024 numbers of a source that nobody has heard of", () => {
    const room = new Room()
    const kinds = Array.from(
      { length: IN_FLIGHT_MAX + 1 },
      (_, at) => room.do(T0, releaseOf("t", 5_000 + at), { source: `u${at}`, n: 1 }).outcome.kind,
    )
    expect(new Set(kinds.slice(0, IN_FLIGHT_MAX))).toEqual(new Set(["released"]))
    expect(kinds.at(-1)).toBe("error")
  })
})
