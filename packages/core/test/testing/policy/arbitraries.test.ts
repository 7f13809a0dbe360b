import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { definePolicy } from "../../../src/edge/policy.ts"
import { RequestFailed } from "../../../src/engine/errors.ts"
import { Run, simulate } from "../../../src/lab.ts"
import { anyFleet, anyHistory, anyPrices, anyRequest, anyUsage } from "../../../src/testing.ts"

const policy = definePolicy({
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      limit: { usd: 5 },
      window: "hour",
      match: { model: ["gpt-*", "model-a"] },
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})
const check = { seed: 20_261_125, numRuns: 300 }

describe("arbitraries for tests of one's own", () => {
  it("draw prices and requests that a policy lets through, refuses, and knows nothing of", () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(anyPrices(policy), fc.array(anyRequest(policy)), (prices, requests) => {
        const run = new Run({ policy, prices, startMs: Date.UTC(2026, 0, 15) })
        for (const request of requests) {
          try {
            const ruling = run.reserve(request)
            seen.add(ruling.allowed ? "let through" : ruling.reason)
          } catch (error) {
            if (!(error instanceof RequestFailed)) throw error
            seen.add(error.error)
          }
        }
      }),
      check,
    )
    expect([...seen].sort()).toEqual(["busy", "let through", "too-large", "unknown-model"])
  })

  it("draw usage that prices can be asked of: never less for more", () => {
    let priced = 0
    fc.assert(
      fc.property(anyPrices(policy), anyUsage, fc.nat(1_000), (prices, usage, more) => {
        const model = { model: "model-a", atMs: 0 }
        const cost = prices.cost(model, usage)
        const dearer = prices.cost(model, {
          ...usage,
          outputTokens: (usage.outputTokens ?? 0) + more,
        })
        if (cost.kind !== "priced" || dearer.kind !== "priced") return
        priced += 1
        expect(dearer.nanoUsd).toBeGreaterThanOrEqual(cost.nanoUsd)
      }),
      check,
    )
    expect(priced).toBeGreaterThan(0)
  })

  it("draw histories of every kind of step, of faults only where they are asked for", () => {
    const kinds = new Set(
      fc.sample(anyHistory(policy), check).flatMap((all) => all.map(({ kind }) => kind)),
    )
    expect([...kinds].sort()).toEqual(["acknowledge", "call", "switch", "trip"])
    expect(
      fc.sample(anyHistory(policy, { steps: 3 }), check).every(({ length }) => length <= 3),
    ).toBe(true)
  })

  it("draw fleets of every kind of actor that reach the policy's limits", () => {
    const fleets = fc.sample(anyFleet(policy, { crashes: true, outages: true, skews: true }), {
      ...check,
      numRuns: 60,
    })
    const kinds = new Set(fleets.flatMap(({ actors }) => actors.map(({ pace }) => pace.kind)))
    const faults = new Set(fleets.flatMap((fleet) => fleet.faults.map(({ kind }) => kind)))
    expect([...kinds].sort()).toEqual(["agent", "batch", "human", "loop"])
    expect([...faults].sort()).toEqual(["clock-skew", "host-crash", "store-outage"])
    const refused = fleets.filter((fleet) => {
      const [report] = simulate(fleet, { ways: ["spendfuse"] }).ways
      return (report?.refused ?? 0) > 0 && (report?.made ?? 0) > 0
    })
    expect(refused.length).toBeGreaterThan(10)
  })
})
