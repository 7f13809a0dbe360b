import { consoleNotifier } from "@spendfuse/adapters/console"
import { createDispatcher, createSpendfuse, seedPolicy } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"

const store = memoryStore()
const unheard = { name: "unheard", deliver: () => new Promise<void>(() => undefined) }
const host = createSpendfuse({
  policy: seedPolicy({ hourlyUsd: 1, dailyUsd: 5 }),
  store: { ...store, claim: async () => [], close: async () => undefined },
  notifiers: { slack: unheard, pagerDuty: unheard, oncall: unheard },
})
const amounts = { usd: 1_000_000_000 }
await host.guard({ subject: { apiKey: "agent-7" }, amounts }, async () => ({
  value: null,
  amounts,
}))
await host.close()
const write = (line: string): void => console.log(line.replace(/ \d{4}-\S+/, ""))
// #region once
const channel = consoleNotifier({ write })
const dispatcher = createDispatcher({
  store,
  notifiers: { slack: channel, pagerDuty: channel, oncall: channel },
})
await dispatcher.once() // => [console] tier hour 80% · hour/agent-7 · $1 of $1…
//    …
await dispatcher.close()
// #endregion once
