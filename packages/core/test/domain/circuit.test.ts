import { describe, expect, it } from "vitest"
import {
  type Amounts,
  apply,
  type BlockingEffect,
  type Command,
  emptyLedger,
  eventName,
  type Line,
  type Terms,
} from "../../src/domain.ts"

const HOUR = 3_600_000
const usd = (amount: number): Amounts => ({ usd: amount, tokens: 0, requests: 0 })

/** A machine with one account: limit 100, `effect` at each further 100. */
const machine = (effect: BlockingEffect, more: Partial<Terms> = {}) => {
  const terms: Terms = {
    id: "t",
    budget: "key-hour",
    unit: "usd",
    limit: 100,
    observe: false,
    window: "hour UTC",
    slidingMs: 0,
    bucketMs: 0,
    idleMs: 0,
    tiers: [
      {
        at: 80,
        repeat: 0,
        effect: null,
        degrade: null,
        notify: ["slack"],
        escalateAfterMs: 0,
        message: "",
        percent: 80,
      },
      {
        at: 100,
        repeat: 100,
        effect,
        degrade: null,
        notify: ["page"],
        escalateAfterMs: 0,
        message: "",
        percent: 100,
      },
    ],
    ...more,
  }
  const ledger = emptyLedger()
  const line = (at: number): Line => {
    const startMs = Math.floor(at / HOUR) * HOUR
    const period = { startMs, endMs: startMs + HOUR, keptUntilMs: startMs + 2 * HOUR }
    return { account: "key-hour/k1", division: "*", period, terms }
  }
  let n = 0
  const send = (at: number, body: object) => {
    n += 1
    const head = { id: { source: "s", n }, done: 0, division: "*" }
    const { outcome, events } = apply(ledger, { ...head, ...body } as Command, at)
    return { n, outcome, events: events.map(eventName) }
  }
  return {
    reserve: (at: number, amount: number) =>
      send(at, {
        kind: "reserve",
        issuedAtMs: at,
        lines: [line(at)],
        switches: ["apiKey=k1", "platform=all"],
        base: usd(amount),
        perUnit: usd(0),
        units: { least: 0, most: 0 },
        expiresAtMs: at + 600_000,
        via: null,
        swallowed: 0,
      }),
    spend: (at: number, amount: number) =>
      send(at, { kind: "charge", lines: [line(at)], amounts: usd(amount), ends: null }),
    acknowledge: (at: number, generation: number, upTo: number, allow: number | null = null) =>
      send(at, {
        kind: "acknowledge",
        account: "key-hour/k1",
        generation,
        upTo,
        allow,
        line: line(at),
        by: "ann",
        why: "seen",
      }),
    flip: (at: number, state: "off" | "on") =>
      send(at, {
        kind: "switch",
        switch: "apiKey=k1",
        state,
        untilMs: null,
        by: "ann",
        why: "leak",
      }),
    send,
  }
}
const trip = (probation: { allow: number; forMs: number } | null = null): BlockingEffect => ({
  kind: "trip",
  coolDownMs: HOUR,
  maxCoolDownMs: 3 * HOUR,
  probation,
})

describe("tiers", () => {
  it("fire once each at equality, ascending, and the circuit moves once", () => {
    const m = machine(trip())
    expect(m.spend(0, 79).events).toEqual([])
    expect(m.spend(1, 1).events).toEqual(["tier key-hour 80%"])
    expect(m.spend(2, 20).events).toEqual(["tier key-hour 100%", "circuit key-hour open"])
  })
  it("of forty repeats passed at once only the highest fires", () => {
    const m = machine(trip())
    expect(m.spend(0, 4_050).events).toEqual([
      "tier key-hour 80%",
      "tier key-hour 4000%",
      "circuit key-hour open",
      "overshoot key-hour",
    ])
  })
  it("count a refused loop's last hundredth as reached, so that it trips and pages", () => {
    const m = machine(trip(), {
      limit: 1_000,
      tiers: [
        {
          at: 1_000,
          repeat: 1_000,
          effect: trip(),
          degrade: null,
          notify: ["page"],
          escalateAfterMs: 0,
          message: "",
          percent: 100,
        },
      ],
    })
    m.spend(0, 991)
    const refused = m.reserve(1, 10)
    expect(refused.outcome).toMatchObject({ kind: "refused", reason: "exhausted", untilMs: HOUR })
    expect(refused.events).toEqual([
      "refusing key-hour",
      "tier key-hour 100%",
      "circuit key-hour open",
    ])
  })
})

