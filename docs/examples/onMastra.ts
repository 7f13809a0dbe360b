import { openai } from "@ai-sdk/openai"
import { Agent, type AgentConfig } from "@mastra/core/agent"
import { guardAiSdk, SpendRefused } from "@spendfuse/adapters/ai-sdk"
import { wrapLanguageModel } from "ai"
import { openSpendfuse } from "./support/spendfuse.ts"

const spendfuse = openSpendfuse()
// #region agent
const guard = guardAiSdk(spendfuse, { subject: { apiKey: "agent-7" } })
const model = wrapLanguageModel({ model: openai.chat("gpt-5"), middleware: guard.language })
const agent = new Agent({
  id: "greeter",
  name: "Greeter",
  instructions: "Greet.",
  model: model as AgentConfig["model"], // its types are of an older release of the SDK's
})

const answer = await agent.generate("Hello!")
console.log(answer.text, answer.usage.outputTokens) // => Hello from the stand-in. 4000
// #endregion agent
await spendfuse.operator.switch(
  { dimension: "apiKey", value: "agent-7" },
  { state: "off", by: "ann", why: "it loops" },
)
// #region refusal
try {
  await agent.generate("Hello!")
} catch (error) {
  if (!(error instanceof SpendRefused)) throw error
  console.log(error.reason) // => switched-off
}
// #endregion refusal
await guard.idle()
await spendfuse.close()
