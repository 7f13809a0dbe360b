import { guardedFetch, subjectHeader } from "@spendfuse/adapters/fetch"
import { definePolicy } from "@spendfuse/core"
import OpenAI from "openai"
import { openSpendfuse } from "./support/spendfuse.ts"

const policy = definePolicy({
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      limit: { usd: 50 },
      window: "hour",
      tiers: [{ at: "100%", block: true }],
    },
    {
      id: "session",
      per: ["session"],
      limit: { usd: 2 },
      window: { lifetime: { idle: "24h" } },
      whenMissing: "skip",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_000,
})
const spendfuse = openSpendfuse(policy)
// #region subject
const guarded = guardedFetch(spendfuse, { subject: { apiKey: "web" } })

// One client per session: the session is added to what is bound.
const client = new OpenAI({ fetch: guarded.for({ session: "s-1" }) })
await client.responses.create({ model: "gpt-5", input: "Hello!" })

// Or one client for all, and a header on the call. It is never sent on.
const shared = new OpenAI({ fetch: guarded })
await shared.responses.create(
  { model: "gpt-5", input: "Hello!" },
  { headers: subjectHeader({ session: "s-2" }) },
)
// #endregion subject
await guarded.idle()
for (const session of ["s-1", "s-2"])
  for (const { account, settled } of await spendfuse.remaining({ apiKey: "web", session }))
    console.log(account, settled)
// => key-hour/web 80037500
//    session/s-1 40018750
//    key-hour/web 80037500
//    session/s-2 40018750
await spendfuse.close()
