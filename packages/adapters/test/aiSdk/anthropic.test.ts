import { createAnthropic } from "@ai-sdk/anthropic"
import { generateText, streamText, wrapLanguageModel } from "ai"
import { expect, it } from "vitest"
import { guardAiSdk } from "../../src/aiSdk.ts"
import { opened, upstreamOf } from "../fetch/harness.ts"

const usage = {
  input_tokens: 20,
  output_tokens: 5,
  cache_creation_input_tokens: 10,
  cache_read_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 10 },
}
const message = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-haiku-4-5",
  content: [{ type: "text", text: "hi" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage,
}
const event = (value: { readonly type: string }): string =>
  `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`
const text = { type: "text_delta", text: "hi" }
const EVENTS = [
  { type: "message_start", message: { ...message, content: [], stop_reason: null } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: text },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 5 } },
  { type: "message_stop" },
]

/** 20 × 1,000 + 10 × 2,000 (written for an hour) + 5 × 5,000 nano-USD. */
const NANO = 65_000

const bodyOf = (sent: string): { stream?: boolean; max_tokens: number } => JSON.parse(sent)

it("never lets Anthropic's package send a higher limit than is held", async () => {
  await using bench = opened()
  const held: number[] = []
  const upstream = upstreamOf(async (_, sent) => {
    held.push((await bench.spendfuse.account({ budget: "key", subject: { apiKey: "k1" } })).held)
    return bodyOf(sent).stream === true
      ? new Response(EVENTS.map(event).join(""), {
          headers: { "content-type": "text/event-stream" },
        })
      : Response.json(message)
  })
  const guard = guardAiSdk(bench.spendfuse, { subject: { apiKey: "k1" } })
  const anthropic = createAnthropic({ apiKey: "not-a-key", fetch: upstream })
  const model = wrapLanguageModel({
    model: anthropic("claude-haiku-4-5"),
    middleware: guard.language,
  })
  const call = { model, prompt: "hello", maxOutputTokens: 300 }
  const thinking = { type: "enabled" as const, budgetTokens: 5_000 }
  await generateText(call)
  await generateText({ ...call, providerOptions: { anthropic: { thinking } } })
  await generateText({ ...call, reasoning: "low" })
  expect(await streamText({ ...call, reasoning: "max" }).text).toBe("hi")
  const limits = upstream.seen.map((one) => bodyOf(one.text).max_tokens)
  expect(limits).toEqual([300, 5_300, 6_700, 61_100])
  for (const [at, limit] of limits.entries()) expect(held[at]).toBeGreaterThanOrEqual(limit * 5_000)
  await guard.idle()
  expect(await bench.spent()).toEqual({ settled: 4 * NANO, held: 0 })
})
