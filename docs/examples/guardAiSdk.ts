import { openai } from "@ai-sdk/openai"
import { guardAiSdk, SpendRefused } from "@spendfuse/adapters/ai-sdk"
import { definePolicy } from "@spendfuse/core"
import { generateText, streamText, wrapEmbeddingModel, wrapImageModel, wrapLanguageModel } from "ai"
import { openSpendfuse } from "./support/spendfuse.ts"

const policy = definePolicy({
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      limit: { usd: "0.081" },
      window: "hour",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_000,
  minOutputTokens: 1_000,
})
const spendfuse = openSpendfuse(policy)
// #region guard
const guard = guardAiSdk(spendfuse, { subject: { apiKey: "agent-7" } })
const model = wrapLanguageModel({ model: openai.chat("gpt-5"), middleware: guard.language })

const { text, usage } = await generateText({ model, prompt: "Hello!" })
console.log(text, usage.outputTokens) // => Hello from the stand-in. 4000
// #endregion guard
// #region stream
const stream = streamText({ model, prompt: "Hello!" })
for await (const delta of stream.textStream) process.stdout.write(delta)
console.log() // => Hello from the stand-in.
// #endregion stream
// #region others
const embeddings = wrapEmbeddingModel({
  model: openai.embedding("text-embedding-3-small"),
  middleware: guard.embedding,
})
const images = wrapImageModel({ model: openai.image("gpt-image-1"), middleware: guard.image })
console.log(embeddings.modelId, images.modelId) // => text-embedding-3-small gpt-image-1
// #endregion others
// #region refusal
try {
  await generateText({ model, prompt: "Hello!" })
} catch (error) {
  if (!(error instanceof SpendRefused)) throw error
  console.log(error.reason, error.untilMs === null ? "for good" : new Date(error.untilMs))
}
// => exhausted 2026-01-15T11:00:00.000Z
// #endregion refusal
await guard.idle()
await spendfuse.close()
