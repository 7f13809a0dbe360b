import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { gzipSync } from "node:zlib"

type Body = Record<string, unknown>

export interface StandIn extends AsyncDisposable {
  readonly url: string
  /** Bodies as they arrived, oldest first. */
  readonly seen: Body[]
  /** Streams that have said all and are kept open. */
  readonly lingering: () => number
}

/** A provider on this machine's loopback: answers by what the last user message asks for. */
export const standIn = async (): Promise<StandIn> => {
  const seen: Body[] = []
  let lingering = 0
  let flaky = 0
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      seen.push(body)
      const isTurnedAway = asked(body) === "flaky" && ++flaky % 2 === 1
      answer(request, isTurnedAway ? TURNED_AWAY : body, response, () => {
        lingering += 1
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    lingering: () => lingering,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const read = async (request: IncomingMessage): Promise<Body> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString() || "{}") as Body
}

/** Every second call that asks for something flaky is answered. */
const TURNED_AWAY: Body = { input: "status 503" }

const asked = (body: Body): string => {
  const messages = (body.messages ?? body.input ?? []) as { content: unknown }[] | string
  return typeof messages === "string" ? messages : String(messages.at(-1)?.content ?? "")
}

const answer = (
  request: IncomingMessage,
  body: Body,
  response: ServerResponse,
  onLinger: () => void,
): void => {
  const what = asked(body)
  const path = request.url ?? ""
  if (path.includes("/models/")) {
    gemini(path, body, response)
    return
  }
  const status = /^status (\d+)$/.exec(what)?.[1]
  if (status !== undefined) {
    const error = path.endsWith("/messages")
      ? { type: "error", error: { type: "api_error", message: "as asked" } }
      : { error: { message: "as asked", type: "invalid_request_error", param: null, code: null } }
    response.writeHead(Number(status), {
      "content-type": "application/json",
      // So that an SDK that tries again does not wait.
      "retry-after-ms": "1",
    })
    response.end(JSON.stringify(error))
    return
  }
  if (what === "reset") {
    request.socket.destroy()
    return
  }
  const shape = path.endsWith("/messages")
    ? anthropic
    : path.endsWith("/embeddings")
      ? embeddings
      : path.endsWith("/responses")
        ? responses
        : chat
  if (body.stream === true) {
    stream(response, shape.events(body, what), what, onLinger)
    return
  }
  const text = JSON.stringify(shape.json(body, what))
  if (what === "gzip") {
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" })
    response.end(gzipSync(text))
    return
  }
  response.writeHead(200, { "content-type": "application/json", "x-request-id": "req_1" })
  response.end(what === "malformed" ? text.slice(0, -9) : text)
}

const stream = (
  response: ServerResponse,
  events: readonly string[],
  what: string,
  onLinger: () => void,
): void => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  const cut = what === "cut" || what === "hang" ? events.slice(0, 2) : events
  let at = 0
  const next = (): void => {
    const event = cut[at]
    if (event === undefined) {
      if (what === "linger") onLinger()
      if (what === "hang" || what === "linger") return
      if (what === "cut") response.destroy()
      else response.end()
      return
    }
    at += 1
    const middle = what === "split" ? Math.floor(event.length / 2) : event.length
    response.write(event.slice(0, middle))
    if (middle < event.length) response.write(event.slice(middle))
    setTimeout(next, 1)
  }
  next()
}

const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 }
const tools = [
  { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
]

const chat = {
  json: (body: Body, what: string) => ({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: body.model,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content:
            what === "tools"
              ? null
              : body.response_format === undefined
                ? `you said ${what} ☕`
                : JSON.stringify({ said: what }),
          ...(what === "tools" && { tool_calls: tools }),
        },
        finish_reason: what === "tools" ? "tool_calls" : "stop",
      },
    ],
    usage,
  }),
  events: (body: Body, what: string) => {
    const withUsage = (body.stream_options as Body | undefined)?.include_usage === true
    const head = {
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 1,
      model: body.model,
    }
    const chunk = (delta: unknown, finish_reason: string | null = null) =>
      `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, finish_reason }], ...(withUsage && { usage: null }) })}\n\n`
    return [
      chunk({ role: "assistant", content: "" }),
      ...["you ", "said ", what, " ☕"].map((content) => chunk({ content })),
      ...(what === "tools"
        ? [chunk({ tool_calls: tools.map((tool) => ({ index: 0, ...tool })) })]
        : []),
      ...(what === "garbage" ? ["data: {not json\n\n", ": a comment\n\n"] : []),
      chunk({}, "stop"),
      ...(withUsage ? [`data: ${JSON.stringify({ ...head, choices: [], usage })}\n\n`] : []),
      "data: [DONE]\n\n",
    ].filter((event) => what !== "garbage" || !event.includes("not json"))
  },
}

