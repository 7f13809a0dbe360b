import { describe, expect, it, vi } from "vitest"
import {
  type Change,
  type Command,
  emptyLedger,
  evolve,
  type Ledger,
  type Reservation,
} from "../../src/domain.ts"
import {
  blockAt,
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
const id = { source: "s", n: 1 }
const running: Reservation = {
  id,
  division: "*",
  lines: [line],
  switches: ["k=1"],
  granted: 2,
  expiresAtMs: T0 + 9,
  state: "running",
  seq: 0,
  hold: usd(7),
  settled: usd(0),
  actual: usd(0),
  lives: null,
  skipped: [],
  via: "cheap",
}
const put = (value: Reservation | null): Change => ({
  kind: "reservation",
  id,
  division: "*",
  value,
})
const expired: Reservation = { ...running, state: "expired" }

it("a reservation begins with all of its hold, and nothing used", () => {
  const room = new Room()
  const more = { switches: ["k=1"], via: "cheap", expiresAtMs: T0 + 9, perUnit: usd(1) }
  room.do(T0, reserve([line], 5, T0, { ...more, units: { least: 2, most: 2 } }))
  expect(room.ledger.reservations.get(id, "*")).toEqual(running)
})

it.each<readonly [string, readonly Change[], Reservation | undefined]>([
  ["the end of what is not there", [put(null)], undefined],
  ["an expiry of what is not there", [put(expired)], expired],
  ["a start and an end", [put(running), put(null)], undefined],
])("what was written holds, whatever it says: %s", (_, changes, value) => {
  const ledger = emptyLedger()
  evolve(ledger, changes)
  expect(ledger.reservations.get(id, "*")).toEqual(value)
})

describe("two others are looked at for each record", () => {
  const owedBy = (make: (ledger: Ledger, owes: () => number) => void): readonly number[] => {
    const ledger = emptyLedger()
    const owe = vi.spyOn(ledger.rounds, "owe")
    const counts: number[] = []
    make(ledger, () => counts.push(owe.mock.calls.length))
    return counts
  }

  it("that is over: a reservation that expires, once", () => {
    const counts = owedBy((ledger, owes) => {
      for (const value of [running, running, expired, expired, null]) {
        evolve(ledger, [put(value)])
        owes()
      }
    })
    expect(counts).toEqual([0, 0, 1, 1, 1])
  })

  it("that is new: a source, once, by its commands or by marks", () => {
    const counts = owedBy((ledger, owes) => {
      const answered = { kind: "answered", n: 1, done: 0, atMs: T0, entry: null } as const
      const marked = { kind: "marked", n: 2, atMs: T0, ended: "released" } as const
      const changes: readonly Change[] = [
        { ...answered, key: "a", fresh: true },
        { ...answered, key: "a", fresh: false },
        { ...marked, key: "a", fresh: false },
        { ...marked, key: "b", fresh: true },
        { ...marked, key: "b", fresh: false },
      ]
      for (const change of changes) {
        evolve(ledger, [change])
        owes()
      }
    })
    expect(counts).toEqual([1, 1, 1, 2, 2])
  })
})

describe("of a source is kept", () => {
  const numbersOf = (room: Room): readonly number[] =>
    [...room.ledger.sources.values()].flatMap(({ entries }) => [...entries].map(([n]) => n)).sort()

  it.each<readonly [string, Parameters<Room["do"]>[1]]>([
    ["by the full rules", release(1)],
    ["in the common case", settle(1, 1)],
  ])("nothing at or below `done`, how a reservation ended neither: %s", (_, end) => {
    const room = new Room()
    room.do(T0, reserve([line], 1, T0), { n: 1 })
    room.do(T0, end, { n: 2, done: 1 })
    expect(numbersOf(room)).toEqual([2])
  })

  it("the highest `done` that it has said", () => {
    const room = new Room()
    room.do(T0, expire, { n: 1 })
    room.do(T0, expire, { n: 10, done: 9 })
    room.do(T0, expire, { n: 11, done: 3 })
    expect(room.do(T0, expire, { n: 5, done: 3 }).outcome).toMatchObject({
      error: "already-answered",
    })
    expect(numbersOf(room)).toEqual([10, 11])
  })

  it("what was marked before its first command came", () => {
    const room = new Room()
    const ofT = { kind: "release", reservation: { source: "t", n: 2 } } as Omit<
      Extract<Command, { kind: "release" }>,
      "id" | "done" | "division"
    >
    room.do(T0, ofT, { source: "u", n: 1 })
    room.do(T0, expire, { source: "t", n: 1 })
    expect(room.do(T0, reserve([line], 1, T0), { source: "t", n: 2 }).outcome).toMatchObject({
      error: "not-running",
    })
  })
})
