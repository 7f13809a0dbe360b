import { createSpendfuse, type Notifier, NotifyFailed, seedPolicy } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"

const told: string[] = []
let isGone = true
const slack: Notifier = {
  name: "slack",
  deliver: async (events) => {
    if (isGone) throw new NotifyFailed("slack", { retryable: false, detail: "no_service" })
    told.push(...events.map(({ kind }) => `slack ${kind}`))
  },
}
const pager: Notifier = {
  name: "pager",
  deliver: async (events) => void told.push(...events.map(({ kind }) => `pager ${kind}`)),
}
const store = memoryStore()
const spendfuse = createSpendfuse({
  policy: seedPolicy({ hourlyUsd: 1, dailyUsd: 5 }),
  store,
  notifiers: { slack, pagerDuty: pager, oncall: pager },
  onNotice: () => undefined,
})
const amounts = { usd: 850_000_000 }
await spendfuse.guard({ subject: { apiKey: "agent-7" }, amounts }, async () => ({
  value: null,
  amounts,
}))
await spendfuse.flush()
console.log(told) // => [ 'pager undelivered' ]
isGone = false
// #region resend
const { items } = await store.deadLetters({ limit: 100 })
for (const { channel, account, why } of items) console.log(channel, account, why) // => slack hour/agent-7 NotifyFailed: notifier `slack` did not deliver: no_service
console.log(await store.resend(items.map(({ id }) => id))) // => 1
await spendfuse.flush()
// #endregion resend
console.log(told) // => [ 'pager undelivered', 'slack tier' ]
await spendfuse.close()
