import { test } from "node:test"
import { definePolicy } from "../../../src/edge/policy.ts"
import { checkPolicy, neverAbove, PolicyBroken } from "../../../src/testing.ts"

const policy = definePolicy({
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      limit: { usd: 50 },
      window: "hour",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

test("keeps its worst bills", () => {
  checkPolicy(policy)
})

test("is told where it breaks", () => {
  const within = { anyMs: 3_600_000 }
  const invariants = [neverAbove({ per: ["apiKey"], unit: "usd", amount: 50_000_000_000, within })]
  try {
    checkPolicy(policy, { invariants })
  } catch (error) {
    if (error instanceof PolicyBroken && error.story.length === 2) return
    throw error
  }
  throw new Error("nothing was found")
})
