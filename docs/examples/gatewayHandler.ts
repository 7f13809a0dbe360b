import { gateway } from "@spendfuse/adapters/gateway"
import { createSpendfuse, definePolicy } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"

const AGENT_KEY = `vk-${crypto.randomUUID()}`
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
  maxOutputTokens: 4_000,
})
// #region handler
const spendfuse = createSpendfuse({ policy, store: memoryStore(), prices: libraryPrices() })
const serve = gateway({
  spendfuse,
  upstreams: { openai: { baseUrl: "https://api.openai.com", key: "sk-provider" } },
  keys: { "agent-7": { key: AGENT_KEY, subject: { apiKey: "agent-7" }, models: ["gpt-5*"] } },
  onCall: ({ key, model, status }) => console.log(key, model, status), // => agent-7 gpt-5 200
})
// #endregion handler
const response = await serve(
  new Request("https://gateway.example.com/v1/chat/completions", {
    method: "POST",
    headers: { authorization: `Bearer ${AGENT_KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "hello" }] }),
  }),
)
console.log(response.status, response.headers.has("x-spendfuse-cost-usd")) // => 200 true
await serve.drain(1_000)
await spendfuse.close()
