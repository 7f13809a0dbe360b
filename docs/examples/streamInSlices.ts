import { guardedFetch } from "@spendfuse/adapters/fetch"
import { definePolicy } from "@spendfuse/core"
import OpenAI, { APIError } from "openai"
import { openSpendfuse } from "./support/spendfuse.ts"

const policy = definePolicy({
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      limit: { usd: "0.006" },
      window: "hour",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_000,
})
const spendfuse = openSpendfuse(policy)
// #region client
const guarded = guardedFetch(spendfuse, {
  subject: { apiKey: "agent-7" },
  stream: {
    sliceTokens: 200,
    // Your tokenizer's count, or a bound of it. Without it a token is a byte.
    tokensOf: (text) => Math.ceil(text.length / 3),
  },
})
const client = new OpenAI({ fetch: guarded })
// #endregion client
// #region cut
let story = ""
let finish: string | null = null
try {
  const stream = await client.chat.completions.create({
    model: "gpt-4o",
    max_completion_tokens: 4_000,
    messages: [{ role: "user", content: "Tell me a long story." }],
    stream: true,
  })
  for await (const chunk of stream) {
    story += chunk.choices[0]?.delta.content ?? ""
    finish = chunk.choices[0]?.finish_reason ?? finish
  }
} catch (error) {
  if (!(error instanceof APIError) || error.type !== "spendfuse_cut") throw error
  console.log(finish, error.type, error.code) // => length spendfuse_cut exhausted
}
console.log(story.startsWith("Once upon a time"), story.length > 500) // => true true
// #endregion cut
// #region settled
await guarded.idle()
const [hour] = await spendfuse.remaining({ apiKey: "agent-7" })
console.log(hour?.held, (hour?.settled ?? 0) <= (hour?.cap ?? 0)) // => 0 true
// #endregion settled
await spendfuse.close()
