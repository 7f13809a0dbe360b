import { formatProblem } from "@spendfuse/core"
import { decodeFleet, simulate } from "@spendfuse/core/lab"

const policy = {
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      limit: { usd: 4 },
      window: "hour",
      tiers: [{ at: "100%", block: true, notify: ["pager"] }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
}

// #region simulate
const decoded = decodeFleet({
  title: "Ten lanes of a loop",
  start: "2026-01-15T08:00:00Z",
  lasts: "2h",
  policy,
  models: { "gpt-5": { input: 1.25, output: 10 } },
  actors: [
    {
      name: "loop",
      kind: "loop",
      parallel: 10,
      subject: { apiKey: "k1" },
      model: "gpt-5",
      input: 4000,
      output: [500, 4000],
      limit: 4000,
      takes: "20s",
    },
  ],
  expect: { spentAtMost: 8, pagesAtLeast: 2 },
})
if (!decoded.ok) throw new Error(decoded.problems.map(formatProblem).join("\n"))
const { fleet } = decoded
const missed = [1, 2, 3].flatMap((seed) => simulate(fleet, { seed, ways: ["spendfuse"] }).missed)
console.log(missed) // => []
// #endregion simulate
