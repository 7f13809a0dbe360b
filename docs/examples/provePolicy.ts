// #region policy
import { definePolicy, explainPolicy } from "@spendfuse/core"
import {
  always,
  checkPolicy,
  neverAbove,
  noStarvation,
  PolicyBroken,
  warnsBefore,
} from "@spendfuse/core/testing"

const policy = definePolicy({
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      limit: { usd: 50 },
      window: "hour",
      tiers: [
        { at: "80%", notify: ["slack"] },
        { at: "100%", trip: { coolDown: "1h" }, notify: ["pager"] },
      ],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})
// #endregion policy

// #region sane
console.log(checkPolicy(policy).stories) // => 300
// #endregion sane

// #region broken
const USD = 1_000_000_000
const inAnyHour = neverAbove({
  per: ["apiKey"],
  unit: "usd",
  amount: 50 * USD,
  within: { anyMs: 3_600_000 },
})
try {
  checkPolicy(policy, { invariants: [inAnyHour] })
} catch (error) {
  if (!(error instanceof PolicyBroken)) throw error
  console.log(error.invariant) // => no apiKey above $50 in any 1 h
  console.log(error.story.length) // => 2
}
// #endregion broken

// #region mended
const mended = definePolicy({
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      limit: { usd: 50 },
      window: { sliding: "1h" },
      tiers: [
        { at: "80%", notify: ["slack"] },
        { at: "100%", trip: { coolDown: "1h" }, notify: ["pager"] },
      ],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})
const promises = [
  inAnyHour,
  warnsBefore(),
  noStarvation({ of: { apiKey: "apiKey-2" }, by: { apiKey: "apiKey-1" } }),
]
console.log(checkPolicy(mended, { invariants: promises }).stories) // => 300
// #endregion mended

// #region own
const neverWaitsForAPerson = always("no circuit latches", ({ events }) =>
  events.some((event) => event.kind === "circuit" && event.state === "latched")
    ? "one latched"
    : null,
)
console.log(checkPolicy(mended, { invariants: [neverWaitsForAPerson] }).stories) // => 300
// #endregion own

// #region bill
const [eachKey] = explainPolicy(mended).worstBills
console.log((eachKey?.perAnyHour ?? Infinity) <= 50 * USD) // => true
// #endregion bill
