import { describe, expect, it } from "vitest"
import { AMOUNT_MAX, type Line } from "../../src/domain.ts"
import {
  blockAt,
  charge,
  HOUR,
  hourLine,
  person,
  Room,
  reserve,
  settle,
  T0,
  termsOf,
} from "./make.ts"

describe("once", () => {
  it("I5 an overshoot is said once, also where a refusal for `busy` follows it", () => {
    const room = new Room()
    const wide = termsOf([blockAt(100)])
    const tight = termsOf([blockAt(50)], { limit: 50 })
    room.do(T0, reserve([hourLine(wide)], 80, T0))
    const names = [0, 1, 2].flatMap(
      (i) => room.do(T0 + i, reserve([hourLine(tight)], 10, T0)).names,
    )
    expect(names.filter((name) => name === "overshoot b")).toHaveLength(1)
  })
  it("§5 Expire sent again gives the same outcome", () => {
    const room = new Room()
    const line = hourLine(termsOf([blockAt(100)]))
    room.do(T0, reserve([line], 1, T0, { expiresAtMs: T0 + 1 }))
    const first = room.do(T0 + 2, { kind: "expire" }, { n: 50 })
    const again = room.do(T0 + 2, { kind: "expire" }, { n: 50 })
    expect(again.outcome).toEqual({ ...first.outcome, replayed: true })
  })
  it("§5 Expire ends all overdue reservations", () => {
    const room = new Room()
    const line = hourLine(termsOf([blockAt(100)]))
    for (let i = 0; i < 40; i += 1) room.do(T0, reserve([line], 1, T0, { expiresAtMs: T0 + 1 }))
    const { outcome } = room.do(T0 + 2, { kind: "expire" })
    expect(outcome.kind === "expired" ? outcome.reservations.length : 0).toBe(40)
  })
  it("§5 a number of a forgotten source is `unknown-source`, whoever ended its reservation meanwhile", () => {
    const room = new Room()
    const terms = termsOf([blockAt(100)])
    const day = 24 * HOUR
    const week: Line = {
      ...hourLine(terms),
      period: { startMs: T0, endMs: T0 + 7 * day, keptUntilMs: T0 + 14 * day },
    }
    room.do(T0, reserve([week], 1, T0, { expiresAtMs: T0 + 3 * day }), { n: 1 })
    expect(room.do(T0, charge([week], 7), { n: 2, done: 0 }).outcome.kind).toBe("charged")
    const at = T0 + 25 * HOUR
    for (let i = 0; i < 200; i += 1) room.do(at, { kind: "expire" }, { source: `e${i}`, n: 1 })
    room.do(at, settle(1, 1), { source: "t", n: 1 })
    expect(room.do(at, charge([week], 7), { n: 2, done: 1 }).outcome).toMatchObject({
      error: "unknown-source",
    })
  })
  it("§3 an expired reservation is known until its period is forgotten, which a hold prevents", () => {
    const room = new Room()
    const line = hourLine(termsOf([blockAt(100)]))
    room.do(T0, reserve([line], 10, T0, { expiresAtMs: T0 + 24 * HOUR }))
    const { n } = room.do(T0, reserve([line], 20, T0, { expiresAtMs: T0 + 1 }))
    room.do(T0 + 2, { kind: "expire" })
    const at = T0 + 3 * HOUR
    for (let i = 0; i < 200; i += 1) room.do(at, { kind: "expire" }, { source: `e${i}`, n: 1 })
    expect(room.meter()).toMatchObject({ settled: 20, held: 10 })
    expect(room.do(at, settle(n, 5)).outcome.kind).toBe("settled")
  })
})

describe("numbers at the edge", () => {
  it("I11 whatever is admitted can be written down: an operator's Trip stays a safe instant", () => {
    const room = new Room()
    room.do(T0, { kind: "trip", account: "b/k", coolDownMs: AMOUNT_MAX, ...person })
    const { circuit } = room.ledger.accounts.get("b/k") ?? {}
    if (circuit?.state === "open") expect(Number.isSafeInteger(circuit.untilMs)).toBe(true)
  })
  it("I14 a switch whose `until` is over is forgotten", () => {
    const room = new Room()
    for (let i = 0; i < 100; i += 1)
      room.do(T0, { kind: "switch", switch: `user=${i}`, state: "off", untilMs: T0 + 1, ...person })
    for (let i = 0; i < 1_000; i += 1)
      room.do(T0 + 30 * HOUR + i, { kind: "expire" }, { source: "t", n: i + 1, done: i })
    expect(room.ledger.switches.size).toBe(0)
  })
  it("I14 an account without a meter is forgotten a month after its circuit closed", () => {
    const room = new Room()
    for (let i = 0; i < 100; i += 1)
      room.do(T0, { kind: "trip", account: `b/${i}`, coolDownMs: 1, ...person })
    const later = (atMs: number, source: string): void => {
      for (let i = 0; i < 2_000; i += 1)
        room.do(atMs + i * 1_000, { kind: "expire" }, { source, n: i + 1, done: i })
    }
    later(T0 + HOUR, "t")
    expect(room.ledger.accounts.size).toBe(100)
    later(T0 + 33 * 24 * HOUR, "u")
    expect(room.ledger.accounts.size).toBe(0)
  })
  it("I14 a source keeps at most 1,024 outcomes, marks of Releases included", () => {
    const room = new Room()
    for (let i = 1; i <= 3_000; i += 1)
      room.do(
        T0,
        { kind: "release", reservation: { source: "s", n: i } },
        { source: "t", n: i, done: i - 1 },
      )
    const kept = [...room.ledger.sources.values()].map(({ entries }) => [...entries].length)
    expect(Math.max(...kept)).toBeLessThanOrEqual(1_024)
  })
})
