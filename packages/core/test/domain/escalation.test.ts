import { describe, expect, it } from "vitest"
import { atOnceOf, escalationAfter, furtherOf } from "../../src/domain/escalation.ts"
import { type Circuit, CLOSED, type Escalation } from "../../src/domain/ledger.ts"
import type { TierTerms } from "../../src/domain.ts"
import { charge, hourLine, Room, T0, termsOf, tierOf } from "../attack/make.ts"

const order = (notify: readonly string[], escalateAfterMs: number): TierTerms =>
  tierOf(100, { repeat: 100, effect: { kind: "latch" }, notify, escalateAfterMs })

describe("a tier tells at once", () => {
  it("all its channels, or the first where the others wait", () => {
    expect(atOnceOf(order(["a", "b", "c"], 0))).toEqual(["a", "b", "c"])
    expect(atOnceOf(order(["a", "b", "c"], 1))).toEqual(["a"])
  })
  it("and goes on, of tiers that meet, to whom none of them tells at once, at the shortest wait", () => {
    const tiers = [order(["a", "b", "c"], 9), order(["b"], 0), order(["d", "c", "e"], 5)]
    expect(furtherOf(tiers)).toEqual({ everyMs: 5, channels: ["c", "e"] })
    expect(furtherOf([order(["a", "b"], 0)])).toBeNull()
    expect(furtherOf([order(["a", "b"], 5), order(["b"], 0)])).toBeNull()
  })
})

describe("the escalation of a circuit that latches", () => {
  const opening = { generation: 1, since: 1, observed: false, causeStartMs: 0, told: ["a"] }
  const latchedWith = (escalation: Escalation | null): Circuit => ({
    ...opening,
    state: "latched",
    escalation,
  })
  const running = { sinceMs: 1, untilMs: 50, everyMs: 7, channels: ["b", "c"] }
  const after = (circuit: Circuit, atOnce: string[], told: string[], channels: string[] | null) => {
    const further = channels === null ? null : { everyMs: 5, channels }
    return escalationAfter(circuit, { atOnce, told, further, nowMs: 100 })
  }
  it("begins with whom nobody has told yet", () => {
    const begun = { sinceMs: 100, untilMs: 105, everyMs: 5, channels: ["b"] }
    expect(after(CLOSED, ["a"], ["a"], ["b"])).toEqual(begun)
    expect(after(latchedWith(null), ["a"], ["a", "c"], ["b", "c"])).toEqual(begun)
    expect(after(CLOSED, ["a"], ["a", "b"], ["b"])).toBeNull()
    expect(after(CLOSED, ["a"], ["a"], null)).toBeNull()
  })
  it("goes on as it runs, with whom a further latch brings last", () => {
    expect(after(latchedWith(running), ["a"], ["a"], ["d"])).toEqual({
      ...running,
      channels: ["b", "c", "d"],
    })
    expect(after(latchedWith(running), ["a"], ["a"], null)).toEqual(running)
  })
  it("leaves out whom a further latch tells at once, and ends with the last of them", () => {
    expect(after(latchedWith(running), ["b"], ["a", "b"], null)).toEqual({
      ...running,
      channels: ["c"],
    })
    expect(after(latchedWith(running), ["b", "c"], ["a", "b", "c"], null)).toBeNull()
  })
})

describe("an escalation", () => {
  const line = hourLine(termsOf([order(["a", "b", "c", "d"], 10)]))
  const told = (room: Room, later: number) => room.do(T0 + later, { kind: "expire" }).events
  const latched = (): Room => {
    const room = new Room()
    room.do(T0, charge([line], 100))
    return room
  }
  const step = (n: number, later: number, channels: readonly string[]) => ({
    kind: "escalation",
    id: `b/k/1/escalation/${n}`,
    atMs: T0 + later,
    channels,
    account: "b/k",
    incident: "b/k/1",
    generation: 1,
    step: n,
    sinceMs: T0,
  })
  it("tells each channel so long after the one before, and then nobody", () => {
    const room = latched()
    expect(told(room, 9)).toEqual([])
    expect(told(room, 10)).toEqual([step(1, 10, ["b"])])
    expect(told(room, 19)).toEqual([])
    expect(told(room, 20)).toEqual([step(2, 20, ["c"])])
    expect(told(room, 30)).toEqual([step(3, 30, ["d"])])
    expect(room.ledger.accounts.get("b/k")?.circuit).toMatchObject({
      escalation: null,
      told: ["a", "b", "c", "d"],
    })
    expect(told(room, 40)).toEqual([])
  })
  it.each([
    [19, 1, ["b"], [step(2, 20, ["c"])]],
    [20, 2, ["b", "c"], []],
    [29, 2, ["b", "c"], []],
    [99, 3, ["b", "c", "d"], []],
  ] as const)(
    "heard of late, by %i, tells all that are due by then as one",
    (later, n, channels, next) => {
      const room = latched()
      expect(told(room, later)).toEqual([step(n, later, channels)])
      expect(told(room, Math.max(20, later))).toEqual(next)
    },
  )
})
