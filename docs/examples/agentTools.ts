import { guardedFetch } from "@spendfuse/adapters/fetch"
import { definePolicy, formatUsd } from "@spendfuse/core"
import OpenAI from "openai"
import { openSpendfuse } from "./support/spendfuse.ts"

// #region policy
/** One run of the agent costs half a dollar at most, whatever its tools do; a user twenty a day. */
const policy = definePolicy({
  budgets: [
    {
      id: "run",
      per: ["user", "run"],
      limit: { usd: "0.5" },
      window: { lifetime: { idle: "1h" } },
      tiers: [{ at: "100%", block: true, notify: ["slack"] }],
    },
    {
      id: "user-day",
      per: ["user"],
      limit: { usd: 20 },
      window: "day",
      tiers: [
        { at: "80%", notify: ["slack"] },
        { at: "100%", block: true, notify: ["slack"] },
      ],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_000,
})
// #endregion policy
const spendfuse = openSpendfuse(policy)
// #region agent
const subject = { user: "ann", run: "run-1" }
const guarded = guardedFetch(spendfuse, { subject })
const client = new OpenAI({ fetch: guarded, maxRetries: 0 })

/** A tool that calls a model itself: it spends from the same run. */
const summarise = async (): Promise<string> => {
  const answer = await client.chat.completions.create({
    model: "gpt-5-mini",
    messages: [{ role: "user", content: "Sum up the report." }],
  })
  return answer.choices[0]?.message.content ?? ""
}
const tools: OpenAI.Chat.ChatCompletionTool[] = [
  {
    type: "function",
    function: { name: "summarise", parameters: { type: "object", properties: {} } },
  },
]

const work = async (task: string): Promise<string> => {
  const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [{ role: "user", content: task }]
  for (;;) {
    const answer = await client.chat.completions.create({ model: "gpt-5", messages, tools })
    const message = answer.choices[0]?.message
    if (message?.tool_calls === undefined) return message?.content ?? ""
    messages.push(message)
    for (const { id } of message.tool_calls)
      messages.push({ role: "tool", tool_call_id: id, content: await summarise() })
  }
}

console.log(await work("Read the report and tell me what matters."))
await guarded.idle()
for (const { budget, settled } of await spendfuse.remaining(subject))
  console.log(budget, formatUsd(settled))
// => Hello from the stand-in.
//    run 0.08…
//    user-day 0.08…
// #endregion agent
// #region loop
// A task that never ends ends at half a dollar.
let tasks = 0
try {
  for (;;) {
    await work("And again.")
    tasks += 1
  }
} catch (error) {
  if (!(error instanceof OpenAI.APIError) || error.type !== "spendfuse_refused") throw error
  console.log(`stopped after ${tasks} more tasks: ${error.code}`)
}
// => stopped after 5 more tasks: exhausted
// #endregion loop
await spendfuse.close()
