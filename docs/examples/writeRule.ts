// #region rule
import { createSpendfuse, definePolicy, defineRule, explain } from "@spendfuse/core"
import { anyCall, checkPolicy, checkRule, neverAbove } from "@spendfuse/core/testing"
import { memoryStore } from "@spendfuse/store-memory"

const trials = defineRule({
  name: "trials",
  budgets: [
    {
      id: "day",
      per: ["apiKey"],
      limit: { usd: 1 },
      window: "day",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  apply: ({ subject: { plan } }) => (plan === "paid" ? {} : { budgets: ["day"] }),
})
// #endregion rule

const policy = definePolicy({
  budgets: [
    {
      id: "key-day",
      per: ["apiKey"],
      limit: { usd: 50 },
      window: "day",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

// #region check
console.log(checkRule(trials, { values: { plan: ["paid", "trial"] } })) // => { requests: 300 }
// #endregion check

// #region prove
const invariants = [
  neverAbove({ per: ["apiKey"], unit: "usd", amount: 1_000_000_000, within: "day" }),
]
const traffic = anyCall(policy).map((call) => ({
  ...call,
  subject: { ...call.subject, plan: "trial" },
}))
console.log(checkPolicy(policy, { rules: [trials], invariants, traffic }).stories) // => 300
// #endregion prove

// #region use
const spendfuse = createSpendfuse({ policy, store: memoryStore(), rules: [trials] })
const decision = await spendfuse.reserve({
  subject: { apiKey: "k1", plan: "trial" },
  amounts: { usd: 2_000_000_000 },
})
console.log(decision.allowed) // => false
console.log(explain(decision).includes("trials:day")) // => true
await spendfuse.close()
// #endregion use

// #region time
const nights = defineRule({
  name: "nights",
  budgets: [
    {
      id: "hour",
      per: ["platform"],
      limit: { usd: 5 },
      window: "hour",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  apply: ({ atMs }) => {
    const dayMs = 86_400_000
    const midnightMs = atMs - (atMs % dayMs)
    const sixMs = midnightMs + 6 * 3_600_000
    if (atMs < sixMs) return { budgets: ["hour"], untilMs: sixMs }
    return { untilMs: midnightMs + dayMs }
  },
})
console.log(checkRule(nights)) // => { requests: 300 }
// #endregion time

// #region refused
const forgetful = defineRule({
  name: "forgetful",
  claims: ["monotone"],
  budgets: [
    {
      id: "day",
      per: ["apiKey"],
      limit: { usd: 1 },
      window: "day",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  apply: ({ subject: { plan } }) => (plan === undefined ? { budgets: ["day"] } : {}),
})
try {
  checkRule(forgetful)
} catch (error) {
  if (error instanceof Error) console.log(error.message.split(":")[0]) // => rule `forgetful` is not monotone
}
// #endregion refused
