import { describe, expect, it } from "vitest"
import { type BlockingEffect, type Line, periodAt, type TierTerms } from "../../../src/domain.ts"
import {
  acknowledge,
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
} from "../../attack/make.ts"

const latch: BlockingEffect = { kind: "latch" }
const trip: BlockingEffect = { kind: "trip", coolDownMs: 9, maxCoolDownMs: 9, probation: null }
const lineOf = (...tiers: readonly TierTerms[]): Line => hourLine(termsOf(tiers))
const latched = lineOf(blockAt(100, latch))
const blocked = lineOf(blockAt(100))

/** A room where so much was spent on a line. */
const roomWith = (line: Line, amount: number): Room => {
  const room = new Room()
  room.do(T0, charge([line], amount))
  return room
}
const stateOf = (room: Room): string | undefined => room.ledger.accounts.get("b/k")?.circuit.state

it("an Adjust of a period that is no longer kept is told so", () => {
  const { outcome } = new Room().do(T0 + 2 * HOUR, {
    kind: "adjust",
    line: blocked,
    amount: 1,
    ...person,
  })
  const detail = "no period of `b/k` is kept"
  expect(outcome).toEqual({ kind: "error", error: "unknown-period", detail })
})

describe("an Acknowledge", () => {
  it.each([
    ["until it is no longer kept", 2 * HOUR - 1, 100],
    ["and not after", 2 * HOUR, 0],
  ])("sees the period that caused the opening, %s", (_, laterMs, acknowledged) => {
    const room = roomWith(latched, 100)
    expect(room.do(T0 + laterMs, acknowledge(latched, 100)).outcome.kind).toBe("acknowledged")
    expect(stateOf(room)).toBe("closed")
    expect(room.meter()?.notes.acknowledged).toBe(acknowledged)
  })

  it.each([
    ["one to come", T0 - 1, "nothing-to-acknowledge"],
    ["the present one, from its start", T0, "acknowledged"],
    ["the present one, to its end", T0 + HOUR - 1, "acknowledged"],
    ["one that is over", T0 + HOUR, "nothing-to-acknowledge"],
  ])("sees of periods that opened nothing %s: %i", (_, atMs, kind) => {
    const room = new Room()
    room.do(Math.min(atMs, T0), charge([blocked], 100))
    expect(room.do(atMs, acknowledge(blocked, 100)).outcome.kind).toBe(kind)
  })

  it("with `allow` and no line closes the circuit, and allows nothing", () => {
    const room = roomWith(latched, 100)
    const { outcome } = room.do(T0, acknowledge(latched, 100, { allow: 5, line: null }))
    expect(outcome.kind).toBe("acknowledged")
    expect(room.meter()?.notes).toMatchObject({ acknowledged: 100, allow: null })
  })
})

describe("a small step that was allowed", () => {
  it("stands after it was reached, until a person has seen as much", () => {
    const room = roomWith(latched, 100)
    room.do(T0, acknowledge(latched, 100, { allow: 5 }))
    room.do(T0, charge([latched], 5))
    room.do(T0, acknowledge(latched, 104))
    expect([stateOf(room), room.do(T0, reserve([latched], 1, T0)).outcome.kind]).toEqual([
      "closed",
      "refused",
    ])
    room.do(T0, acknowledge(latched, 105))
    expect(room.do(T0, reserve([latched], 95, T0)).outcome.kind).toBe("reserved")
  })

  it("is seen also below what was acknowledged before", () => {
    const room = roomWith(latched, 90)
    for (let at = 0; at < 10; at += 1) room.do(T0 + at * 1_000, reserve([latched], 11, T0))
    room.do(T0 + 20_000, acknowledge(latched, 100, { allow: 5 }))
    room.do(T0 + 20_000, charge([latched], 5))
    expect(stateOf(room)).toBe("latched")
    room.do(T0 + 20_000, acknowledge(latched, 95))
    expect(room.do(T0 + 20_000, reserve([latched], 100, T0)).outcome.kind).toBe("reserved")
  })

  it("of a sliding window lasts one such length", () => {
    const terms = termsOf([blockAt(100, latch)], {
      window: "slide",
      slidingMs: HOUR,
      bucketMs: HOUR / 4,
    })
    const lineAt = (atMs: number): Line => ({
      ...latched,
      period: periodAt({ kind: "sliding", lengthMs: HOUR, buckets: 4 }, atMs),
      terms,
    })
    const room = roomWith(lineAt(T0), 100)
    room.do(T0, acknowledge(lineAt(T0), 100, { allow: 5 }))
    const refusalAt = (atMs: number, amount: number) =>
      room.do(atMs, reserve([lineAt(atMs)], amount, atMs, { expiresAtMs: atMs + 1 })).outcome
    expect(refusalAt(T0 + HOUR - 1, 5).kind).toBe("reserved")
    const late = T0 + 3 * HOUR
    expect(refusalAt(late, 103)).toMatchObject({ reason: "too-large" })
  })

  it.each<readonly [string, readonly BlockingEffect[]]>([
    ["latched", [{ kind: "block" }, trip, latch]],
    ["latched", [latch, trip, { kind: "block" }]],
    ["open", [{ kind: "block" }, trip]],
  ])("does the strongest of what the levels do that meet: %s", (state, effects) => {
    const line = lineOf(...effects.map((effect) => blockAt(100, effect)))
    const room = roomWith(line, 100)
    room.do(T0, acknowledge(line, 100, { allow: 5 }))
    room.do(T0, charge([line], 5))
    expect(stateOf(room)).toBe(state)
  })

  it.each([
    ["in its order, where only one of them tells anybody", [], ["a"]],
    ["at once, where another tells somebody too", ["c"], ["a", "b", "c"]],
  ])("tells the channels of the levels that meet %s", (_, others, channels) => {
    const order = { notify: ["a", "b"], escalateAfterMs: 60_000 }
    const line = lineOf(
      tierOf(100, { repeat: 100, effect: latch, ...order }),
      tierOf(100, { repeat: 100, effect: { kind: "block" }, notify: others }),
    )
    const room = roomWith(line, 100)
    room.do(T0, acknowledge(line, 100, { allow: 5 }))
    const { events } = room.do(T0, charge([line], 5))
    expect(events.find(({ kind }) => kind === "tier")?.channels).toEqual(channels)
  })
})
