import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

type Body = Record<string, unknown>

/** What became of one long answer. */
export interface Told {
  readonly body: Body
  /** Words that were written, and whether all were, or the connection was closed before. */
  written: number
  ending: "running" | "finished" | "aborted"
}

export interface LongStandIn extends AsyncDisposable {
  readonly url: string
  readonly told: Told[]
}

/** The word of an event: nine bytes, so at most nine tokens. */
export const wordOf = (at: number): string => `w${String(at).padStart(6, "0")} `
/** The whole text of so many. */
export const textOf = (count: number): string =>
  Array.from({ length: count }, (_, at) => wordOf(at)).join("")

/** A provider on the loopback that says `count` words, one each millisecond, in the form of the route that is asked. */
export const longStandIn = async (count: number): Promise<LongStandIn> => {
  const told: Told[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Body
      const one: Told = { body, written: 0, ending: "running" }
      told.push(one)
      say(response, one, formOf(request.url ?? "", body, count))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A stream: what comes before the words, one event for each, what comes after. */
interface Form {
  readonly count: number
  readonly first: readonly string[]
  readonly word: (at: number) => string
  readonly last: readonly string[]
}

const say = (response: ServerResponse, told: Told, form: Form): void => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  for (const event of form.first) response.write(event)
  response.on("close", () => {
    if (told.ending === "running") told.ending = "aborted"
  })
  const next = (): void => {
    if (told.ending !== "running") return
    if (told.written < form.count) {
      response.write(form.word(told.written))
      told.written += 1
      setTimeout(next, 1)
      return
    }
    told.ending = "finished"
    response.end(form.last.join(""))
  }
  next()
}

const event = (type: string, more: Body): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`

const formOf = (path: string, body: Body, count: number): Form => {
  if (path.includes("/models/")) return gemini(count)
  if (path.endsWith("/messages")) return anthropic(body, count)
  return path.endsWith("/responses") ? responses(body, count) : chat(body, count)
}

/** Four words in ten bytes are some two tokens each; the bound of bytes is nine. */
const USED = 2

const chat = (body: Body, count: number): Form => {
  const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: body.model }
  const chunk = (delta: unknown, finish_reason: string | null = null): string =>
    `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, finish_reason }], usage: null })}\n\n`
  const usage = {
    prompt_tokens: 20,
    completion_tokens: USED * count,
    total_tokens: 20 + USED * count,
  }
  return {
    count,
    first: [chunk({ role: "assistant", content: "" })],
    word: (at) => chunk({ content: wordOf(at) }),
    last: [
      chunk({}, "stop"),
      `data: ${JSON.stringify({ ...head, choices: [], usage })}\n\n`,
      "data: [DONE]\n\n",
    ],
  }
}

const responses = (body: Body, count: number): Form => {
  const base = { id: "resp_1", object: "response", created_at: 1, model: body.model }
  const begun = { ...base, status: "in_progress", output: [], usage: null }
  const item = { id: "msg_1", type: "message", role: "assistant" }
  const at = { item_id: "msg_1", output_index: 0, content_index: 0 }
  const part = { type: "output_text", text: "", annotations: [] }
  const usage = { input_tokens: 20, output_tokens: USED * count, total_tokens: 20 + USED * count }
  const text = textOf(count)
  const whole = { ...item, status: "completed", content: [{ ...part, text }] }
  return {
    count,
    first: [
      event("response.created", { sequence_number: 0, response: begun }),
      event("response.output_item.added", {
        sequence_number: 1,
        output_index: 0,
        item: { ...item, status: "in_progress", content: [] },
      }),
      event("response.content_part.added", { sequence_number: 2, ...at, part }),
    ],
    word: (n) =>
      event("response.output_text.delta", {
        sequence_number: 3 + n,
        ...at,
        delta: wordOf(n),
        logprobs: [],
      }),
    last: [
      event("response.output_text.done", { sequence_number: 3 + count, ...at, text, logprobs: [] }),
      event("response.output_item.done", {
        sequence_number: 4 + count,
        output_index: 0,
        item: whole,
      }),
      event("response.completed", {
        sequence_number: 5 + count,
        response: { ...base, status: "completed", output: [whole], usage },
      }),
    ],
  }
}

const anthropic = (body: Body, count: number): Form => ({
  count,
  first: [
    event("message_start", {
      message: {
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: body.model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 20, output_tokens: 1 },
      },
    }),
    event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
  ],
  word: (at) =>
    event("content_block_delta", { index: 0, delta: { type: "text_delta", text: wordOf(at) } }),
  last: [
    event("content_block_stop", { index: 0 }),
    event("message_delta", {
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: USED * count },
    }),
    event("message_stop", {}),
  ],
})

const gemini = (count: number): Form => {
  const chunk = (text: string, candidatesTokenCount: number, finishReason?: string): string =>
    `data: ${JSON.stringify({
      candidates: [{ content: { role: "model", parts: [{ text }] }, finishReason, index: 0 }],
      usageMetadata: { promptTokenCount: 20, candidatesTokenCount },
      modelVersion: "gemini-2.0-flash",
    })}\r\n\r\n`
  return {
    count,
    first: [],
    word: (at) => chunk(wordOf(at), USED * (at + 1)),
    last: [chunk("", USED * count, "STOP")],
  }
}
