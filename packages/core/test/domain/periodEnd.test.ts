import { describe, expect, it } from "vitest"
import { incidentsOf, joined } from "../../src/domain/incident.ts"
import { type Meter, NO_NOTES, type Notes } from "../../src/domain/ledger.ts"
import { emptyMeter } from "../../src/domain/meter.ts"
import { endsAt } from "../../src/domain/periodEnd.ts"
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

const tiers = [tierOf(10, { notify: ["log"] })]
const hour = termsOf(tiers)
const life = termsOf(tiers, { window: "life", idleMs: 50 })
const sliding = termsOf(tiers, { window: "sliding", slidingMs: 100, bucketMs: 10 })

const meterOf = (terms: typeof hour, notes: Partial<Notes>): Meter => ({
  ...emptyMeter(hourLine(terms), T0),
  notes: { ...NO_NOTES, told: ["log"], ...notes },
})
const bucket = (endMs: number, settled: number) => ({
  period: { startMs: endMs - 110, endMs, keptUntilMs: endMs + 100 },
  settled,
})

describe("a meter that somebody heard of is over", () => {
  it.each([
    ["an hour at its end", hour, {}, HOUR],
    ["a lifetime at its idle time", life, {}, 50],
    ["a sliding window at once where it was armed", sliding, {}, 0],
  ] as const)("%s", (_, terms, notes, later) => {
    expect(endsAt(meterOf(terms, notes))).toBe(T0 + later)
    expect(endsAt(meterOf(terms, { ...notes, told: [] }))).toBeNull()
  })
  const marks = [{ at: 10, repeat: 0, fired: 10, arming: 0 }]
  it("a sliding window when the first of its buckets has left that it takes, whatever their order", () => {
    const buckets = [bucket(T0 + 40, 1), bucket(T0 + 20, 3), bucket(T0 + 30, 9), bucket(T0 - 5, 99)]
    expect(endsAt(meterOf(sliding, { marks, buckets }))).toBe(T0 + 30)
    expect(endsAt(meterOf(sliding, { marks, buckets: [bucket(T0 + 40, 9), ...buckets] }))).toBe(
      T0 + 40,
    )
  })
  it("a sliding window not before what was allowed lapses, where that has fired", () => {
    const allow = { amount: 5, tier: tierOf(10), fired: true }
    const notes = { allow, acknowledgedUntilMs: T0 + 60, buckets: [bucket(T0 + 20, 5)] }
    expect(endsAt(meterOf(sliding, notes))).toBe(T0 + 60)
  })
  it("a sliding window never as it stands, where what is held keeps its level", () => {
    const held = { ...meterOf(sliding, { marks, buckets: [bucket(T0 + 20, 5)] }), held: 10 }
    expect(endsAt(held)).toBeNull()
  })
})

describe("the end of a period", () => {
  const line = hourLine(hour)
  const end = (room: Room, atMs: number) =>
    room.do(atMs, { kind: "expire" }).events.filter(({ kind }) => kind === "period-end")

  it("is told in full, once, to whoever heard of the meter", () => {
    const room = new Room()
    room.do(T0, charge([line], 10))
    expect(end(room, T0 + HOUR - 1)).toEqual([])
    const told = {
      kind: "period-end",
      id: `b/k@${T0}/period-end`,
      atMs: T0 + HOUR,
      channels: ["log"],
      account: "b/k",
      incident: `b/k@${T0}`,
      generation: 0,
      periodStartMs: T0,
      periodEndMs: T0 + HOUR,
      settled: 10,
      held: 0,
      limit: 100,
      cap: null,
      unit: "usd",
    }
    expect(end(room, T0 + HOUR)).toEqual([told])
    expect(end(room, T0 + HOUR)).toEqual([])
    // A late level of the same period is another incident, with an end of its own.
    const more = termsOf([...tiers, tierOf(20, { notify: ["late"] })])
    const late = room.do(T0 + HOUR, charge([hourLine(more)], 10)).events
    expect(late).toMatchObject([{ kind: "tier", incident: `b/k@${T0}+1` }])
    expect(end(room, T0 + HOUR)).toMatchObject([
      { id: `b/k@${T0}/period-end/1`, channels: ["late"], incident: `b/k@${T0}+1` },
    ])
  })
  it("is told of the meters that are over, and leaves the others as they are", () => {
    const room = new Room()
    room.do(T0, charge([line], 10))
    room.do(T0 + HOUR, charge([hourLine(hour, T0 + HOUR)], 10))
    expect(room.meter("b/k", T0)?.notes).toMatchObject({ told: [], ends: 1 })
    expect(room.meter("b/k", T0 + HOUR)?.notes).toMatchObject({ told: ["log"], ends: 0 })
  })
  it("writes no account where there is none to tell", () => {
    const room = new Room()
    room.do(T0, charge([line], 10))
    room.do(T0, { kind: "switch", switch: "k=1", state: "off", untilMs: null, ...person })
    const { changes } = room.do(T0, reserve([line], 1, T0, { switches: ["k=1"] }))
    expect(changes.filter(({ kind }) => kind === "account")).toEqual([])
  })
})

describe("the incidents that an account may have open", () => {
  it("are that of its circuit where it is not closed, and those of its meters", () => {
    const room = new Room()
    const latch = termsOf([blockAt(100, { kind: "latch" })])
    const incidents = () => {
      const account = room.ledger.accounts.get("b/k")
      return account === undefined ? null : incidentsOf(account)
    }
    room.do(T0, charge([hourLine(latch)], 1))
    expect(incidents()).toEqual([`b/k@${T0}`])
    room.do(T0 + HOUR, charge([hourLine(latch, T0 + HOUR)], 100))
    expect(incidents()).toEqual(["b/k/1", `b/k@${T0}`, `b/k@${T0 + HOUR}`])
  })
  it("join their channels, those that were there first, and are the same list where none is new", () => {
    const known = ["a", "b"]
    expect(joined(known, ["c", "b", "d"])).toEqual(["a", "b", "c", "d"])
    expect(joined(known, [])).toBe(known)
  })
})
