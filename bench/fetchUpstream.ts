import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { parentPort } from "node:worker_threads"

/** A provider on the loopback, in a thread of its own: `/v1/chat/completions`, by what the model asks for. */
const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 }
const head = { id: "chatcmpl-1", created: 1, model: "gpt-5" }

const json = JSON.stringify({
  ...head,
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
  usage,
})

/** One event of a stream, a token of text, as long as OpenAI's. */
const event = (withUsage: boolean): string =>
  `data: ${JSON.stringify({
    ...head,
    object: "chat.completion.chunk",
    service_tier: "default",
    system_fingerprint: "fp_0123456789",
    choices: [{ index: 0, delta: { content: " hello" }, logprobs: null, finish_reason: null }],
    ...(withUsage && { usage: null }),
    obfuscation: "aB3dE6gH",
  })}\n\n`
const last = `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices: [], usage })}\n\n`

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>
    if (body.stream === true) stream(body, response)
    else setTimeout(() => response.end(json), 1)
    if (body.stream !== true) response.setHeader("content-type", "application/json")
  })
})

/** `user` says how: `flood:n` is n events as fast as they go, `paced:n:f` one each ms, the first after f ms. */
const stream = (body: Record<string, unknown>, response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  const withUsage = (body.stream_options as { include_usage?: unknown })?.include_usage === true
  const one = event(withUsage)
  const end = (): void => void response.end(`${withUsage ? last : ""}data: [DONE]\n\n`)
  const [how, count = "1", firstMs = "1"] = String(body.user).split(":")
  if (how === "flood") flood(response, one, Number(count), end)
  else paced(response, one, Number(count), Number(firstMs), end)
}

const BATCH = 50

const flood = (response: ServerResponse, one: string, count: number, end: () => void): void => {
  const batch = one.repeat(BATCH)
  let left = count
  const fill = (): void => {
    while (left > 0) {
      left -= BATCH
      if (!response.write(batch)) {
        response.once("drain", fill)
        return
      }
    }
    end()
  }
  fill()
}

const paced = (
  response: ServerResponse,
  one: string,
  count: number,
  firstMs: number,
  end: () => void,
): void => {
  let left = count
  const tick = (): void => {
    response.write(one)
    left -= 1
    if (left > 0) setTimeout(tick, 1)
    else end()
  }
  setTimeout(tick, firstMs)
}

server.listen(0, "127.0.0.1", () => {
  parentPort?.postMessage((server.address() as AddressInfo).port)
})
