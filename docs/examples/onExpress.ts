import type { AddressInfo } from "node:net"
import { refusalHandler, spendMiddleware, spendOf } from "@spendfuse/adapters/express"
import express from "express"
import OpenAI from "openai"
import { openSpendfuse } from "./support/spendfuse.ts"

const spendfuse = openSpendfuse()
// #region app
const app = express()
app.use(express.json())
app.use(
  "/chat",
  spendMiddleware(spendfuse, { subject: (req) => ({ apiKey: req.get("x-key") ?? "" }) }),
)
app.post("/chat", async (req, res) => {
  const openai = new OpenAI({ fetch: spendOf(req).fetch })
  const answer = await openai.chat.completions.create({
    model: "gpt-5",
    messages: [{ role: "user", content: req.body.question }],
  })
  res.json({ text: answer.choices[0]?.message.content })
})
app.use(refusalHandler())
// #endregion app
const server = app.listen(0, "127.0.0.1")
await new Promise((resolve) => server.once("listening", resolve))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/chat`
const headers = { "content-type": "application/json", "x-key": "agent-7" }
const body = JSON.stringify({ question: "Hello!" })
const response = await fetch(url, { method: "POST", headers, body })
console.log(response.status, await response.text()) // => 200 {"text":"Hello from the stand-in."}
// #region refused
await spendfuse.operator.switch(
  { dimension: "apiKey", value: "agent-7" },
  { state: "off", by: "ann", why: "it loops" },
)
const refused = await fetch(url, { method: "POST", headers, body })
console.log(refused.status, refused.headers.get("x-spendfuse-reason")) // => 403 switched-off
// #endregion refused
server.closeAllConnections()
server.close()
await spendfuse.close()
