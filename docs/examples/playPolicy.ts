import { formatProblem } from "@spendfuse/core"
import { decodeScenario, play, playedMemory } from "@spendfuse/core/lab"
import { memoryStore } from "@spendfuse/store-memory"

const policy = {
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      limit: { usd: 10 },
      window: "hour",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
}
// #region play
const decoded = decodeScenario({
  title: "A key stops at its hour",
  policy,
  start: "2026-01-15T10:50:00Z",
  steps: [
    { reserve: "r1", subject: { apiKey: "k1" }, amount: { usd: "9" }, expect: { allowed: true } },
    { reserve: "r2", subject: { apiKey: "k1" }, amount: { usd: "2" }, expect: { reason: "busy" } },
  ],
})
if (!decoded.ok) throw new Error(decoded.problems.map(formatProblem).join("\n"))
const played = await play(decoded.scenario, playedMemory(memoryStore))
console.log(played.flatMap(({ missed }) => missed)) // => []
// #endregion play
