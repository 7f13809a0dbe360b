import { readFile } from "node:fs/promises"
import { consoleNotifier } from "@spendfuse/adapters/console"
import { guardedFetch } from "@spendfuse/adapters/fetch"
import { createSpendfuse, decodePolicy, formatProblem } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"
import OpenAI from "openai"

const text = await readFile(new URL("policy.json", import.meta.url), "utf8")
const decoded = decodePolicy(JSON.parse(text))
if (!decoded.ok) throw new Error(decoded.problems.map(formatProblem).join("\n"))

const spendfuse = createSpendfuse({
  policy: decoded.policy,
  store: memoryStore({ journal: fileJournal({ path: "spend.journal", fsync: "everysec" }) }),
  prices: libraryPrices(),
  notifiers: { chat: consoleNotifier({ name: "chat" }), pager: consoleNotifier({ name: "pager" }) },
})
const subject = { apiKey: "agent-7", org: "acme", session: "run-1" }
const guarded = guardedFetch(spendfuse, { subject })
const client = new OpenAI({ fetch: guarded })
await client.responses.create({ model: "gpt-5", input: "Hello!" })
await guarded.idle()

for (const { budget, settled, remaining } of await spendfuse.remaining(subject))
  console.log(budget, settled, remaining)
// => key-hour …
//    tenant-day …
//    session …
//    platform-day …
await spendfuse.close()
