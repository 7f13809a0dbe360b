import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

type Body = Readonly<Record<string, unknown>>

/** The most that the stand-in writes, in tokens; a lower limit of the request is kept to. */
const OUTPUT_TOKENS = 4_000
const TEXT = "Hello from the stand-in."
/** What it writes where a story is asked for: 1,000 words, and as many tokens. */
const STORY = "Once upon a time ".repeat(250)
const textOf = (body: Body): string => (isStory(body) ? STORY : TEXT)
const isStory = (body: Body): boolean => JSON.stringify(body).includes("a long story")

/** A stand-in for OpenAI, Anthropic and Gemini on the loopback: each call reads a token for each four bytes
 * of its body, and writes 4,000. */
export const openProvider = async (): Promise<{ url: string } & AsyncDisposable> => {
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const body = await read(request)
  const path = request.url ?? ""
  const shape = path.includes("/messages") ? anthropic : path.includes(":") ? gemini : chat
  if (body.stream !== true) {
    response.writeHead(200, { "content-type": "application/json" })
    response.end(JSON.stringify(shape.json(body, countsOf(body))))
    return
  }
  response.writeHead(200, { "content-type": "text/event-stream" })
  for (const event of shape.events(body, countsOf(body))) response.write(event)
  response.end()
}

const read = async (request: IncomingMessage): Promise<Body> => {
  let text = ""
  for await (const chunk of request.setEncoding("utf8")) text += chunk as string
  return JSON.parse(text === "" ? "{}" : text) as Body
}

interface Counts {
  readonly input: number
  readonly output: number
}

const countsOf = (body: Body): Counts => {
  const config = (body.generationConfig ?? {}) as Body
  const limits = [body.max_completion_tokens, body.max_tokens, config.maxOutputTokens]
  return {
    input: Math.ceil(JSON.stringify(body).length / 4),
    output: Math.min(
      isStory(body) ? 1_000 : OUTPUT_TOKENS,
      ...limits.filter((limit) => typeof limit === "number"),
    ),
  }
}

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`
const named = (value: { readonly type: string }): string => `event: ${value.type}\n${data(value)}`

const chatUsage = ({ input, output }: Counts) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
})

/** The first tool is called once; what has an answer of a tool is answered in words. */
const choiceOf = ({ tools, messages }: Body) => {
  const [tool] = (tools ?? []) as readonly { readonly function: { readonly name: string } }[]
  const isAnswered = ((messages ?? []) as readonly Body[]).some(({ role }) => role === "tool")
  if (tool === undefined || isAnswered)
    return { index: 0, message: { role: "assistant", content: TEXT }, finish_reason: "stop" }
  const call = { name: tool.function.name, arguments: "{}" }
  const tool_calls = [{ id: "call_1", type: "function", function: call }]
  return {
    index: 0,
    message: { role: "assistant", content: null, tool_calls },
    finish_reason: "tool_calls",
  }
}

const chat = {
  json: ({ model, ...body }: Body, counts: Counts) => ({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model,
    choices: [choiceOf(body)],
    usage: chatUsage(counts),
  }),
  events: (body: Body, counts: Counts) => {
    const { model, stream_options } = body
    const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model }
    const wantsUsage = (stream_options as Body | undefined)?.include_usage === true
    return [
      ...textOf(body)
        .split(/(?<= )/)
        .map((content) =>
          data({ ...head, choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
        ),
      data({ ...head, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
      ...(wantsUsage ? [data({ ...head, choices: [], usage: chatUsage(counts) })] : []),
      "data: [DONE]\n\n",
    ]
  },
}

const anthropic = {
  json: ({ model }: Body, counts: Counts) => ({
    id: "msg_1",
    type: "message",
    role: "assistant",
    model,
    content: [{ type: "text", text: TEXT }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { input_tokens: counts.input, output_tokens: counts.output },
  }),
  events: (body: Body, counts: Counts) => [
    named({
      type: "message_start",
      message: {
        ...anthropic.json(body, { ...counts, output: 1 }),
        content: [],
        stop_reason: null,
      },
    } as { type: string }),
    named({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } } as {
      type: string
    }),
    named({
      type: "content_block_delta",
      index: 0,
      delta: { type: "text_delta", text: TEXT },
    } as { type: string }),
    named({ type: "content_block_stop", index: 0 } as { type: string }),
    named({
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: counts.output },
    } as { type: string }),
    named({ type: "message_stop" }),
  ],
}

const gemini = {
  json: (_: Body, counts: Counts) => ({
    candidates: [{ content: { role: "model", parts: [{ text: TEXT }] }, finishReason: "STOP" }],
    usageMetadata: {
      promptTokenCount: counts.input,
      candidatesTokenCount: counts.output,
      totalTokenCount: counts.input + counts.output,
    },
  }),
  events: (body: Body, counts: Counts) => [data(gemini.json(body, counts))],
}
