import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { definePolicy, type PolicyJson } from "../../../src/edge/policy.ts"
import type { FleetReport, WayReport } from "../../../src/lab.ts"
import { simulate } from "../../../src/lab.ts"
import { anyFleet, type FleetFaults } from "../../../src/testing/policy/fleet.ts"

const SEED = Number(process.env.LAW_SEED ?? 20_261_125)
const RUNS = Number(process.env.LAW_RUNS ?? 60)
const check = { seed: SEED, numRuns: Math.min(RUNS, 1_000) }
/** Of the bound: at night 25 times 40,000 policies, a million fleets. */
const POLICIES = Number(process.env.FLEET_POLICIES ?? check.numRuns)
const FLEETS = Number(process.env.FLEETS_EACH ?? 6)

type BudgetJson = PolicyJson["budgets"][number]

const anyWindow = fc.constantFrom<BudgetJson["window"]>(
  "hour",
  "day",
  "week",
  { day: { timeZone: "America/New_York" } },
  { every: "6h" },
  { sliding: "1h", buckets: 6 },
  { sliding: "24h", buckets: 12 },
  { lifetime: { idle: "2h" } },
)
const anyTiers = fc.constantFrom<BudgetJson["tiers"]>(
  [{ at: "100%", block: true }],
  [
    { at: "80%", notify: ["slack"] },
    { at: "200%", latch: true, notify: ["pagerDuty"] },
  ],
  [
    {
      at: "100%",
      trip: { coolDown: "45m", probation: { allow: "10%", for: "10m" } },
      notify: ["pagerDuty"],
    },
  ],
  [
    { at: "50%", degrade: "cheap" },
    { at: "150%", block: true },
  ],
)
const anyPolicy = (onStoreUnavailable: PolicyJson["onStoreUnavailable"]) =>
  fc
    .array(
      fc.record({
        per: fc.constantFrom(["apiKey"], ["platform"], ["apiKey", "session"]),
        limit: fc.oneof(
          fc.record({
            usdNano: fc.integer({ min: 1_000, max: 5_000_000 }),
            overrides: fc.constantFrom<Record<string, number>>({}, { "apiKey-1": 30_000 }),
          }),
          fc.record({ tokens: fc.integer({ min: 100, max: 20_000 }) }),
          fc.record({ requests: fc.integer({ min: 1, max: 60 }) }),
        ),
        window: anyWindow,
        tiers: anyTiers,
      }),
      { minLength: 1, maxLength: 3 },
    )
    .map((budgets) =>
      definePolicy({
        budgets: budgets.map((one, at) => ({ id: `b${at}`, ...one })),
        fallbacks: { cheap: { model: "model-b" } },
        unknownModel: "refuse",
        onStoreUnavailable,
        maxOutputTokens: 1_000,
      }),
    )

const anyCase = (faults: FleetFaults = {}) =>
  fc
    .tuple(anyPolicy("deny"), fc.integer({ min: 0, max: 1_000_000 }))
    .chain(([policy, seed]) => anyFleet(policy, faults).map((fleet) => ({ fleet, seed })))

const fuseOf = ({ ways }: FleetReport): WayReport => {
  const report = ways.find(({ way }) => way === "spendfuse")
  if (report === undefined) throw new Error("the fuse was not played")
  return report
}

describe("a fleet under the fuse", () => {
  it("never passes the worst bill that its policy permits, whatever hosts and clocks do", () => {
    let bills = 0
    let reached = 0
    const anyFleets = anyPolicy("deny").chain((policy) =>
      fc.array(anyFleet(policy, { crashes: true, skews: true }), {
        minLength: FLEETS,
        maxLength: FLEETS,
      }),
    )
    fc.assert(
      fc.property(anyFleets, fc.integer({ min: 0, max: 1_000_000 }), (fleets, seed) => {
        for (const fleet of fleets) {
          const { fuse } = fuseOf(simulate(fleet, { seed, ways: ["spendfuse"] }))
          for (const { most, bound } of fuse?.bills ?? []) {
            bills += 1
            if (most * 10 > bound * 9) reached += 1
            expect(most).toBeLessThanOrEqual(bound)
          }
        }
      }),
      { ...check, numRuns: POLICIES },
    )
    // A law of fleets that come nowhere near their bounds would say nothing.
    expect(reached).toBeGreaterThan(bills / 50)
  })

  it("is counted at no less than its bill, and exactly where no host dies", () => {
    fc.assert(
      fc.property(anyCase({ crashes: true, skews: true }), ({ fleet, seed }) => {
        const report = fuseOf(simulate(fleet, { seed, ways: ["spendfuse"] }))
        const counted = report.fuse?.countedNanoUsd ?? 0
        const hasCrash = fleet.faults.some(({ kind }) => kind === "host-crash")
        if (hasCrash) expect(counted).toBeGreaterThanOrEqual(report.billedNanoUsd)
        else expect(counted).toBe(report.billedNanoUsd)
      }),
      check,
    )
  })

  it("makes no call that was refused, and tells a page for every circuit that opens", () => {
    fc.assert(
      fc.property(anyCase(), ({ fleet, seed }) => {
        const report = fuseOf(simulate(fleet, { seed, ways: ["spendfuse"] }))
        for (const actor of report.actors) {
          const { calls, callsRefused, asked, made, refused, reasons, failed, lost } = actor
          expect(calls).toBeLessThanOrEqual(asked)
          expect(callsRefused).toBeLessThanOrEqual(Math.min(calls, refused))
          expect(callsRefused > 0).toBe(refused > 0)
          expect(asked).toBe(made + refused)
          expect(Object.values(reasons).reduce((sum, count) => sum + count, 0)).toBe(refused)
          expect(failed + lost).toBeLessThanOrEqual(made)
        }
        const opened = (report.fuse?.told ?? [])
          .filter(({ name }) => /^circuit .* (latched|open)$/.test(name))
          .reduce((sum, { count }) => sum + count, 0)
        if (opened > 0) expect(report.fuse?.pages).toBeGreaterThan(0)
      }),
      check,
    )
  })
})

