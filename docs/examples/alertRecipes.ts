import { consoleNotifier } from "@spendfuse/adapters/console"
import { messageOf } from "@spendfuse/adapters/notifier"
import { slack } from "@spendfuse/adapters/slack"
import { webhook } from "@spendfuse/adapters/webhook"
import { createSpendfuse, definePolicy } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import { printTold } from "./support/farSides.ts"

// #region bot
const chat = slack({ token: process.env.SLACK_BOT_TOKEN ?? "", channel: "C0123456789" })
// #endregion bot
// #region webhook
const alerts = webhook({
  url: "https://alerts.example/spendfuse",
  secrets: [process.env.ALERTS_SECRET ?? ""],
})
// #endregion webhook
// #region log
const log = consoleNotifier({ name: "log", format: "json", write: (line) => lines.push(line) })
// #endregion log
const lines: string[] = []
// #region words
const finance = slack({
  webhookUrl: process.env.SLACK_WEBHOOK_URL ?? "",
  words: (events) => ({ ...messageOf(events), todo: "Ask the team in #ai-platform." }),
  links: ({ account }) => [
    { text: "Runbook", href: `https://wiki.example/ai?account=${encodeURIComponent(account)}` },
  ],
})
// #endregion words
const spendfuse = createSpendfuse({
  policy: definePolicy({
    budgets: [
      {
        id: "team-day",
        per: ["team"],
        limit: { usd: 100 },
        window: "day",
        tiers: [
          { at: "100%", trip: { coolDown: "1h" }, notify: ["chat", "alerts", "log", "finance"] },
        ],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
    maxOutputTokens: 4_000,
  }),
  store: memoryStore(),
  notifiers: { chat, alerts, log, finance },
})
const amounts = { usd: 100_000_000_000 }
const subject = { team: "search" }
await spendfuse.guard({ subject, amounts }, async () => ({ value: null, amounts }))
await spendfuse.flush()
printTold()
// => receiver: spendfuse.events, v1,
//    Slack: 🟠 team-day stopped search until 11:20 UTC: $100 of $100 (2 events)
//    Slack: 🟠 team-day stopped search until 11:20 UTC: $100 of $100 (2 events)
await spendfuse.operator.acknowledge({ budget: "team-day", subject }, { by: "ann", why: "planned" })
await spendfuse.flush()
printTold()
// => receiver: spendfuse.events, v1,
//    Slack: 🟢 team-day lets search go on: ann (planned)
//    Slack (in its thread): 🟢 team-day lets search go on: ann (planned)
await spendfuse.close()
console.log(lines.map((line) => JSON.parse(line).kind).join(", ")) // => tier, circuit, circuit
