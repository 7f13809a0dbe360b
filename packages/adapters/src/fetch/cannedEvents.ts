/** One server-sent event; a text is its data as it is. */
export interface CannedEvent {
  readonly event?: string
  readonly data: unknown
}

/** Of every canned answer: its id. */
export const CANNED_ID = "spendfuse-answer"

type Json = Readonly<Record<string, unknown>>

/** A chat completion as chunks, up to `[DONE]`. */
export const chatEvents = (
  model: string,
  text: string,
  includesUsage: boolean,
): readonly CannedEvent[] => {
  const head = { id: CANNED_ID, object: "chat.completion.chunk", created: 0, model }
  const chunk = (delta: Json, finish_reason: string | null): CannedEvent => ({
    data: { ...head, choices: [{ index: 0, delta, finish_reason }] },
  })
  const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
  return [
    chunk({ role: "assistant", content: text }, null),
    chunk({}, "stop"),
    ...(includesUsage ? [{ data: { ...head, choices: [], usage } }] : []),
    { data: "[DONE]" },
  ]
}

/** A response as its events, each part added, filled and done, as the accumulators of the SDKs ask. */
export const responseEvents = (body: Json): readonly CannedEvent[] => {
  const [item] = body.output as readonly Json[]
  const [part] = (item?.content ?? []) as readonly Json[]
  const at = { item_id: CANNED_ID, output_index: 0, content_index: 0 }
  const begun = { ...body, status: "in_progress", output: [], usage: null }
  const events: readonly (Json & { type: string })[] = [
    { type: "response.created", response: begun },
    {
      type: "response.output_item.added",
      output_index: 0,
      item: { ...item, status: "in_progress", content: [] },
    },
    { type: "response.content_part.added", ...at, part: { ...part, text: "" } },
    { type: "response.output_text.delta", ...at, delta: part?.text, logprobs: [] },
    { type: "response.output_text.done", ...at, text: part?.text, logprobs: [] },
    { type: "response.content_part.done", ...at, part },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.completed", response: body },
  ]
  return events.map((event, sequence_number) => ({
    event: event.type,
    data: { ...event, sequence_number },
  }))
}

/** A message as Anthropic's events. */
export const messageEvents = (body: Json, text: string): readonly CannedEvent[] => {
  const events: readonly (Json & { type: string })[] = [
    { type: "message_start", message: { ...body, content: [], stop_reason: null } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } },
    { type: "content_block_stop", index: 0 },
    {
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: 0 },
    },
    { type: "message_stop" },
  ]
  return events.map((event) => ({ event: event.type, data: event }))
}
