import { describe, expect, it } from "vitest"
import type { FleetJson } from "../../../src/lab.ts"
import { type Changes, dollars, fleetJson, played } from "./dollarCalls.ts"

const slow = (by: string) => ({ kind: "slow-store", by, at: "0s", lasts: "3h" }) as const
const policyOf = (onStoreUnavailable: FleetJson["policy"]["onStoreUnavailable"]) => {
  const { policy } = fleetJson()
  const budgets = policy.budgets.map((budget) => ({ ...budget, limit: { usd: 50 } }))
  return { ...policy, budgets, onStoreUnavailable }
}
const policy = policyOf("deny")
/** One call after the other for a second, a tenth each. */
const quick = { policy, lasts: "1s", actor: { parallel: 1, takes: "100ms" } } satisfies Changes

describe("a slow store", () => {
  it("lets each call of those who ask it begin so much later", () => {
    const madeBy = (way: "unguarded" | "counter" | "spendfuse", by: string) =>
      played(way, { ...quick, faults: [slow(by)] }).made
    expect(played("spendfuse", quick).made).toBe(10)
    expect(madeBy("spendfuse", "100ms")).toBe(5)
    expect(madeBy("counter", "100ms")).toBe(5)
    expect(madeBy("unguarded", "100ms")).toBe(10)
    // A counter has no deadline.
    expect(madeBy("counter", "900ms")).toBe(1)
  })

  it("lets those who are refused ask again so much later", () => {
    const retries = {
      ...fleetJson(),
      lasts: "1s",
      actor: { parallel: 1, input: 9_000_000, refused: "retry", retryAfter: "100ms" },
    } as const
    const { actors: _, ...changes } = retries
    expect(played("spendfuse", changes).refused).toBe(10)
    expect(played("spendfuse", { ...changes, faults: [slow("100ms")] }).refused).toBe(5)
  })

  it("is slow for its time only, and by as much as all that slows it", () => {
    const half = { kind: "slow-store", by: "50ms", at: "0s", lasts: "300ms" } as const
    // Two in 300 ms, then seven in 700.
    expect(played("spendfuse", { ...quick, faults: [half] }).made).toBe(9)
    expect(played("spendfuse", { ...quick, faults: [half, half] }).made).toBe(8)
  })

  it("is no store beyond the deadline: hosts decide by themselves, and it hears what was spent", () => {
    const burst = { policy, actor: { items: 4 } }
    expect(played("spendfuse", { ...burst, faults: [slow("250ms")] }).made).toBe(4)
    const late = { ...burst, faults: [slow("251ms")] }
    expect(played("spendfuse", late).actors[0]?.reasons).toEqual({ "store-unavailable": 4 })
    const allowed = played("spendfuse", { ...late, policy: policyOf("allow") })
    expect(allowed.fuse).toMatchObject({
      aloneNanoUsd: 4_000_000_000,
      countedNanoUsd: 4_000_000_000,
      bills: [],
    })
    const alone = { ...quick, policy: policyOf("allow"), faults: [slow("900ms")] }
    expect(played("spendfuse", alone).made).toBe(10)
  })

  it("costs nothing where the host dies before its answer has come", () => {
    const crash = (at: string) =>
      played("spendfuse", {
        policy,
        actor: { items: 1 },
        faults: [slow("100ms"), { kind: "host-crash", host: 1, at, lasts: "1m" }],
      })
    const before = crash("50ms")
    expect(before.actors[0]).toMatchObject({ made: 1, lost: 1 })
    expect(dollars(before)).toBe(0)
    expect(before.fuse?.countedNanoUsd).toBe(1_000_000_000)
    expect(dollars(crash("100ms"))).toBe(1)
  })
})
