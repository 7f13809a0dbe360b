import Anthropic from "@anthropic-ai/sdk"
import { guardedFetch } from "@spendfuse/adapters/fetch"
import OpenAI from "openai"
import { openSpendfuse } from "./support/spendfuse.ts"

const spendfuse = openSpendfuse()
const guarded = guardedFetch(spendfuse, { subject: { apiKey: "agent-7" } })
const openai = new OpenAI({ fetch: guarded })
const anthropic = new Anthropic({ fetch: guarded })
await spendfuse.operator.switch(
  { dimension: "apiKey", value: "agent-7" },
  { state: "off", by: "ann", why: "it loops" },
)
// #region openai
try {
  await openai.responses.create({ model: "gpt-5", input: "Hello!" })
} catch (error) {
  if (!(error instanceof OpenAI.APIError)) throw error
  console.log(error.status, error.type, error.code) // => 403 spendfuse_refused switched-off
}
// #endregion openai
// #region anthropic
try {
  await anthropic.messages.create({
    model: "claude-haiku-4-5",
    max_tokens: 500,
    messages: [{ role: "user", content: "Hello!" }],
  })
} catch (error) {
  if (!(error instanceof Anthropic.APIError)) throw error
  const { type, code } = (error.error as { error: { type: string; code: string } }).error
  console.log(error.status, type, code) // => 403 spendfuse_refused switched-off
}
// #endregion anthropic
await spendfuse.close()
