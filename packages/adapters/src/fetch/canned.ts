import {
  CANNED_ID,
  type CannedEvent,
  chatEvents,
  messageEvents,
  responseEvents,
} from "./cannedEvents.ts"
import type { Shape } from "./route.ts"

/** How a call wants its answer: whole, as server-sent events, or as Gemini's array of chunks. */
export type Manner = "json" | "events" | "array"

/** What can be answered with a text. */
export type TextShape = Exclude<Shape, "openai-embeddings">

/** A fallback's canned answer as the provider would give it; nothing is billed. */
export const cannedResponse = (
  shape: TextShape,
  model: string,
  text: string,
  how: { readonly manner: Manner; readonly includesUsage: boolean },
): Response => {
  const body = BODIES[shape](model, text)
  const headers = { "x-spendfuse-fallback": "answer" }
  if (how.manner === "json") return Response.json(body, { headers })
  if (how.manner === "array") return Response.json([body], { headers })
  const events =
    shape === "openai-chat"
      ? chatEvents(model, text, how.includesUsage)
      : shape === "openai-responses"
        ? responseEvents(body)
        : shape === "anthropic-messages"
          ? messageEvents(body, text)
          : [{ data: body }]
  return new Response(events.map(eventText).join(""), {
    headers: { ...headers, "content-type": "text/event-stream" },
  })
}

const eventText = ({ event, data }: CannedEvent): string =>
  `${event === undefined ? "" : `event: ${event}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`

type Json = Readonly<Record<string, unknown>>

const BODIES: Readonly<Record<TextShape, (model: string, text: string) => Json>> = {
  "openai-chat": (model, text) => ({
    id: CANNED_ID,
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
    id: CANNED_ID,
    object: "response",
    created_at: 0,
    status: "completed",
    error: null,
    incomplete_details: null,
    model,
    output: [
      {
        id: CANNED_ID,
        type: "message",
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text, annotations: [] }],
      },
    ],
    usage: { input_tokens: 0, output_tokens: 0, total_tokens: 0 },
  }),
  "anthropic-messages": (model, text) => ({
    id: CANNED_ID,
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
