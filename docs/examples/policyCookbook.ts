import { readFileSync } from "node:fs"
import { decodePolicy, formatProblem, type Policy } from "@spendfuse/core"
import {
  checkPolicy,
  neverAbove,
  neverRefusedBelow,
  noStarvation,
  resumesAfterAcknowledgement,
  warnsBefore,
} from "@spendfuse/core/testing"

const policyOf = (file: string): Policy => {
  const text = readFileSync(new URL(file, import.meta.url), "utf8")
  const decoded = decodePolicy(JSON.parse(text))
  if (!decoded.ok) throw new Error(decoded.problems.map(formatProblem).join("\n"))
  return decoded.policy
}
const USD = 1_000_000_000

// #region seats
const seats = checkPolicy(policyOf("seats.json"), {
  invariants: [
    neverAbove({ per: ["user"], unit: "usd", amount: 5 * USD, within: "day" }),
    warnsBefore({ budget: "org-month" }),
    resumesAfterAcknowledgement({ unit: "usd", amount: USD / 2 }),
  ],
})
console.log(seats.stories) // => 300
// #endregion seats

// #region agents
const agents = checkPolicy(policyOf("agents.json"), {
  invariants: [
    neverAbove({ per: ["session"], unit: "usd", amount: 10 * USD, within: "day" }),
    neverAbove({ per: ["agent"], unit: "usd", amount: 40 * USD, within: { anyMs: 3_600_000 } }),
    warnsBefore(),
  ],
  faults: { lostCalls: true, lateSettles: true },
})
console.log(agents.stories) // => 300
// #endregion agents

// #region batch
const batch = checkPolicy(policyOf("batch.json"), {
  invariants: [
    neverAbove({ per: ["platform"], unit: "usd", amount: 1000 * USD, within: "day" }),
    warnsBefore({ state: "latched" }),
    neverRefusedBelow({
      per: ["platform"],
      unit: "usd",
      amount: 200 * USD,
      within: { anyMs: 30 * 86_400_000 },
    }),
  ],
})
console.log(batch.stories) // => 300
// #endregion batch

// #region cluster
const cluster = checkPolicy(policyOf("cluster.json"), {
  invariants: [
    neverAbove({ per: ["grant"], unit: "usd", amount: 1500 * USD, within: "month" }),
    warnsBefore({ budget: "grant" }),
    noStarvation({
      of: { grant: "grant-2", person: "person-2" },
      by: { grant: "grant-1", person: "person-1" },
    }),
  ],
})
console.log(cluster.stories) // => 300
// #endregion cluster
