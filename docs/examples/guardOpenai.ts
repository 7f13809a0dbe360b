import { guardedFetch } from "@spendfuse/adapters/fetch"
import OpenAI from "openai"
import { openSpendfuse } from "./support/spendfuse.ts"

const spendfuse = openSpendfuse()
// #region client
const guarded = guardedFetch(spendfuse, { subject: { apiKey: "agent-7" } })
const client = new OpenAI({ fetch: guarded })
// #endregion client
// #region stream
const stream = await client.chat.completions.create({
  model: "gpt-5",
  messages: [{ role: "user", content: "Hello!" }],
  stream: true,
})
let text = ""
for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ""
console.log(text) // => Hello from the stand-in.
// #endregion stream
// #region abort
const controller = new AbortController()
const cut = await client.chat.completions.create(
  { model: "gpt-5", messages: [{ role: "user", content: "Hello!" }], stream: true },
  { signal: controller.signal },
)
for await (const _ of cut) controller.abort()
await guarded.idle()
const [hour] = await spendfuse.remaining({ apiKey: "agent-7" })
console.log(hour?.held) // => 0
// #endregion abort
await spendfuse.close()