const responses = {
  json: (body: Body, what: string) => ({
    id: "resp_1",
    object: "response",
    created_at: 1,
    status: "completed",
    model: body.model,
    output: [
      {
        id: "msg_1",
        type: "message",
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text: `you said ${what}`, annotations: [] }],
      },
    ],
    usage: { input_tokens: 20, output_tokens: 5, total_tokens: 25 },
  }),
  events: (body: Body, what: string) => {
    const response = responses.json(body, what)
    const event = (type: string, more: Body) =>
      `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: 0, ...more })}\n\n`
    return [
      event("response.created", { response: { ...response, output: [], usage: null } }),
      event("response.output_text.delta", {
        item_id: "msg_1",
        output_index: 0,
        content_index: 0,
        delta: what,
      }),
      event("response.completed", { response }),
    ]
  },
}

/** Gemini's `generateContent` and both forms of `streamGenerateContent`. */
const gemini = (path: string, _body: Body, response: ServerResponse): void => {
  const chunk = (text: string, candidatesTokenCount: number, finishReason?: string) => ({
    candidates: [{ content: { role: "model", parts: [{ text }] }, finishReason, index: 0 }],
    usageMetadata: { promptTokenCount: 20, candidatesTokenCount },
  })
  const chunks = [chunk("you ", 2), chunk("said ☕", 4), chunk("", 5, "STOP")]
  if (!path.includes(":stream")) {
    response.writeHead(200, { "content-type": "application/json" })
    response.end(JSON.stringify(chunk("you said ☕", 5, "STOP")))
    return
  }
  const isSse = path.includes("alt=sse")
  response.writeHead(200, { "content-type": isSse ? "text/event-stream" : "application/json" })
  const parts = isSse
    ? chunks.map((one) => `data: ${JSON.stringify(one)}\r\n\r\n`)
    : chunks.map((one, at) => `${at === 0 ? "[" : ",\r\n"}${JSON.stringify(one, null, 2)}`)
  for (const part of parts) response.write(part)
  response.end(isSse ? "" : "]")
}

const embeddings = {
  json: (body: Body) => ({
    object: "list",
    model: body.model,
    data: [{ object: "embedding", index: 0, embedding: [0.1, 0.2] }],
    usage: { prompt_tokens: 20, total_tokens: 20 },
  }),
  events: () => [],
}

const anthropic = {
  json: (body: Body, what: string) => ({
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: body.model,
    content:
      what === "tools"
        ? [{ type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Oslo" } }]
        : [{ type: "text", text: `you said ${what} ☕` }],
    stop_reason: what === "tools" ? "tool_use" : "end_turn",
    stop_sequence: null,
    usage: { input_tokens: 20, output_tokens: 5 },
  }),
  events: (body: Body, what: string) => {
    const event = (type: string, more: Body) =>
      `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`
    const message = {
      ...anthropic.json(body, what),
      content: [],
      stop_reason: null,
      usage: { input_tokens: 20, output_tokens: 1 },
    }
    return [
      event("message_start", { message }),
      event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
      ...["you said ", what].map((text) =>
        event("content_block_delta", { index: 0, delta: { type: "text_delta", text } }),
      ),
      event("content_block_stop", { index: 0 }),
      event("message_delta", {
        delta: { stop_reason: "end_turn", stop_sequence: null },
        usage: { output_tokens: 5 },
      }),
      event("message_stop", {}),
    ]
  },
}
