import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { parentPort } from "node:worker_threads"

/** A stream on the loopback, in a thread of its own: `user` is `count:gap:first`, each event says when it was written. */
const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt-4o" }
const usage = { prompt_tokens: 20, completion_tokens: 300, total_tokens: 320 }
const last = `data: ${JSON.stringify({ ...head, choices: [], usage })}\n\ndata: [DONE]\n\n`

const event = (): string =>
  `data: ${JSON.stringify({
    ...head,
    service_tier: "default",
    system_fingerprint: "fp_0123456789",
    choices: [{ index: 0, delta: { content: " hello" }, logprobs: null, finish_reason: null }],
    usage: null,
    writtenAt: String(process.hrtime.bigint()),
  })}\n\n`

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { user: string }
    const [count = 1, gapMs = 1, firstMs = 1] = body.user.split(":").map(Number)
    paced(response, { count, gapMs, firstMs })
  })
})

interface Pace {
  readonly count: number
  readonly gapMs: number
  readonly firstMs: number
}

const paced = (response: ServerResponse, { count, gapMs, firstMs }: Pace): void => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  response.flushHeaders()
  let left = count
  setTimeout(() => {
    const timer = setInterval(() => {
      response.write(event())
      left -= 1
      if (left > 0) return
      clearInterval(timer)
      response.end(last)
    }, gapMs)
  }, firstMs)
}

server.listen(0, "127.0.0.1", () => {
  parentPort?.postMessage((server.address() as AddressInfo).port)
})
