import { decodePolicy, formatProblem } from "@spendfuse/core"

// #region errors
const decoded = decodePolicy({
  budgets: [
    {
      id: "key hour",
      per: ["apiKey"],
      limit: { usd: 0 },
      window: { day: { timeZone: "Paris" } },
      tiers: [
        { at: "80%", notify: ["slack"] },
        { at: "50%", trip: { coolDown: "15 minutes" } },
      ],
    },
  ],
  onRefused: "cheaper",
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})
if (!decoded.ok) for (const problem of decoded.problems) console.log(formatProblem(problem))
// => budgets[0].id: `"key hour"` is not a name of 1 to 64 characters …
//    budgets[0].limit.usd: `0` is not above 0; write an amount above 0
//    budgets[0].tiers[1].trip.coolDown: `"15 minutes"` is not a duration above 0; write e.g. "1h30m"
//    budgets[0].tiers[1].at: `"50%"` is below the tier before it; write tiers in rising order
//    budgets[0].window.day.timeZone: `"Paris"` is not an IANA time zone; write e.g. …
//    onRefused: `"cheaper"` is not a fallback; add it under `fallbacks`
// #endregion errors
