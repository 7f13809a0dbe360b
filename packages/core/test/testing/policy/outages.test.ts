import { describe, expect, it } from "vitest"
import { definePolicy, type PolicyJson } from "../../../src/edge/policy.ts"
import { always, checkPolicy, neverAbove, PolicyBroken } from "../../../src/testing.ts"

const USD = 1_000_000_000
const policyOf = (onStoreUnavailable: PolicyJson["onStoreUnavailable"]) =>
  definePolicy({
    budgets: [
      {
        id: "key-day",
        per: ["apiKey"],
        limit: { usd: 10 },
        window: "day",
        tiers: [{ at: "100%", block: true }],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable,
  })
const faults = { outages: true }

const brokenBy = (run: () => unknown): PolicyBroken => {
  try {
    run()
  } catch (error) {
    if (error instanceof PolicyBroken) return error
    throw error
  }
  throw new Error("nothing was found")
}

describe("stories in which the store is silent", () => {
  it.each<[string, PolicyJson["onStoreUnavailable"]]>([
    ["refuses", "deny"],
    ["lets through", "allow"],
    ["spends a share by each of two hosts", { degrade: "50%", hosts: 2 }],
    ["spends all that one host knows of", { degrade: "100%", hosts: 1 }],
  ])("keep the bills of a policy that then %s", (_, rule) => {
    expect(checkPolicy(policyOf(rule), { faults, runs: 1_000 }).stories).toBe(1_000)
  })

  it("serve nothing by a host alone where the policy denies", () => {
    const alone = always("no host alone", ({ spends }) =>
      spends.at(-1)?.outage == null ? null : "a host let a call through by itself",
    )
    expect(checkPolicy(policyOf("deny"), { faults, invariants: [alone] }).stories).toBe(300)
    const broken = brokenBy(() => checkPolicy(policyOf("allow"), { faults, invariants: [alone] }))
    expect(broken.story.map(({ kind }) => kind)).toEqual(["outage", "call"])
    expect(broken.message).toContain("the store is silent for")
    expect(broken.message).toContain("let through by its host alone")
  })

  it("show that hosts on their shares may spend more than the cap", () => {
    const within = "day"
    const cap = neverAbove({ per: ["apiKey"], unit: "usd", amount: 10 * USD, within })
    const degrading = policyOf({ degrade: "100%", hosts: 1 })
    expect(checkPolicy(policyOf("deny"), { faults, invariants: [cap] }).stories).toBe(300)
    expect(checkPolicy(degrading, { invariants: [cap] }).stories).toBe(300)
    const broken = brokenBy(() =>
      checkPolicy(degrading, { faults, invariants: [cap], runs: 3_000 }),
    )
    expect(broken.story.map(({ kind }) => kind)).toContain("outage")
    expect(broken.story.length).toBeLessThanOrEqual(5)
  })

  it("post what hosts have spent when the store is back: then it counts", () => {
    const counted = always("what a host spent is counted", ({ run, spends, step, atMs }) => {
      const [spend] = spends
      if (spend === undefined || step.kind !== "call" || spends.length !== 2) return null
      const [account] = spend.accounts
      // It runs for two hours at most, and is counted when it ends.
      const isBack =
        spends[1]?.outage === null && spend.outage !== null && atMs > spend.atMs + 2 * 3_600_000
      const meter = account === undefined ? undefined : run.accountOf(account)?.meters[0]
      if (!isBack || meter === undefined || meter.period.endMs <= atMs) return null
      return meter.settled + meter.held < spend.amounts.usd ? "the ledger lacks it" : null
    })
    const report = checkPolicy(policyOf("allow"), { faults, invariants: [counted], runs: 1_000 })
    expect(report.calls).toBeGreaterThan(1_000)
  })
})
