import { describe, expect, it } from "vitest"
import {
  type Amounts,
  apply,
  type BudgetPolicy,
  type Command,
  compile,
  emptyLedger,
  eventName,
  type Window,
} from "../../src/domain.ts"

const MINUTE = 60_000
const usd = (amount: number): Amounts => ({ usd: amount, tokens: 0, requests: 0 })

/** One budget of 100, warned at 80 and blocked at 100, in the given window. */
const machine = (window: Window, degrade?: string) => {
  const policy: BudgetPolicy = {
    budgets: [
      {
        id: "b",
        per: ["key"],
        unit: "usd",
        limit: 100,
        window,
        tiers: [
          { at: { percent: 80 }, notify: ["slack"], ...(degrade === undefined ? {} : { degrade }) },
          { at: { percent: 100 }, effect: { kind: "block" } },
        ],
      },
    ],
    fallbackChains: new Map([["cheap", ["cheap", "canned"]]]),
  }
  const ledger = emptyLedger()
  let n = 0
  const send = (at: number, body: object) => {
    n += 1
    const head = { id: { source: "s", n }, done: 0, division: "*" }
    const { outcome, events } = apply(ledger, { ...head, ...body } as Command, at)
    return { n, outcome, events: events.map(eventName) }
  }
  const planned = (at: number) => {
    const plan = compile(policy, { key: "k" }, at)
    return "lines" in plan ? plan : { lines: [], switches: [] }
  }
  const asked = (base: number, most = 0, perUnit = 1) => ({
    base: usd(base),
    perUnit: usd(perUnit),
    units: { least: 0, most },
  })
  return {
    send,
    asked,
    ledger,
    reserve: (at: number, base: number, most = 0, via: string | null = null) => {
      const { lines, switches } = planned(at)
      const rest = { issuedAtMs: at, expiresAtMs: at + 600 * MINUTE, via, swallowed: 0 }
      return send(at, { kind: "reserve", lines, switches, ...asked(base, most), ...rest })
    },
    spend: (at: number, amount: number, ends: object | null = null) =>
      send(at, { kind: "charge", lines: planned(at).lines, amounts: usd(amount), ends }),
  }
}
const sliding: Window = { kind: "sliding", lengthMs: 60 * MINUTE, buckets: 12 }
const day: Window = { kind: "day", timeZone: "UTC" }

describe("a sliding window", () => {
  it("counts a spend until its whole bucket has left, and a hold as long as it runs", () => {
    const m = machine(sliding)
    m.spend(0, 100)
    expect(m.reserve(64 * MINUTE, 1).outcome).toMatchObject({
      reason: "exhausted",
      untilMs: 65 * MINUTE,
    })
    expect(m.reserve(65 * MINUTE, 100).outcome.kind).toBe("reserved")
    expect(m.reserve(200 * MINUTE, 1).outcome).toMatchObject({ reason: "busy" })
  })
  it("tells a level again once it was 10 % below", () => {
    const m = machine(sliding)
    expect(m.spend(0, 80).events).toEqual(["tier b 80%"])
    expect(m.spend(1, 1).events).toEqual([])
    expect(m.spend(70 * MINUTE, 80).events).toEqual(["period-end b", "tier b 80%"])
  })
  it("finds no more room for an earlier instant", () => {
    const m = machine(sliding)
    m.spend(9 * MINUTE, 100)
    expect(m.reserve(0, 1).outcome).toMatchObject({ reason: "exhausted" })
  })
})

describe("a lifetime", () => {
  it("is forgotten after its idle time without use, not before", () => {
    const m = machine({ kind: "lifetime", idleMs: 10 })
    m.spend(0, 100)
    expect(m.reserve(9, 1).outcome).toMatchObject({ reason: "exhausted", untilMs: null })
    expect(m.reserve(30, 100).outcome.kind).toBe("reserved")
  })
})

describe("extend", () => {
  it("raises a running reservation up to the cap, and is refused beyond it", () => {
    const m = machine(day)
    const { n } = m.reserve(0, 10, 50)
    const extend = {
      kind: "extend",
      reservation: { source: "s", n },
      issuedAtMs: 1,
      expiresAtMs: null,
    }
    expect(m.send(1, { ...extend, ...m.asked(0, 70) }).outcome).toMatchObject({ granted: 40 })
    expect(m.send(1, { ...extend, ...m.asked(1) }).outcome).toMatchObject({ reason: "busy" })
    const settle = { kind: "settle", reservation: { source: "s", n }, seq: 1, actual: usd(100) }
    expect(m.send(2, { ...settle, final: true }).events).toEqual(["tier b 80%", "tier b 100%"])
    expect(m.send(3, { ...extend, ...m.asked(0) }).outcome).toMatchObject({ error: "not-running" })
  })
  it("does not raise a line whose period is over, but its heartbeat goes on", () => {
    const m = machine(day)
    const { n } = m.reserve(1_430 * MINUTE, 10)
    const at = 1_441 * MINUTE
    const extend = {
      kind: "extend",
      reservation: { source: "s", n },
      issuedAtMs: at,
      expiresAtMs: null,
    }
    expect(m.send(at, { ...extend, ...m.asked(1) }).outcome).toMatchObject({ error: "period-over" })
    expect(m.send(at, { ...extend, ...m.asked(0) }).outcome).toMatchObject({ kind: "extended" })
  })
})

describe("degrade", () => {
  it("admits what comes via the fallback or a later one while the tier is reached", () => {
    const m = machine(day, "cheap")
    m.spend(0, 80)
    expect(m.reserve(1, 1).outcome).toMatchObject({ reason: "degraded" })
    expect(m.reserve(1, 1, 0, "canned").outcome.kind).toBe("reserved")
  })
})

describe("charge that ends a reservation", () => {
  it("is the final settle of a running one, and nothing where it was settled", () => {
    const m = machine(day)
    const { n } = m.reserve(0, 50)
    expect(m.spend(1, 20, { source: "s", n }).outcome).toMatchObject({ kind: "charged" })
    expect(m.spend(2, 20, { source: "s", n }).outcome).toMatchObject({ error: "not-running" })
    expect(m.reserve(3, 80).outcome.kind).toBe("reserved")
  })
  it("leaves the mark that a Reserve which comes later does not run", () => {
    const m = machine(day)
    m.send(0, { kind: "release", reservation: { source: "s", n: 2 } })
    expect(m.reserve(1, 1).outcome).toMatchObject({ error: "not-running" })
  })
})

describe("amounts near 2^53", () => {
  it("stop at it, once, with an event; a reserve past it is an error", () => {
    const m = machine(day)
    expect(m.spend(0, Number.MAX_SAFE_INTEGER).outcome.kind).toBe("charged")
    expect(m.spend(1, 5).events).toContain("overflow b")
    expect(m.spend(2, 5).events).not.toContain("overflow b")
    const [account] = m.ledger.accounts.values()
    expect(account?.meters[0]?.settled).toBe(Number.MAX_SAFE_INTEGER)
  })
})
