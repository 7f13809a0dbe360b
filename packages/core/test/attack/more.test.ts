import { describe, expect, it } from "vitest"
import type { Line } from "../../src/domain.ts"
import {
  acknowledge,
  blockAt,
  charge,
  HOUR,
  hourLine,
  person,
  Room,
  release,
  reserve,
  settle,
  T0,
  termsOf,
  tierOf,
} from "./make.ts"

const trip = { kind: "trip", coolDownMs: 60_000, maxCoolDownMs: 60_000, probation: null } as const

describe("small things that must hold", () => {
  it("§5 `allow` makes a level with the same effects: the strongest of those that met", () => {
    const room = new Room()
    const line = hourLine(termsOf([blockAt(100, trip), blockAt(100, { kind: "block" })]))
    room.do(T0, charge([line], 100))
    room.do(T0, acknowledge(line, 100, { allow: 5 }))
    room.do(T0, charge([line], 5))
    expect(room.ledger.accounts.get("b/k")?.circuit.state).toBe("open")
  })
  it("§5 `busy` says when the oldest hold of that period expires, not one of the hour before", () => {
    const room = new Room()
    const terms = termsOf([blockAt(100)])
    const before = T0 + HOUR - 1_000
    room.do(before, reserve([hourLine(terms, before)], 10, before, { expiresAtMs: T0 + 2 * HOUR }))
    const at = T0 + HOUR + 1_000
    room.do(at, reserve([hourLine(terms, at)], 90, at, { expiresAtMs: T0 + 5 * HOUR }))
    expect(room.do(at, reserve([hourLine(terms, at)], 20, at)).outcome).toMatchObject({
      reason: "busy",
      untilMs: T0 + 5 * HOUR,
    })
  })
  it("§5 a switch sent again with another `until` is the same command: instants are no content", () => {
    const room = new Room()
    const off = { kind: "switch", switch: "k=1", state: "off", ...person } as const
    room.do(T0, { ...off, untilMs: T0 + 5 }, { n: 7 })
    expect(room.do(T0, { ...off, untilMs: T0 + 6 }, { n: 7 }).outcome).toMatchObject({
      replayed: true,
    })
  })
  it("§5 the tenth refusal trips also where the clock went back by minutes", () => {
    const room = new Room()
    const line = hourLine(termsOf([blockAt(100, trip)]))
    room.do(T0 + 600_000, charge([line], 95))
    room.do(T0 + 600_000, reserve([line], 10, T0 + 600_000))
    for (let i = 0; i < 12; i += 1)
      room.do(T0 + 300_000 + i * 1_000, reserve([line], 10, T0 + 300_000))
    expect(room.ledger.accounts.get("b/k")?.circuit.state).toBe("open")
  })
  it("§4 `drain` is not said to an enforcing call for a circuit that only observes", () => {
    const room = new Room()
    const enforce = termsOf([blockAt(1_000)])
    const observe = termsOf([blockAt(100, trip)], { observe: true })
    const { n } = room.do(T0, reserve([hourLine(enforce)], 1, T0))
    room.do(T0, charge([hourLine(observe)], 100))
    expect(room.do(T0, settle(n, 1, 1, false)).outcome).toMatchObject({ drain: false })
  })
  it("§5 an Acknowledge whose line is another account's is no command", () => {
    const room = new Room()
    const terms = termsOf([blockAt(100, { kind: "latch" })])
    room.do(T0, charge([hourLine(terms, T0, "b/a")], 100))
    const line = hourLine(terms, T0, "b/other")
    const { outcome } = room.do(T0, {
      ...acknowledge(line, 100, { allow: 5 }),
      account: "b/a",
    } as never)
    expect(outcome).toMatchObject({ error: "invalid-command" })
  })
  it("§5 a Release by another name leaves the Reserve `not-running`", () => {
    const room = new Room()
    const line = hourLine(termsOf([blockAt(100)]))
    room.do(T0, release(5), { source: "t", n: 1 })
    expect(room.do(T0, reserve([line], 1, T0), { n: 5, done: 0 }).outcome).toMatchObject({
      error: "not-running",
    })
  })
  it("§5 a Release of its own first number does not make the next one answered", () => {
    const room = new Room()
    const line = hourLine(termsOf([blockAt(100)]))
    expect(room.do(T0, release(3), { n: 1 }).outcome.kind).toBe("released")
    expect(room.do(T0, reserve([line], 1, T0), { n: 2 }).outcome.kind).toBe("reserved")
    expect(room.do(T0, reserve([line], 1, T0), { n: 3 }).outcome).toMatchObject({
      error: "not-running",
    })
  })
  it("§9 a division's Reserve with the same source and number is another reservation", () => {
    const room = new Room()
    const own = (division: string): Line => ({
      ...hourLine(termsOf([blockAt(100)]), T0, `b/${division}`),
      division,
    })
    room.do(T0, reserve([own("a")], 5, T0), { n: 1, division: "a" })
    room.do(T0, reserve([own("b")], 7, T0), { n: 1, division: "b" })
    room.do(T0, settle(1, 2), { n: 2, division: "a" })
    expect(room.meter("b/a")).toMatchObject({ settled: 2, held: 0 })
    expect(room.meter("b/b")).toMatchObject({ settled: 0, held: 7 })
  })
  it("§5 a running reservation is always known, also where its source is new again after a day", () => {
    const room = new Room()
    const week = (account: string): Line => ({
      ...hourLine(termsOf([blockAt(100)]), T0, account),
      period: { startMs: T0, endMs: T0 + 7 * 24 * HOUR, keptUntilMs: T0 + 14 * 24 * HOUR },
    })
    room.do(T0, reserve([week("b/k")], 50, T0, { expiresAtMs: T0 + 3 * 24 * HOUR }), { n: 1 })
    const at = T0 + 25 * HOUR
    room.do(at, reserve([week("b/k")], 10, at, { expiresAtMs: at + HOUR }), { n: 1 })
    room.do(T0 + 4 * 24 * HOUR, { kind: "expire" }, { source: "t", n: 1 })
    expect(room.meter()?.held).toBe(0)
  })
  it("§5 extends in many divisions: a sweep ends only its own division's", () => {
    const room = new Room()
    const own = (division: string): Line => ({
      ...hourLine(termsOf([blockAt(100)]), T0, `b/${division}`),
      division,
    })
    for (const division of ["a", "b"])
      room.do(
        T0,
        reserve([own(division), hourLine(termsOf([blockAt(100)]))], 5, T0, { expiresAtMs: T0 + 1 }),
        { n: 1, division },
      )
    room.do(T0 + 2, { kind: "expire" }, { n: 2, division: "a" })
    expect(room.meter("b/a")).toMatchObject({ settled: 5, held: 0 })
    expect(room.meter("b/b")).toMatchObject({ settled: 0, held: 5 })
    expect(room.meter()).toMatchObject({ settled: 5, held: 5 })
  })
  it("§5 a heartbeat moves the expiry: the index follows, and nothing ends early or twice", () => {
    const room = new Room()
    const line = hourLine(termsOf([blockAt(100)]))
    const { n } = room.do(T0, reserve([line], 5, T0, { expiresAtMs: T0 + 1_000 }))
    room.do(T0 + 500, {
      kind: "extend",
      reservation: { source: "s", n },
      issuedAtMs: T0,
      base: { usd: 0, tokens: 0, requests: 0 },
      perUnit: { usd: 0, tokens: 0, requests: 0 },
      units: { least: 0, most: 0 },
      expiresAtMs: T0 + 9_000,
    })
    expect(room.do(T0 + 2_000, { kind: "expire" }).names).toEqual([])
    expect(room.do(T0 + 9_000, { kind: "expire" }).names).toEqual([`expired s/${n}`])
    expect(room.do(T0 + 9_001, { kind: "expire" }).names).toEqual([])
  })
  it("§4 tiers that meet fire as one event with all channels", () => {
    const room = new Room()
    const line = hourLine(
      termsOf([
        tierOf(5, { notify: ["a"] }),
        tierOf(5, { notify: ["b"], effect: trip, repeat: 5 }),
      ]),
    )
    const tiers = room.do(T0, charge([line], 5)).events.filter(({ kind }) => kind === "tier")
    expect(tiers.map(({ channels }) => [...channels].sort())).toEqual([["a", "b"]])
  })
})
