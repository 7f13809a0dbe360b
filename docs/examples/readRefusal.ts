import { definePolicy } from "@spendfuse/core"
import { openSpendfuse } from "./support/spendfuse.ts"

const policy = definePolicy({
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      limit: { usd: 1 },
      window: "hour",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_000,
})
const spendfuse = openSpendfuse(policy)
// #region read
const decision = await spendfuse.reserve({
  subject: { apiKey: "agent-7" },
  provider: "openai",
  model: "gpt-5-pro",
  inputTokens: 200_000,
})
if (decision.allowed) await decision.release()
else {
  console.log(decision.reason, decision.untilMs, decision.withoutStore) // => too-large null false
  for (const obstacle of decision.obstacles)
    if (obstacle.kind === "line") console.log(obstacle.account, obstacle.remaining, obstacle.cap) // => key-hour/agent-7 1000000000 1000000000
  console.log(spendfuse.explain(decision))
}
// => refused: too-large …
//    key-hour (agent-7): too-large; settled $0, held $0, cap $1, remaining $1, …
// #endregion read
await spendfuse.close()