describe("a store that is slow", () => {
  it("lets nothing pass the worst bill, and counts no less than the provider bills", () => {
    const anySlow = anyCase({ crashes: true, skews: true }).chain(({ fleet, seed }) =>
      fc.constantFrom(1, 80, 250, 251, 90_000).map((byMs) => {
        const untilMs = (fleet.startMs + fleet.endMs) / 2
        const slow = { kind: "slow-store", byMs, fromMs: fleet.startMs, untilMs } as const
        return { fleet: { ...fleet, faults: [...fleet.faults, slow] }, seed }
      }),
    )
    fc.assert(
      fc.property(anySlow, ({ fleet, seed }) => {
        const { fuse, billedNanoUsd, actors } = fuseOf(
          simulate(fleet, { seed, ways: ["spendfuse"] }),
        )
        for (const { most, bound } of fuse?.bills ?? []) expect(most).toBeLessThanOrEqual(bound)
        expect(fuse?.countedNanoUsd).toBeGreaterThanOrEqual(billedNanoUsd)
        for (const { asked, made, refused } of actors) expect(asked).toBe(made + refused)
      }),
      check,
    )
  })
})

describe("a simulation", () => {
  it("gives the same bytes for the same seed", () => {
    const faults = { crashes: true, skews: true, outages: true }
    fc.assert(
      fc.property(anyCase(faults), ({ fleet, seed }) => {
        expect(JSON.stringify(simulate(fleet, { seed }))).toBe(
          JSON.stringify(simulate(fleet, { seed })),
        )
      }),
      check,
    )
  })

  it("draws for an actor the same calls, whoever else there is", () => {
    fc.assert(
      fc.property(anyCase(), ({ fleet, seed }) => {
        const [first] = fleet.actors
        if (first === undefined) return
        const alone = simulate({ ...fleet, actors: [first] }, { seed, ways: ["unguarded"] })
        const among = simulate(fleet, { seed, ways: ["unguarded"] })
        expect(among.ways[0]?.actors[0]).toEqual(alone.ways[0]?.actors[0])
      }),
      check,
    )
  })

  it("bills what nobody guards at no less than what the fuse lets through", () => {
    // Only where refusals bring no further calls: who is refused may come again, and have better luck.
    fc.assert(
      fc.property(anyCase(), ({ fleet, seed }) => {
        const patient = fleet.actors.map((actor) => ({
          ...actor,
          refused: "skip" as const,
          pace: { kind: "batch" as const, items: 30, parallel: 30 },
          fails: null,
        }))
        const { ways } = simulate({ ...fleet, actors: patient }, { seed })
        const [bare] = ways
        const fuse = ways.find(({ way }) => way === "spendfuse")
        if (fleet.policy.fallbacks.size > 0 && fuse?.actors.some(({ degraded }) => degraded > 0))
          return
        expect(fuse?.billedNanoUsd).toBeLessThanOrEqual(bare?.billedNanoUsd ?? 0)
      }),
      check,
    )
  })
})

describe("a store that is silent", () => {
  it("lets hosts spend no more than their shares of what they knew to be left", () => {
    let alone = 0
    const anyDegraded = fc
      .tuple(anyPolicy({ degrade: "90%", hosts: 3 }), fc.integer({ min: 0, max: 1_000_000 }))
      .chain(([policy, seed]) =>
        anyFleet(policy, { outages: true }).map((fleet) => ({ fleet, seed })),
      )
    fc.assert(
      fc.property(anyDegraded, ({ fleet, seed }) => {
        const { fuse } = fuseOf(simulate(fleet, { seed, ways: ["spendfuse"] }))
        const outages = fleet.faults.length
        const spent = fuse?.aloneNanoUsd ?? 0
        if (spent > 0) alone += 1
        for (const { unit, limit, overrides, per } of fleet.policy.budgets) {
          if (unit !== "usd" || per[0] !== "platform") continue
          const most = Math.max(limit, ...(overrides?.values() ?? []))
          // Its highest tier blocks at twice the limit; each outage gives nine tenths of what is left of it.
          expect(spent).toBeLessThanOrEqual(Math.floor((2 * most * 9) / 10) * outages)
        }
      }),
      check,
    )
    expect(alone).toBeGreaterThan(0)
  })
})