describe("circuit", () => {
  it("an open circuit refuses until its cool-down is over, then closes at the first look", () => {
    const m = machine(trip())
    m.spend(0, 100)
    expect(m.reserve(HOUR - 1, 1).outcome).toMatchObject({ reason: "open", untilMs: HOUR })
    const after = m.reserve(HOUR, 1)
    expect(after.outcome.kind).toBe("reserved")
    expect(after.events).toEqual(["circuit key-hour closed"])
  })
  it("probation admits its allowance from 0 in a new period, and re-opens for twice as long", () => {
    const m = machine(trip({ allow: 10, forMs: 600_000 }))
    m.spend(0, 100)
    expect(m.reserve(HOUR, 11).outcome).toMatchObject({ kind: "refused", reason: "probation" })
    expect(m.reserve(HOUR, 10).outcome.kind).toBe("reserved")
    expect(m.spend(HOUR + 1, 10).events).toEqual(["circuit key-hour open"])
    expect(m.reserve(HOUR + 2, 1).outcome).toMatchObject({ reason: "open", untilMs: 3 * HOUR + 1 })
  })
  it("latched means latched, across periods, until a person acknowledges that generation", () => {
    const m = machine({ kind: "latch" })
    m.spend(0, 100)
    expect(m.reserve(30 * HOUR, 1).outcome).toMatchObject({ reason: "latched", untilMs: null })
    expect(m.acknowledge(30 * HOUR, 0, 100).outcome).toEqual({
      kind: "later-generation",
      generation: 1,
    })
    expect(m.acknowledge(30 * HOUR, 1, 100).events).toEqual([
      "circuit key-hour closed",
      "audit acknowledge",
    ])
    expect(m.reserve(30 * HOUR, 1).outcome.kind).toBe("reserved")
    expect(m.acknowledge(30 * HOUR, 1, 100).outcome.kind).toBe("nothing-to-acknowledge")
  })
  it("an acknowledgement moves the cap to the next level, or by a small step", () => {
    const m = machine({ kind: "latch" })
    m.spend(0, 100)
    m.acknowledge(1, 1, 100, 5)
    expect(m.reserve(2, 6).outcome).toMatchObject({ reason: "exhausted" })
    expect(m.spend(3, 5).events).toContain("circuit key-hour latched")
    m.acknowledge(4, 2, 105)
    expect(m.reserve(5, 95).outcome.kind).toBe("reserved")
    expect(m.reserve(5, 1).outcome).toMatchObject({ reason: "busy" })
  })
  it("a switch refuses before everything else, and is lifted by hand", () => {
    const m = machine({ kind: "latch" })
    m.spend(0, 100)
    expect(m.flip(1, "off").events).toEqual(["audit switch"])
    expect(m.reserve(2, 1).outcome).toMatchObject({ reason: "switched-off" })
    m.flip(3, "on")
    expect(m.reserve(4, 1).outcome).toMatchObject({ reason: "latched" })
  })
})

describe("observe", () => {
  it("refuses nothing and says once what it would have refused", () => {
    const m = machine({ kind: "block" }, { observe: true })
    m.spend(0, 100)
    const admitted = m.reserve(1, 1)
    expect(admitted.outcome.kind).toBe("reserved")
    expect(admitted.events).toEqual(["would-refuse key-hour exhausted"])
    expect(m.reserve(2, 1).events).toEqual([])
  })
})

describe("expiry", () => {
  it("assumes the whole hold, until a settle or release knows better", () => {
    const m = machine({ kind: "block" })
    const { n } = m.reserve(0, 60)
    expect(m.reserve(600_000, 50).events).toEqual(["expired s/1", "refusing key-hour"])
    expect(m.reserve(600_001, 41).outcome).toMatchObject({ reason: "exhausted" })
    m.send(600_002, { kind: "release", reservation: { source: "s", n } })
    expect(m.reserve(600_003, 100).outcome.kind).toBe("reserved")
  })
})
