import { definePolicy, explainPolicy } from "@spendfuse/core"

// biome-ignore format: the recipe is ten lines
// #region policy
const policy = definePolicy({
  budgets: [
    { id: "hour", per: ["apiKey"], limit: { usd: 50 }, window: "hour", tiers: [
      { at: "80%", notify: ["slack"] },
      { at: "100%", trip: { coolDown: "1h" }, notify: ["pagerDuty"] } ] },
    { id: "day", per: ["apiKey"], limit: { usd: 300 }, window: "day", tiers: [
      { at: "200%", latch: true, notify: ["slack", "pagerDuty", "oncall"], escalateAfter: "15m" } ] } ],
  unknownModel: "refuse", onStoreUnavailable: "deny", maxOutputTokens: 4_000,
})
// #endregion policy
console.log(explainPolicy(policy).budgets[1]?.sentences[2])
// => At $600 (200 %), and again each further $300: tells slack, then pagerDuty, then oncall, each 15m after the one before until a person acknowledges; refuses until a person acknowledges.
