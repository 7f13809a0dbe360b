import { expect, it } from "vitest"
import { type Line, periodAt } from "../../../src/domain.ts"
import { blockAt, charge, HOUR, hourLine, Room, reserve, T0, termsOf } from "../../attack/make.ts"

const DAY = 24 * HOUR

it.each([
  [600_000, "reserved"],
  [-600_000, "reserved"],
  [600_001, "error"],
  [-600_001, "error"],
])("may be issued 10 minutes from the store's clock, and no more: %i ms", (skewMs, kind) => {
  const room = new Room()
  const line = hourLine(termsOf([blockAt(100)]))
  expect(room.do(T0, reserve([line], 1, T0 + skewMs)).outcome.kind).toBe(kind)
})

it("takes no number of a reservation that runs, though its source was forgotten", () => {
  const room = new Room()
  const line = hourLine(termsOf([blockAt(100)]))
  room.do(T0, reserve([line], 1, T0, { expiresAtMs: T0 + 3 * DAY }), { n: 1 })
  const again = room.do(T0 + 2 * DAY, reserve([], 0, T0 + 2 * DAY), { n: 1 })
  expect(again.outcome).toEqual({
    kind: "error",
    error: "conflict",
    detail: "number 1 is that of a reservation that runs",
  })
})

it("is judged at its instant: what has left its sliding window counts no more", () => {
  const terms = termsOf([blockAt(100)], { window: "sliding", slidingMs: 10, bucketMs: 4 })
  const lineAt = (atMs: number): Line => ({
    account: "b/k",
    division: "*",
    period: periodAt({ kind: "sliding", lengthMs: 10, buckets: 3 }, atMs),
    terms,
  })
  const kindAt = (atMs: number): string => {
    const room = new Room()
    room.do(0, charge([lineAt(0)], 100))
    return room.do(atMs, reserve([lineAt(atMs)], 1, atMs)).outcome.kind
  }
  // The bucket of 0 leaves at 14, in the middle of the one that lasts from 12 to 16.
  expect(kindAt(13)).toBe("refused")
  expect(kindAt(14)).toBe("reserved")
})
