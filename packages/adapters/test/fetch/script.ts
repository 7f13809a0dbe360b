import fc from "fast-check"

/** What a scripted upstream does with one call, and what its caller does with the answer. */
export interface Script {
  readonly shape: keyof typeof WIRE
  readonly stream: boolean
  readonly answer: "refused" | "reset" | "hangs" | 200 | 204 | 302 | 400 | 429 | 500 | 503
  /** Of the body: whole, cut off at a byte, with what does not belong there, without its usage. */
  readonly body: "whole" | "cut" | "garbage" | "error" | "no usage" | "no end"
  readonly cutAt: number
  /** How the body ends. */
  readonly ends: "ends" | "fails" | "hangs"
  readonly newline: "\n" | "\r\n"
  readonly mark: boolean
  readonly sizes: readonly number[]
  readonly caller:
    | "text"
    | "json"
    | "reads"
    | "cancels"
    | "aborts"
    | "clones"
    | "drops"
    | "walks off"
  readonly reads: number
}

const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 }
const tokens = { input_tokens: 20, output_tokens: 5, total_tokens: 25 }
const gemini = { promptTokenCount: 20, candidatesTokenCount: 5, totalTokenCount: 25 }

/** Each shape's path, body, JSON answer and events; the usage is in the last but one of the events. */
export const WIRE = {
  chat: {
    url: "https://api.openai.com/v1/chat/completions",
    body: { model: "gpt-5", messages: [{ role: "user", content: "hello ☕" }] },
    json: { choices: [{ index: 0, message: { content: "☕" } }], usage },
    events: [
      '{"choices":[{"index":0,"delta":{"content":"☕ é"}}],"usage":null}',
      '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}',
      JSON.stringify({ choices: [], usage }),
      "[DONE]",
    ],
    error: '{"error":{"message":"overloaded","type":"server_error"}}',
    nano: 75_000,
  },
  responses: {
    url: "https://api.openai.com/v1/responses",
    body: { model: "gpt-5", input: "hello ☕" },
    json: { object: "response", status: "completed", output: [], usage: tokens },
    events: [
      '{"type":"response.created","response":{"usage":null}}',
      '{"type":"response.output_text.delta","delta":"☕"}',
      JSON.stringify({ type: "response.completed", response: { output: [], usage: tokens } }),
    ],
    error: '{"type":"error","message":"overloaded"}',
    nano: 75_000,
  },
  messages: {
    url: "https://api.anthropic.com/v1/messages",
    body: {
      model: "claude-haiku-4-5",
      max_tokens: 100,
      messages: [{ role: "user", content: "hello ☕" }],
    },
    json: {
      type: "message",
      content: [{ type: "text", text: "☕" }],
      usage: { input_tokens: 20, output_tokens: 5 },
    },
    events: [
      '{"type":"message_start","message":{"usage":{"input_tokens":20,"output_tokens":1}}}',
      '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"☕"}}',
      '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}',
      '{"type":"message_stop"}',
    ],
    error: '{"type":"error","error":{"type":"overloaded_error","message":"overloaded"}}',
    nano: 45_000,
  },
  gemini: {
    url: "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse&key=secret",
    body: { contents: [{ parts: [{ text: "hello ☕" }] }] },
    json: { candidates: [{ content: { parts: [{ text: "☕" }] } }], usageMetadata: gemini },
    events: [
      '{"candidates":[{"content":{"parts":[{"text":"☕"}]}}]}',
      JSON.stringify({ candidates: [{ finishReason: "STOP" }], usageMetadata: gemini }),
    ],
    error: '{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}',
    // gemini-2.5-flash: 20 × 300 + 5 × 2,500 nano-USD.
    nano: 18_500,
  },
} as const

export const scripts: fc.Arbitrary<Script> = fc.record({
  shape: fc.constantFrom("chat", "responses", "messages", "gemini"),
  stream: fc.boolean(),
  answer: fc.oneof(
    { weight: 8, arbitrary: fc.constant<Script["answer"]>(200) },
    {
      weight: 4,
      arbitrary: fc.constantFrom<Script["answer"]>(
        "refused",
        "reset",
        "hangs",
        204,
        302,
        400,
        429,
        500,
        503,
      ),
    },
  ),
  body: fc.constantFrom("whole", "whole", "whole", "cut", "garbage", "error", "no usage", "no end"),
  cutAt: fc.nat(400),
  ends: fc.constantFrom("ends", "ends", "ends", "fails", "hangs"),
  newline: fc.constantFrom("\n", "\r\n"),
  mark: fc.boolean(),
  sizes: fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 6 }),
  caller: fc.constantFrom(
    "text",
    "json",
    "reads",
    "cancels",
    "aborts",
    "clones",
    "drops",
    "walks off",
  ),
  reads: fc.nat(4),
})

/** The bytes of the body, as they go over the wire. */
export const bytesOf = (script: Script): Uint8Array => {
  const { shape, stream, body, cutAt, newline, mark } = script
  const wire = WIRE[shape]
  if (!stream) {
    const { usage: _, usageMetadata: __, ...without } = wire.json as Record<string, unknown>
    const text = JSON.stringify(body === "no usage" ? without : wire.json)
    return cut(body === "garbage" ? `${text}}` : text, script)
  }
  const all: readonly string[] = wire.events
  const at = all.findLastIndex((event) => /"usage(?:Metadata)?":\{/.test(event))
  const events =
    body === "no usage" || body === "error"
      ? [...all.slice(0, at), ...(body === "error" ? [wire.error] : all.slice(at + 1))]
      : body === "garbage"
        ? ["{not json", all[0] ?? "", "null", ...all.slice(1)]
        : body === "no end"
          ? all.slice(0, at + 1)
          : all
  const text = events.map((data) => `data: ${data}${newline}${newline}: ping${newline}`).join("")
  return cut(`${mark ? "\ufeff" : ""}${text}`, { body, cutAt })
}

const cut = (text: string, { body, cutAt }: Pick<Script, "body" | "cutAt">): Uint8Array => {
  const bytes = new TextEncoder().encode(text)
  return body === "cut" ? bytes.subarray(0, cutAt % bytes.length) : bytes
}

/** The answer as a response whose chunks come one by one, and whose signal is that of the request. */
export const responseOf = (script: Script, signal: AbortSignal): Response => {
  const status = script.answer as number
  if (status === 204) return new Response(null, { status })
  const kind = script.stream && status === 200 ? "text/event-stream" : "application/json"
  const bytes = status === 200 ? bytesOf(script) : new TextEncoder().encode('{"error":{}}')
  let from = 0
  let turn = 0
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        signal.addEventListener("abort", () => controller.error(signal.reason), { once: true })
      },
      async pull(controller) {
        await new Promise((resolve) => setImmediate(resolve))
        if (signal.aborted) return
        if (from < bytes.length) {
          const size = script.sizes[turn % script.sizes.length] ?? 1
          turn += 1
          controller.enqueue(bytes.slice(from, from + size))
          from += size
        } else if (script.ends === "ends") controller.close()
        else if (script.ends === "fails") controller.error(new TypeError("terminated"))
        else await new Promise(() => undefined)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { status, headers: { "content-type": kind } })
}
