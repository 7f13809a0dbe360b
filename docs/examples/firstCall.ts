import { consoleNotifier } from "@spendfuse/adapters/console"
import { guardedFetch } from "@spendfuse/adapters/fetch"
import { createSpendfuse, seedPolicy } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"
import OpenAI from "openai"

const channel = consoleNotifier()
const spendfuse = createSpendfuse({
  policy: seedPolicy({ hourlyUsd: 50, dailyUsd: 300 }),
  store: memoryStore({ journal: fileJournal({ path: "spend.journal", fsync: "everysec" }) }),
  prices: libraryPrices(),
  notifiers: { slack: channel, pagerDuty: channel, oncall: channel },
})

const subject = { apiKey: "agent-7" }
const client = new OpenAI({ fetch: guardedFetch(spendfuse, { subject }) })
const answer = await client.chat.completions.create({
  model: "gpt-5",
  messages: [{ role: "user", content: "Hello!" }],
})
console.log(answer.choices[0]?.message.content) // => Hello from the stand-in.
await spendfuse.close()
