import { createSpendfuse, definePolicy } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"

const policy = definePolicy({
  budgets: [
    {
      id: "key-day",
      per: ["apiKey"],
      limit: { usd: 1 },
      window: "day",
      tiers: [{ at: "100%", latch: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_000,
})
// #region crash
const start = () =>
  createSpendfuse({
    policy,
    store: memoryStore({ journal: fileJournal({ path: "spend.journal", fsync: "everysec" }) }),
  })
const request = { subject: { apiKey: "agent-7" }, amounts: { usd: 1_000_000_000 } }

const first = start()
await first.guard(request, async () => ({ value: null, amounts: { usd: 1_000_000_000 } }))
await first.close()

const second = start()
const refused = await second.reserve(request)
console.log(refused.allowed ? "admitted" : refused.reason) // => latched
await second.close()
// #endregion crash
