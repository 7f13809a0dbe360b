import { createSpendfuse, definePolicy } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal, JournalUnusable } from "@spendfuse/store-memory/journal"

const policy = definePolicy({
  budgets: [
    {
      id: "key-day",
      per: ["apiKey"],
      limit: { usd: 20 },
      window: "day",
      tiers: [{ at: "100%", latch: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_000,
})
// #region open
const open = () =>
  memoryStore({
    journal: fileJournal({
      path: "spend.journal",
      fsync: "everysec",
      onNotice: ({ kind, message }) => console.log(kind, message.length > 0),
    }),
  })

const store = open() // => created true
try {
  open()
} catch (error) {
  console.log(error instanceof JournalUnusable ? error.reason : error) // => in-use
}
const spendfuse = createSpendfuse({ policy, store })
// …
await spendfuse.close()
// #endregion open
