import { describe, expect, it } from "vitest"
import { AMOUNT_MAX, type Line, periodAt } from "../../../src/domain.ts"
import {
  acknowledge,
  blockAt,
  charge,
  extend,
  HOUR,
  hourLine,
  person,
  Room,
  release,
  reserve,
  settle,
  T0,
  termsOf,
} from "../../attack/make.ts"

const line = hourLine(termsOf([blockAt(100)]))
const wide = hourLine(termsOf([]), T0, "b/wide")
const late = T0 + 10 * HOUR

describe("an error says what is wrong", () => {
  it.each([
    [
      "skewed",
      "`issuedAt` is more than 10 minutes from the store's clock; issue anew",
      reserve([line], 1, late),
      {},
    ],
    ["overflow", "account `b/wide` would pass 2^53 − 1", reserve([wide], AMOUNT_MAX, T0), {}],
    ["overflow", "the hold would pass 2^53 − 1", extend(2, AMOUNT_MAX, T0), {}],
    ["unknown-reservation", "no reservation of this name is known", settle(9, 1), {}],
    ["not-running", "the reservation has ended", settle(3, 1), {}],
    [
      "unknown-period",
      "no period of `b/k`, `b/wide` is kept",
      charge(
        [hourLine(line.terms, T0 - 9 * HOUR), hourLine(wide.terms, T0 - 9 * HOUR, "b/wide")],
        1,
      ),
      {},
    ],
  ])("%s: %s", (error, detail, command) => {
    const room = new Room()
    room.do(T0, charge([wide], 1))
    room.do(T0, reserve([], AMOUNT_MAX - 5, T0))
    room.do(T0, reserve([line], 1, T0))
    room.do(T0, release(3))
    expect(room.do(T0, command).outcome).toEqual({ kind: "error", error, detail })
  })
})

describe("a hold beside a lifetime's", () => {
  const life: Line = {
    account: "b/life",
    division: "*",
    period: periodAt({ kind: "lifetime", idleMs: HOUR }, 0),
    terms: termsOf([blockAt(100)], { window: "life", idleMs: HOUR }),
  }
  const slide: Line = {
    account: "b/slide",
    division: "*",
    period: periodAt({ kind: "sliding", lengthMs: 9 * HOUR, buckets: 9 }, T0),
    terms: termsOf([blockAt(100)], { window: "slide", slidingMs: 9 * HOUR, bucketMs: HOUR }),
  }

  it("remembers when the lifetime began, and nothing of the others", () => {
    const room = new Room()
    const { n } = room.do(T0 + 5, reserve([slide, life, line], 1, T0))
    expect(room.ledger.reservations.get({ source: "s", n }, "*")?.lives).toEqual([0, T0 + 5, 0])
  })

  it("is not given back to another life", () => {
    const room = new Room()
    const { n } = room.do(T0, reserve([slide, life], 100, T0, { expiresAtMs: T0 + 1 }))
    room.do(T0 + 1, { kind: "expire" })
    const at = T0 + 2 * HOUR
    room.do(at, charge([life], 60))
    expect(room.do(at, settle(n, 0)).outcome).toMatchObject({ skipped: ["b/life"] })
    expect([room.meter("b/life")?.settled, room.meter("b/slide")?.settled]).toEqual([60, 0])
  })
})

it.each([
  ["adjust", "b/k", { kind: "adjust", line, amount: 1, ...person }],
  ["acknowledge", "b/k", acknowledge(line, 100)],
  ["trip", "b/k", { kind: "trip", account: "b/k", coolDownMs: 1, ...person }],
  ["switch", "k=1", { kind: "switch", switch: "k=1", state: "off", untilMs: null, ...person }],
] as const)("an operator's %s is written down, and sent to nobody", (verb, target, command) => {
  const room = new Room()
  room.do(T0, charge([line], 100))
  const { events } = room.do(T0, command, { n: 7, division: "org" })
  const facts = { verb, target, by: "ann", why: "test", atMs: T0, channels: [] }
  expect(events.at(-1)).toEqual({ kind: "audit", id: "s/7@org/audit", ...facts })
})
