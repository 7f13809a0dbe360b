import { guardedFetch } from "@spendfuse/adapters/fetch"
import { createSpendfuse, definePolicy } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"
import OpenAI from "openai"

const policy = definePolicy({
  budgets: [
    {
      id: "key-day",
      per: ["apiKey"],
      limit: { usd: 20 },
      window: "day",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_096,
})

const spendfuse = createSpendfuse({
  policy,
  prices: libraryPrices(),
  store: memoryStore({ journal: fileJournal({ path: "spend.journal", fsync: "everysec" }) }),
})

export default {
  fetch: async (request: Request): Promise<Response> => {
    const subject = { apiKey: request.headers.get("x-key") ?? "" }
    const openai = new OpenAI({ fetch: guardedFetch(spendfuse, { subject }) })
    const { question } = (await request.json()) as { question: string }
    const stream = await openai.chat.completions.create(
      { model: "gpt-5", messages: [{ role: "user", content: question }], stream: true },
      { signal: request.signal },
    )
    return new Response(stream.toReadableStream())
  },
}
