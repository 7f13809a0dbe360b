import { describe, expect, it } from "vitest"
import { definePolicy, type PolicyJson } from "../../../src/edge/policy.ts"
import { seedPolicy } from "../../../src/edge/seedPolicy.ts"
import {
  checkPolicy,
  neverAbove,
  neverRefusedBelow,
  noStarvation,
  PolicyBroken,
  resumesAfterAcknowledgement,
  warnsBefore,
} from "../../../src/testing.ts"

type BudgetJson = PolicyJson["budgets"][number]

const USD = 1_000_000_000
const HOUR_MS = 3_600_000
const key = (more: Partial<BudgetJson> = {}): BudgetJson => ({
  id: "key-hour",
  per: ["apiKey"],
  limit: { usd: 50 },
  window: "hour",
  tiers: [
    { at: "80%", notify: ["slack"] },
    { at: "100%", trip: { coolDown: "1h" }, notify: ["pager"] },
  ],
  ...more,
})
const policyOf = (...budgets: readonly BudgetJson[]) =>
  definePolicy({ budgets, unknownModel: "refuse", onStoreUnavailable: "deny" })

const brokenBy = (run: () => unknown): PolicyBroken => {
  try {
    run()
  } catch (error) {
    if (error instanceof PolicyBroken) return error
    throw error
  }
  throw new Error("nothing was found")
}

describe("checkPolicy", () => {
  it("acquits the seed of all that holds for sane policies", () => {
    const { stories, calls, invariants } = checkPolicy(seedPolicy({ hourlyUsd: 50, dailyUsd: 300 }))
    expect([stories, calls > 1000, invariants.length]).toEqual([300, true, 8])
  })

  it("counts a request that lacks a dimension as no payer of it", () => {
    const session = key({ id: "session", per: ["session"], whenMissing: "skip", limit: { usd: 5 } })
    const policy = policyOf(session, key({ id: "all", per: ["platform"] }))
    const five = { per: ["session"], unit: "usd", amount: 5 * USD, within: "hour" } as const
    checkPolicy(policy)
    const four = { ...five, amount: 4 * USD }
    const broken = brokenBy(() => checkPolicy(policy, { invariants: [neverAbove(four)] }))
    expect(broken.message).toContain("session session-")
    const served = neverRefusedBelow({ ...five, amount: 60 * USD })
    const refused = brokenBy(() => checkPolicy(policy, { invariants: [served] }))
    expect(refused.message).toContain("session session-")
  })

  it("convicts an hourly budget of an hour that lies across two, in two calls", () => {
    const amount = 50 * USD
    const within = { anyMs: HOUR_MS }
    const broken = brokenBy(() =>
      checkPolicy(policyOf(key()), {
        invariants: [neverAbove({ per: ["apiKey"], unit: "usd", amount, within })],
      }),
    )
    expect(broken.story.length).toBe(2)
    expect(broken.message).toContain("no apiKey above $50 in any 1 h")
    const again = brokenBy(() =>
      checkPolicy(policyOf(key()), {
        invariants: [neverAbove({ per: ["apiKey"], unit: "usd", amount, within })],
        seed: broken.seed,
        path: broken.path,
      }),
    )
    expect(again.story).toEqual(broken.story)
  })

  it("convicts a trip that nobody is warned of", () => {
    const tiers = [{ at: "100%", trip: { coolDown: "1h" }, notify: ["pager"] }] as const
    const broken = brokenBy(() =>
      checkPolicy(policyOf(key({ tiers })), { invariants: [warnsBefore()] }),
    )
    expect(broken.story.length).toBe(2)
    checkPolicy(policyOf(key()), { invariants: [warnsBefore()] })
  })

  it("convicts a shared budget of starvation, and acquits budgets of their own", () => {
    const starving = noStarvation({ of: { apiKey: "apiKey-2" }, by: { apiKey: "apiKey-1" } })
    const shared = policyOf(key(), key({ id: "all", per: ["platform"], limit: { usd: 60 } }))
    const broken = brokenBy(() => checkPolicy(shared, { invariants: [starving] }))
    expect(broken.story.length).toBe(2)
    checkPolicy(policyOf(key()), { invariants: [starving] })
  })

  it("convicts a latch that opens again at once", () => {
    const tiers = [{ at: "100%", latch: true, repeat: "1%", notify: ["pager"] }] as const
    const resumes = resumesAfterAcknowledgement({ unit: "usd", amount: 5 * USD })
    const broken = brokenBy(() => checkPolicy(policyOf(key({ tiers })), { invariants: [resumes] }))
    expect(broken.story.length).toBeLessThanOrEqual(3)
    checkPolicy(policyOf(key()), { invariants: [resumes] })
  })

  it("convicts a day that only many full calls of many keys pass", () => {
    const broken = brokenBy(() =>
      checkPolicy(
        policyOf(
          {
            id: "customer-day",
            per: ["customer"],
            limit: { usd: 400 },
            window: "day",
            tiers: [{ at: "100%", block: true }],
          },
          key({
            per: ["customer", "apiKey"],
            limit: { usd: 30 },
            tiers: [{ at: "100%", block: true }],
          }),
        ),
        {
          invariants: [
            neverAbove({ per: ["customer"], unit: "usd", amount: 200 * USD, within: "day" }),
          ],
        },
      ),
    )
    expect(broken.story).toHaveLength(7)
    expect(broken.path).toMatch(/^greed:/)
  })

  it("does not take an invariant for kept that names what the policy does not have", () => {
    const check = (invariants: Parameters<typeof checkPolicy>[1]) => () =>
      checkPolicy(policyOf(key()), invariants)
    const above = { unit: "usd", amount: 1, within: "day" } as const
    expect(check({ invariants: [neverAbove({ per: ["custmer"], ...above })] })).toThrow(
      "`no custmer above $0.000000001 in any day` names the dimension `custmer`, which the policy does not have; there are platform, apiKey",
    )
    expect(check({ invariants: [warnsBefore({ budget: "key-day" })] })).toThrow(
      "names the budget `key-day`, which the policy does not have; there are key-hour",
    )
    const starved = noStarvation({ of: { apiKey: "a" }, by: { user: "b" } })
    expect(check({ invariants: [starved] })).toThrow("names the dimension `user`")
    expect(check({ runs: 0 })).toThrow("`runs` is `0`; give 1 story at least")
  })
})
