import Anthropic from "@anthropic-ai/sdk"
import { guardedFetch } from "@spendfuse/adapters/fetch"
import { openSpendfuse } from "./support/spendfuse.ts"

const spendfuse = openSpendfuse()
// #region client
const guarded = guardedFetch(spendfuse, { subject: { apiKey: "agent-7" } })
const client = new Anthropic({ fetch: guarded })
// #endregion client
// #region stream
const stream = client.messages.stream({
  model: "claude-opus-5",
  max_tokens: 1_000,
  messages: [{ role: "user", content: "Hello!" }],
})
console.log(await stream.finalText()) // => Hello from the stand-in.
await guarded.idle()
const [hour] = await spendfuse.remaining({ apiKey: "agent-7" })
console.log(hour?.settled, hour?.held) // => 25135000 0
// #endregion stream
await spendfuse.close()
