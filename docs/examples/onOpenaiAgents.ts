import { Agent, OpenAIProvider, Runner } from "@openai/agents"
import { guardedFetch } from "@spendfuse/adapters/fetch"
import OpenAI from "openai"
import { openSpendfuse } from "./support/spendfuse.ts"

const spendfuse = openSpendfuse()
// #region run
const guarded = guardedFetch(spendfuse, { subject: { apiKey: "agent-7" } })
const modelProvider = new OpenAIProvider({
  openAIClient: new OpenAI({ fetch: guarded }),
  useResponses: false,
})
const runner = new Runner({ modelProvider, tracingDisabled: true })
const agent = new Agent({ name: "Greeter", instructions: "Greet.", model: "gpt-5" })

const result = await runner.run(agent, "Hello!")
console.log(result.finalOutput) // => Hello from the stand-in.
// #endregion run
await spendfuse.operator.switch(
  { dimension: "apiKey", value: "agent-7" },
  { state: "off", by: "ann", why: "it loops" },
)
// #region refusal
try {
  await runner.run(agent, "Hello!")
} catch (error) {
  if (!(error instanceof OpenAI.APIError)) throw error
  console.log(error.status, error.type, error.code) // => 403 spendfuse_refused switched-off
}
// #endregion refusal
await guarded.idle()
await spendfuse.close()
