import { createSpendfuse, definePolicy } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"

// An incident for the pages to act on: `agent-7` has looped into its latch, and nobody has heard of it yet.
const path = (process.env.SPENDFUSE_STORE_URL ?? "").replace(/^file:/, "")
const journal = fileJournal({ path, fsync: "never", onNotice: () => undefined })
const unheard = { name: "unheard", deliver: () => new Promise<void>(() => undefined) }
const spendfuse = createSpendfuse({
  policy: definePolicy({
    budgets: [
      {
        id: "day",
        per: ["apiKey"],
        limit: { usd: 10 },
        window: "day",
        tiers: [
          { at: "80%", notify: ["chat"] },
          { at: "100%", latch: true, notify: ["pager"] },
        ],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
  }),
  store: { ...memoryStore({ journal }), claim: async () => [] },
  notifiers: { chat: unheard, pager: unheard },
})
for (const [apiKey, usd] of [
  ["agent-8", 3],
  ["agent-7", 8.5],
  ["agent-7", 1.5],
] as const) {
  const amounts = { usd: usd * 1_000_000_000 }
  await spendfuse.guard({ subject: { apiKey }, amounts }, async () => ({ value: null, amounts }))
}
await spendfuse.close()
