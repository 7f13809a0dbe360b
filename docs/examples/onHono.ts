import { type SpendEnv, spendMiddleware } from "@spendfuse/adapters/hono"
import { Hono } from "hono"
import OpenAI from "openai"
import { openSpendfuse } from "./support/spendfuse.ts"

const spendfuse = openSpendfuse()
// #region app
const app = new Hono<SpendEnv>()
app.use(
  "/chat",
  spendMiddleware(spendfuse, { subject: (c) => ({ apiKey: c.req.header("x-key") ?? "" }) }),
)
app.post("/chat", async (c) => {
  const { question } = await c.req.json<{ question: string }>()
  const openai = new OpenAI({ fetch: c.var.spend.fetch })
  const answer = await openai.chat.completions.create({
    model: "gpt-5",
    messages: [{ role: "user", content: question }],
  })
  return c.json({ text: answer.choices[0]?.message.content })
})
// #endregion app
// #region reserve
app.use(
  "/render",
  spendMiddleware(spendfuse, {
    subject: (c) => ({ apiKey: c.req.header("x-key") ?? "" }),
    // Half a dollar at most, held before the handler runs; in nano-USD.
    reserve: () => ({ amounts: { usd: 500_000_000 } }),
  }),
)
app.post("/render", async (c) => {
  // … what has no SDK, and says itself what it did cost
  await c.var.spend.settle({ amounts: { usd: 120_000_000 } })
  return c.json({ done: true })
})
// #endregion reserve
const response = await app.request("/chat", {
  method: "POST",
  headers: { "x-key": "agent-7" },
  body: JSON.stringify({ question: "Hello!" }),
})
console.log(response.status, await response.text()) // => 200 {"text":"Hello from the stand-in."}
const rendered = await app.request("/render", { method: "POST", headers: { "x-key": "agent-7" } })
console.log(rendered.status, rendered.headers.get("x-spendfuse-cost-usd")) // => 200 0.12
await spendfuse.close()
