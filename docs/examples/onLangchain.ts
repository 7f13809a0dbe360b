import { ChatOpenAI } from "@langchain/openai"
import { guardedFetch } from "@spendfuse/adapters/fetch"
import { openSpendfuse } from "./support/spendfuse.ts"

const spendfuse = openSpendfuse()
// #region model
const guarded = guardedFetch(spendfuse, {
  subject: { apiKey: "agent-7" },
  statusOf: () => 402, // LangChain tries 429 and 503 again
})
const model = new ChatOpenAI({ model: "gpt-5", configuration: { fetch: guarded } })

const answer = await model.invoke("Hello!")
console.log(answer.text) // => Hello from the stand-in.
// #endregion model
// #region stream
let text = ""
for await (const chunk of await model.stream("Hello!")) text += chunk.text
console.log(text) // => Hello from the stand-in.
// #endregion stream
await spendfuse.operator.switch(
  { dimension: "apiKey", value: "agent-7" },
  { state: "off", by: "ann", why: "it loops" },
)
// #region refusal
try {
  await model.invoke("Hello!")
} catch (error) {
  const { status, type, code } = error as { status?: number; type?: string; code?: string }
  console.log(status, type, code) // => 402 spendfuse_refused switched-off
}
// #endregion refusal
await guarded.idle()
await spendfuse.close()
