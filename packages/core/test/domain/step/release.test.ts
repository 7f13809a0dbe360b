import { expect, it } from "vitest"
import {
  blockAt,
  hourLine,
  Room,
  release,
  reserve,
  settle,
  T0,
  termsOf,
} from "../../attack/make.ts"

const line = hourLine(termsOf([blockAt(100)]))

it.each([
  ["settled", settle(1, 1)],
  ["released", release(1)],
])("comes too late for a reservation that was %s", (_, end) => {
  const room = new Room()
  room.do(T0, reserve([line], 5, T0), { n: 1 })
  room.do(T0, end, { n: 2 })
  const detail = "the reservation has ended"
  expect(room.do(T0, release(1), { n: 3 }).outcome).toEqual({
    kind: "error",
    error: "not-running",
    detail,
  })
})

it("of a Reserve that has not come ends it before it comes", () => {
  const room = new Room()
  expect(room.do(T0, release(9), { n: 1 }).outcome).toEqual({ kind: "released" })
  const [source] = room.ledger.sources.values()
  expect(source?.entries.get(9)?.ended).toBe("released")
})
