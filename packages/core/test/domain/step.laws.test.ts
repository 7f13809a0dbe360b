import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Amounts, Command, Line, Terms } from "../../src/domain.ts"
import { apply, emptyLedger, eventName, keptOf, type Ledger, step } from "../../src/domain.ts"

const terms: Terms = {
  id: "t",
  budget: "b",
  unit: "usd",
  limit: 6,
  observe: false,
  window: "hour UTC",
  slidingMs: 0,
  bucketMs: 0,
  idleMs: 0,
  tiers: [
    {
      at: 4,
      repeat: 0,
      effect: null,
      degrade: null,
      notify: ["slack"],
      message: "",
      percent: null,
    },
    {
      at: 6,
      repeat: 6,
      effect: { kind: "block" },
      degrade: null,
      notify: [],
      message: "",
      percent: 100,
    },
  ],
}
const line = (account: string, start: number): Line => ({
  account: `b/${account}`,
  division: "*",
  period: { startMs: start, endMs: start + 10, keptUntilMs: start + 20 },
  terms,
})
const usd = (amount: number): Amounts => ({ usd: amount, tokens: 0, requests: 0 })
const small = fc.integer({ min: 0, max: 4 })
const at = fc.integer({ min: 0, max: 9 })
const accounts = fc.uniqueArray(fc.constantFrom("a", "__proto__"), { minLength: 1 })
const anyCommand = fc.oneof(
  fc.record({
    kind: fc.constant("reserve" as const),
    accounts,
    at,
    base: small,
    most: small,
    per: fc.constantFrom(1, 2),
    life: fc.constantFrom(0, 1, 5),
  }),
  fc.record({
    kind: fc.constant("settle" as const),
    of: fc.integer({ min: 1, max: 8 }),
    at,
    actual: small,
    final: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("release" as const), of: fc.integer({ min: 1, max: 8 }), at }),
)
type Any = typeof anyCommand extends fc.Arbitrary<infer T> ? T : never

const commandOf = (any: Any, n: number): Command => {
  const head = { id: { source: "s", n }, done: 0, division: "*" }
  switch (any.kind) {
    case "reserve":
      return {
        ...head,
        kind: "reserve",
        issuedAtMs: any.at,
        lines: any.accounts.map((account) => line(account, 0)),
        switches: [],
        base: usd(any.base),
        perUnit: usd(any.per),
        units: { least: 0, most: any.most },
        expiresAtMs: any.at + any.life,
        via: null,
        swallowed: 0,
      }
    case "settle":
      return {
        ...head,
        kind: "settle",
        reservation: { source: "s", n: any.of },
        seq: n,
        actual: usd(any.actual),
        final: any.final,
      }
    case "release":
      return { ...head, kind: "release", reservation: { source: "s", n: any.of } }
  }
}

const meters = (ledger: Ledger) => [...ledger.accounts.values()].flatMap((one) => one.meters)
const runs = { seed: 42, numRuns: 2_000 }
const history = fc.array(anyCommand, { maxLength: 12 })

describe("step", () => {
  it("I1 cap: settled + held stays at or below the cap, unless a settle passed its hold", () => {
    fc.assert(
      fc.property(history, (all) => {
        const ledger = emptyLedger()
        let over = false
        all.forEach((any, i) => {
          const { events } = apply(ledger, commandOf(any, i + 1), any.at)
          over ||= events.some((event) => event.kind === "overshoot")
          if (!over)
            for (const { settled, held } of meters(ledger)) expect(settled + held <= 6).toBe(true)
        })
      }),
      runs,
    )
  })
  it("I2 conservation: held is the sum of open holds, and nothing is negative", () => {
    fc.assert(
      fc.property(history, (all) => {
        const ledger = emptyLedger()
        all.forEach((any, i) => {
          apply(ledger, commandOf(any, i + 1), any.at)
        })
        for (const account of ledger.accounts.values()) {
          let held = 0
          for (const one of ledger.reservations.values())
            for (const other of one.lines)
              if (other.account === account.key && one.state === "running")
                held += Math.max(0, one.hold.usd - one.settled.usd)
          expect(account.meters.map((meter) => meter.held)).toEqual([held])
          expect(account.meters.every((meter) => meter.settled >= 0)).toBe(true)
        }
      }),
      runs,
    )
  })
  it("I3 all or nothing, I4 no false refusal: a refused Reserve changes no amount", () => {
    fc.assert(
      fc.property(history, (all) => {
        let ledger = emptyLedger()
        all.forEach((any, i) => {
          const next = step(ledger, commandOf(any, i + 1), any.at)
          if (next.outcome.kind === "refused" && !next.events.some((e) => e.kind === "expired")) {
            const amounts = (of: Ledger) => meters(of).map((m) => [m.settled, m.held])
            expect(amounts(next.ledger).filter((a) => a.some((x) => x > 0))).toEqual(
              amounts(ledger).filter((a) => a.some((x) => x > 0)),
            )
            expect(next.outcome.obstacles.length).toBeGreaterThan(0)
          }
          ledger = next.ledger
        })
      }),
      runs,
    )
  })
  it("I5 once: the same command again is a replay and changes nothing", () => {
    fc.assert(
      fc.property(history, (all) => {
        let ledger = emptyLedger()
        all.forEach((any, i) => {
          const command = commandOf(any, i + 1)
          const first = step(ledger, command, any.at)
          if (first.outcome.kind !== "refused" && first.outcome.kind !== "error") {
            const again = step(first.ledger, command, any.at)
            expect(again.outcome).toEqual({ ...first.outcome, replayed: true })
            expect(again.events).toEqual([])
            expect(keptOf(again.ledger)).toEqual(keptOf(first.ledger))
          }
          ledger = first.ledger
        })
      }),
      runs,
    )
  })
  it("tells a tier once, at equality", () => {
    const ledger = emptyLedger()
    const reserve = {
      kind: "reserve",
      accounts: ["a"],
      at: 0,
      base: 4,
      most: 0,
      per: 1,
      life: 5,
    } as const
    apply(ledger, commandOf({ ...reserve, accounts: ["a"] }, 1), 0)
    const settle = { kind: "settle", of: 1, at: 0, actual: 4, final: true } as const
    expect(apply(ledger, commandOf(settle, 2), 0).events.map(eventName)).toEqual(
      ["tier b 4usd"].map((n) => n.replace("4usd", "0.000000004usd")),
    )
    expect(
      apply(ledger, commandOf({ ...reserve, accounts: ["a"], base: 3 }, 3), 0).outcome,
    ).toMatchObject({
      kind: "refused",
      reason: "exhausted",
    })
  })
})
