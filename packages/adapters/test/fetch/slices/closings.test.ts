import { describe, expect, it } from "vitest"
import { closingOf } from "../../../src/fetch/slices/closings.ts"
import { Writing } from "../../../src/fetch/slices/writing.ts"
import type { Json } from "../../../src/fetch/usage/read.ts"

const closed = (shape: Parameters<typeof closingOf>[0], events: readonly Json[]) => {
  const closing = closingOf(shape)
  for (const event of events) closing.take(event)
  return closing.end(42).map(({ data }) => data as Json)
}

describe("the end of a stream that is cut", () => {
  it("finishes the choices of a chat that go on, and no other", () => {
    const head = { id: "c", object: "chat.completion.chunk", created: 1, model: "m" }
    const choice = (index: number, finish_reason: string | null) => ({
      ...head,
      choices: [{ index, delta: { content: "a" }, finish_reason }],
      usage: null,
      obfuscation: "x",
    })
    expect(
      closed("openai-chat", [choice(0, null), choice(1, null), choice(2, null), choice(1, "stop")]),
    ).toEqual(
      [0, 2].map((index) => ({
        ...head,
        choices: [{ index, delta: {}, logprobs: null, finish_reason: "length" }],
      })),
    )
  })

  it("closes a call of a tool in a response as it is, and leaves what was done", () => {
    const response = { id: "resp_1", status: "in_progress", output: [], usage: null }
    const done = { id: "msg_1", type: "message", status: "completed", content: [] }
    const call = {
      id: "fc_1",
      type: "function_call",
      name: "find",
      call_id: "call_1",
      arguments: "",
    }
    const events = closed("openai-responses", [
      { type: "response.created", sequence_number: 0, response },
      { type: "response.output_item.added", sequence_number: 1, output_index: 0, item: done },
      { type: "response.output_item.done", sequence_number: 2, output_index: 0, item: done },
      { type: "response.output_item.added", sequence_number: 3, output_index: 1, item: call },
      {
        type: "response.function_call_arguments.delta",
        sequence_number: 4,
        output_index: 1,
        item_id: "fc_1",
        delta: '{"city":"Os',
      },
    ])
    const cut = { ...call, status: "incomplete", arguments: '{"city":"Os' }
    expect(events).toEqual([
      {
        type: "response.function_call_arguments.done",
        item_id: "fc_1",
        output_index: 1,
        arguments: '{"city":"Os',
        sequence_number: 5,
      },
      { type: "response.output_item.done", output_index: 1, item: cut, sequence_number: 6 },
      {
        type: "response.incomplete",
        response: {
          ...response,
          status: "incomplete",
          incomplete_details: { reason: "max_output_tokens" },
          output: [done, cut],
        },
        sequence_number: 7,
      },
    ])
  })

  it("stops the open blocks of a message, and says nothing after its own end", () => {
    const begun = [
      { type: "message_start", message: {} },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_stop", index: 0 },
      { type: "content_block_start", index: 1, content_block: { type: "tool_use", input: {} } },
    ]
    expect(closed("anthropic-messages", begun)).toEqual([
      { type: "content_block_stop", index: 1 },
      {
        type: "message_delta",
        delta: { stop_reason: "max_tokens", stop_sequence: null },
        usage: { output_tokens: 42 },
      },
      { type: "message_stop" },
    ])
    expect(closed("anthropic-messages", [])).toEqual([])
    const ended = [...begun, { type: "message_delta", delta: { stop_reason: "tool_use" } }]
    expect(closed("anthropic-messages", ended)).toEqual([])
  })

  it("finishes the candidates of Gemini that go on, with the last usage", () => {
    const chunk = (index: number, finishReason?: string) => ({
      candidates: [{ index, content: { parts: [{ text: "a" }] }, finishReason }],
      usageMetadata: { candidatesTokenCount: index },
      modelVersion: "m",
    })
    expect(closed("gemini", [chunk(0), chunk(1), chunk(0, "STOP")])).toEqual([
      {
        candidates: [
          {
            content: { role: "model", parts: [{ text: "" }] },
            finishReason: "MAX_TOKENS",
            index: 1,
          },
        ],
        usageMetadata: { candidatesTokenCount: 0 },
        modelVersion: "m",
      },
    ])
    expect(closed("gemini", [chunk(0, "STOP")])).toEqual([])
  })
})

describe("what an event writes", () => {
  const bytes = (text: string): number => new TextEncoder().encode(text).byteLength
  it.each([
    ["openai-chat", { choices: [{ delta: { role: "assistant", content: "" } }] }, 0],
    ["openai-chat", { choices: [{ delta: { content: "☕" } }, { delta: { content: "ab" } }] }, 5],
    ["openai-chat", { choices: [{ delta: {}, finish_reason: "stop" }] }, 0],
    ["openai-chat", { choices: [], usage: { completion_tokens: 9 } }, 0],
    ["openai-responses", { type: "response.output_text.delta", delta: "abc" }, 3],
    ["openai-responses", { type: "response.output_text.done", text: "abc" }, 0],
    ["openai-responses", { type: "response.function_call_arguments.delta", delta: "abc" }, 6],
    ["openai-responses", { type: "response.completed", response: { output: [] } }, 0],
    ["anthropic-messages", { type: "ping" }, 0],
    [
      "anthropic-messages",
      { type: "content_block_delta", delta: { type: "text_delta", text: "abc" } },
      3,
    ],
    ["anthropic-messages", { type: "content_block_delta", delta: { partial_json: "abc" } }, 6],
    ["anthropic-messages", { type: "message_delta", usage: { output_tokens: 9 } }, 0],
    ["gemini", { usageMetadata: { candidatesTokenCount: 9 } }, 0],
  ] as const)("%s %j: %d", (shape, event, tokens) => {
    expect(new Writing(shape, bytes).of(event)).toBe(tokens)
  })

  it("counts what came without deltas, and nothing twice", () => {
    const writing = new Writing("openai-responses", bytes)
    const done = { type: "response.output_item.done", output_index: 0 }
    expect(writing.of({ type: "response.output_text.delta", output_index: 0, delta: "abc" })).toBe(
      3,
    )
    expect(writing.of({ ...done, item: { content: [{ text: "abc" }] } })).toBe(0)
    expect(writing.of({ ...done, output_index: 1, item: { content: [{ text: "abcd" }] } })).toBe(4)
  })
})
