import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { json } from "node:stream/consumers"
import { consoleNotifier } from "@spendfuse/adapters/console"
import { createSpendfuse, seedPolicy } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"

const channel = consoleNotifier()
const store = memoryStore()
const spendfuse = createSpendfuse({
  policy: seedPolicy({ hourlyUsd: 5, dailyUsd: 0.5 }),
  store,
  notifiers: { slack: channel, pagerDuty: channel, oncall: channel },
})
const amounts = { usd: 1_000_000_000 }
await spendfuse.guard({ subject: { apiKey: "agent-7" }, amounts }, async () => ({
  value: null,
  amounts,
}))
// #region route
/** POST { budget, subject, by, why, allow } acknowledges. For this machine alone, or behind your own sign-in. */
const admin = createServer(async (request, response) => {
  try {
    if (request.method !== "POST") throw new Error("only POST changes anything")
    const { budget, subject, by, why, allow } = (await json(request)) as AcknowledgeBody
    const seen = await spendfuse.operator.acknowledge({ budget, subject }, { by, why, allow })
    response.end(JSON.stringify(seen))
  } catch (error) {
    response.writeHead(400).end(String(error))
  }
})
admin.listen(Number(process.env.ADMIN_PORT ?? 0), "127.0.0.1")

interface AcknowledgeBody {
  readonly budget: string
  readonly subject: Readonly<Record<string, string>>
  readonly by: string
  readonly why: string
  /** Nano-USD. */
  readonly allow: number
}
// #endregion route
await once(admin, "listening")
const url = `http://127.0.0.1:${(admin.address() as AddressInfo).port}`
// #region find
const { items } = await store.list({ limit: 1_000 })
for (const { key, circuit } of items)
  if (circuit.state !== "closed") console.log(key, circuit.state) // => day/agent-7 latched
// #endregion find
// #region call
const response = await fetch(url, {
  method: "POST",
  body: JSON.stringify({
    budget: "day",
    subject: { apiKey: "agent-7" },
    by: "ann",
    why: "the loop is stopped",
    allow: 100_000_000,
  }),
})
console.log(response.status, await response.text()) // => 200 {"kind":"acknowledged"}
// #endregion call
await spendfuse.close()
admin.close()
