import { consoleNotifier } from "@spendfuse/adapters/console"
import { guardedFetch } from "@spendfuse/adapters/fetch"
import { createSpendfuse, seedPolicy } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import OpenAI, { APIError } from "openai"

const channel = consoleNotifier({ write: (line) => console.log(line) })
const spendfuse = createSpendfuse({
  policy: seedPolicy({ hourlyUsd: 1, dailyUsd: 5 }),
  store: memoryStore(),
  prices: libraryPrices(),
  notifiers: { slack: channel, pagerDuty: channel, oncall: channel },
})
const guarded = guardedFetch(spendfuse, { subject: { apiKey: "agent-7" } })
const client = new OpenAI({ fetch: guarded })

let calls = 0
for (;;) {
  try {
    await client.chat.completions.create({
      model: "gpt-5",
      messages: [{ role: "user", content: "Try again." }],
    })
    calls += 1
    await guarded.idle()
  } catch (error) {
    if (!(error instanceof APIError)) throw error
    console.log(`${calls} calls, then ${error.status} ${error.code}`)
    break
  }
}
await spendfuse.close()
// => [console] … tier hour 80% · hour/agent-7 · $0.8… of $1: Heads up, cost rate is elevated
//    [console] … refusing hour · hour/agent-7 · $0.99… of $1
//    [console] … tier hour 100% · hour/agent-7 · $0.99… of $1: Hourly cap reached
//    [console] … circuit hour open · hour/agent-7 until 2026-01-15T11:20:…
//    25 calls, then 402 exhausted
