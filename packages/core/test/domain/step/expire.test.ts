import { expect, it } from "vitest"
import {
  blockAt,
  extend,
  HOUR,
  hourLine,
  person,
  Room,
  reserve,
  settle,
  T0,
  termsOf,
} from "../../attack/make.ts"

const line = hourLine(termsOf([blockAt(100)]))
const expire = { kind: "expire" } as const

it("an expiry is heard by the hook alone, and written with all that it moved", () => {
  const room = new Room()
  room.do(T0, reserve([line], 5, T0, { expiresAtMs: T0 + 1 }), { n: 1 })
  const { outcome, events, changes } = room.do(T0 + 1, expire, { n: 2 })
  expect(outcome).toEqual({ kind: "expired", reservations: ["s/1"] })
  const facts = { id: "s/1/expired", atMs: T0 + 1, channels: [], reservation: "s/1" }
  expect(events).toEqual([{ kind: "expired", ...facts }])
  expect(changes.map(({ kind }) => kind)).toEqual(["account", "reservation", "answered"])
})

it("what is forgotten meanwhile is written before the answer, at the 64th command", () => {
  const room = new Room()
  room.do(T0, { kind: "switch", switch: "k=1", state: "off", untilMs: T0 + 1, ...person })
  const written = Array.from({ length: 64 }, () =>
    room
      .do(T0 + HOUR, expire)
      .changes.map(({ kind }) => kind)
      .join(" "),
  )
  expect(written.indexOf("switch answered")).toBe(62)
  expect(written.filter((kinds) => kinds === "answered")).toHaveLength(63)
})

it("what has ended or was extended in the meantime does not expire, however soon it would have", () => {
  const room = new Room()
  const soon = { expiresAtMs: T0 + 500 }
  room.do(T0, reserve([line], 1, T0, { expiresAtMs: T0 + 1 }), { n: 1 })
  room.do(T0, reserve([line], 9, T0, { expiresAtMs: T0 + HOUR }), { n: 7 })
  room.do(T0 + 1, expire, { n: 2 })
  room.do(T0 + 1, reserve([line], 5, T0, soon), { n: 3 })
  room.do(T0 + 1, reserve([line], 7, T0, soon), { n: 4 })
  room.do(T0 + 2, settle(3, 2), { n: 5 })
  room.do(T0 + 2, extend(4, 0, T0, T0 + 900), { n: 6 })
  const ended = [600, 900].map((atMs, at) => room.do(T0 + atMs, expire, { n: 8 + at }).outcome)
  expect(ended).toEqual([
    { kind: "expired", reservations: [] },
    { kind: "expired", reservations: ["s/4"] },
  ])
  expect(room.meter()).toMatchObject({ settled: 1 + 2 + 7, held: 9 })
})
