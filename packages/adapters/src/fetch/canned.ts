import type { Shape } from "./route.ts"

/** A fallback's canned answer as the provider would give it, in JSON or as a stream; nothing is billed. */
export const cannedResponse = (
  shape: Shape,
  model: string,
  text: string,
  stream: boolean,
): Response => {
  const body = BODIES[shape](model, text)
  const headers = { "x-spendfuse-fallback": "answer" }
  if (!stream) return Response.json(body, { headers })
  const events = STREAMS[shape](model, text, body)
  return new Response(events.join(""), {
    headers: { ...headers, "content-type": "text/event-stream" },
  })
}

const ID = "spendfuse-answer"

const BODIES: Readonly<Record<Shape, (model: string, text: string) => unknown>> = {
  "openai-chat": (model, text) => ({
    id: ID,
    object: "chat.completion",
    created: 0,
    model,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: text, refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
  }),
  "openai-responses": (model, text) => ({
    id: ID,
    object: "response",
    created_at: 0,
    status: "completed",
    error: null,
    incomplete_details: null,
    model,
    output: [
      {
        id: ID,
        type: "message",
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text, annotations: [] }],
      },
    ],
    usage: { input_tokens: 0, output_tokens: 0, total_tokens: 0 },
  }),
  "openai-embeddings": (model) => ({
    object: "list",
    data: [],
    model,
    usage: { prompt_tokens: 0, total_tokens: 0 },
  }),
  "anthropic-messages": (model, text) => ({
    id: ID,
    type: "message",
    role: "assistant",
    model,
    content: [{ type: "text", text }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { input_tokens: 0, output_tokens: 0 },
  }),
  gemini: (model, text) => ({
    candidates: [{ content: { role: "model", parts: [{ text }] }, finishReason: "STOP", index: 0 }],
    usageMetadata: { promptTokenCount: 0, candidatesTokenCount: 0, totalTokenCount: 0 },
    modelVersion: model,
  }),
}

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`
const named = (value: { type: string }): string => `event: ${value.type}\n${data(value)}`

const STREAMS: Readonly<
  Record<Shape, (model: string, text: string, body: unknown) => readonly string[]>
> = {
  "openai-chat": (model, text) => {
    const head = { id: ID, object: "chat.completion.chunk", created: 0, model }
    const chunk = (delta: unknown, finish_reason: string | null) =>
      data({ ...head, choices: [{ index: 0, delta, finish_reason }] })
    return [
      chunk({ role: "assistant", content: text }, null),
      chunk({}, "stop"),
      "data: [DONE]\n\n",
    ]
  },
  "openai-responses": (_, text, body) => [
    named({ type: "response.created", response: body } as { type: string }),
    named({
      type: "response.output_text.delta",
      item_id: ID,
      output_index: 0,
      content_index: 0,
      delta: text,
    } as { type: string }),
    named({ type: "response.completed", response: body } as { type: string }),
  ],
  "openai-embeddings": (_, __, body) => [data(body)],
  "anthropic-messages": (_, text, body) => [
    named({
      type: "message_start",
      message: { ...(body as object), content: [], stop_reason: null },
    } as { type: string }),
    named({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } } as {
      type: string
    }),
    named({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } } as {
      type: string
    }),
    named({ type: "content_block_stop", index: 0 } as { type: string }),
    named({
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: 0 },
    } as { type: string }),
    named({ type: "message_stop" }),
  ],
  gemini: (_, __, body) => [data(body)],
}
