import { pagerduty } from "@spendfuse/adapters/pagerduty"
import { slack } from "@spendfuse/adapters/slack"
import { createSpendfuse, seedPolicy } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import { printTold } from "./support/farSides.ts"

// #region tiers
const { SLACK_WEBHOOK_URL = "", PAGERDUTY_ROUTING_KEY = "", ONCALL_ROUTING_KEY = "" } = process.env
const spendfuse = createSpendfuse({
  policy: seedPolicy({ hourlyUsd: 50, dailyUsd: 300 }),
  store: memoryStore(),
  notifiers: {
    slack: slack({ webhookUrl: SLACK_WEBHOOK_URL }), // 80 % of the hour
    pagerDuty: pagerduty({ routingKey: PAGERDUTY_ROUTING_KEY }), // 100 %: tripped for an hour
    oncall: pagerduty({ routingKey: ONCALL_ROUTING_KEY }), // 200 % of the day: until acknowledged
  },
})
// #endregion tiers
const spend = (usd: number) => {
  const amounts = { usd: usd * 1_000_000_000 }
  return spendfuse.guard({ subject: { apiKey: "agent-7" }, amounts }, async () => ({
    value: null,
    amounts,
  }))
}
await spend(42)
await spendfuse.flush()
printTold()
// => Slack: 🟡 agent-7 reached 80% of hour: $42 of $50
await spend(8)
await spendfuse.flush()
printTold()
// => PagerDuty: trigger hour/agent-7/1 (error): hour stopped agent-7 until 11:20 UTC: $50 of $50 (2 events)
await spendfuse.operator.acknowledge(
  { budget: "hour", subject: { apiKey: "agent-7" } },
  { by: "ann", why: "the loop is stopped" },
)
await spendfuse.flush()
printTold()
// => PagerDuty: resolve hour/agent-7/1
await spendfuse.close()
