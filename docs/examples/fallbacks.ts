import { guardedFetch } from "@spendfuse/adapters/fetch"
import { definePolicy } from "@spendfuse/core"
import OpenAI from "openai"
import { openSpendfuse } from "./support/spendfuse.ts"

// #region policy
const policy = definePolicy({
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      limit: { usd: "0.042" },
      window: "hour",
      tiers: [
        { at: "50%", degrade: "cheaper" },
        { at: "100%", block: true },
      ],
    },
  ],
  fallbacks: {
    cheaper: { model: "gpt-5-nano", next: "sorry" },
    sorry: { answer: "The budget of this hour is spent. Please try again later." },
  },
  onRefused: "cheaper",
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_000,
  minOutputTokens: 1_000,
})
// #endregion policy
const spendfuse = openSpendfuse(policy)
const guarded = guardedFetch(spendfuse, { subject: { apiKey: "agent-7" } })
const client = new OpenAI({ fetch: guarded })
// #region use
for (const question of ["one", "two", "three"]) {
  const answer = await client.chat.completions.create({
    model: "gpt-5",
    messages: [{ role: "user", content: question }],
  })
  await guarded.idle()
  console.log(answer.model, answer.choices[0]?.message.content)
}
// => gpt-5 Hello from the stand-in.
//    gpt-5-nano Hello from the stand-in.
//    gpt-5 The budget of this hour is spent. Please try again later.
// #endregion use
await spendfuse.close()
