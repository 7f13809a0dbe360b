import { consoleNotifier } from "@spendfuse/adapters/console"
import { createSpendfuse, seedPolicy } from "@spendfuse/core"
import { AnomalyDetector, anomalyText, watchSpend } from "@spendfuse/core/anomaly"
import { memoryStore } from "@spendfuse/store-memory"

// #region watch
const page = consoleNotifier({ name: "page" })
const spendfuse = watchSpend(
  createSpendfuse({
    policy: seedPolicy({ hourlyUsd: 50, dailyUsd: 200 }),
    store: memoryStore(),
    notifiers: { slack: page, pagerDuty: page, oncall: page },
  }),
  {
    notifier: page,
    // Stops the account for a quarter of an hour, too. Leave it out to be told only.
    trip: { coolDownMs: 900_000, by: "anomaly guard" },
    onProblem: (message) => console.warn(message),
  },
)
// #endregion watch

// #region replay
const START = Date.UTC(2026, 0, 5)
const detector = new AnomalyDetector({ sigma: 3 })
for (let minute = 0; minute < 240; minute += 5) {
  const isLoop = minute >= 200
  for (const anomaly of detector.spend({
    account: "hour/agent-7",
    atMs: START + minute * 60_000,
    amount: isLoop ? 12_000_000_000 : 1_100_000_000,
    unit: "usd",
  }))
    console.log(anomaly.state, anomaly.account, anomalyText(anomaly))
}
for (const { state } of detector.look(START + 300 * 60_000)) console.log(state)
// => raised hour/agent-7 spent $12 in 5 minutes, where $1.10 is usual: 29.7 sigma above it
// => over
// #endregion replay

await spendfuse.close()
