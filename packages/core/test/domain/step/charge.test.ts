import { expect, it } from "vitest"
import { blockAt, charge, hourLine, Room, reserve, settle, T0, termsOf } from "../../attack/make.ts"

const line = hourLine(termsOf([blockAt(100)]))

it("is not counted a second time where its reservation was settled", () => {
  const room = new Room()
  room.do(T0, reserve([line], 5, T0), { n: 1 })
  room.do(T0, settle(1, 5), { n: 2 })
  const { outcome } = room.do(T0, charge([line], 5, 1), { n: 3 })
  const detail = "the reservation was settled; nothing is charged"
  expect(outcome).toEqual({ kind: "error", error: "not-running", detail })
})

it("in the place of a Reserve that has not come ends it before it comes", () => {
  const room = new Room()
  expect(room.do(T0, charge([line], 5, 9), { n: 1 }).outcome.kind).toBe("charged")
  const [source] = room.ledger.sources.values()
  expect(source?.entries.get(9)?.ended).toBe("released")
  expect(room.do(T0, reserve([line], 5, T0), { n: 9 }).outcome).toMatchObject({
    error: "not-running",
  })
})

it("that is not counted ends no Reserve: it may still come", () => {
  const room = new Room()
  const gone = hourLine(line.terms, T0 - 10 * 3_600_000)
  expect(room.do(T0, charge([gone], 5, 9), { n: 1 }).outcome).toMatchObject({
    error: "unknown-period",
  })
  expect(room.do(T0, reserve([line], 5, T0), { n: 9 }).outcome.kind).toBe("reserved")
})

it("takes the place of no number that cannot be in flight", () => {
  const room = new Room()
  room.do(T0, charge([line], 1), { n: 1 })
  const { outcome } = room.do(T0, charge([line], 5, 1_025), { n: 2 })
  expect(outcome).toMatchObject({ error: "unknown-reservation" })
  expect(room.meter()?.settled).toBe(1)
})
