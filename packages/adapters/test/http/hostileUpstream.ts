import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import { chatAnswer } from "../fetch/harness.ts"

const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 }
const chunk = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`
const end = `data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`

export const JSON_TEXT: string = JSON.stringify(chatAnswer)
export const STREAM_TEXT: string = `${chunk("snow ☃")}${chunk("and more 𝄞")}${end}`
const MEGABYTE = 1_048_576
export const BIG_BYTES: number = 100 * MEGABYTE

/** What the upstream does with a call that names it. */
export const ANSWERS: Readonly<Record<string, (response: ServerResponse) => Promise<void> | void>> =
  {
    plain: (response) => json(response, {}, JSON_TEXT),
    silent: () => undefined,
    "cut json": (response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": 9_999 })
      response.write(JSON_TEXT.slice(0, -9), () => response.destroy())
    },
    "cut event": (response) => {
      const at = STREAM_TEXT.indexOf('"usage"') + 20
      events(response).write(STREAM_TEXT.slice(0, at), () => response.destroy())
    },
    hang: (response) => void events(response).write(chunk("hi")),
    gzip: (response) => json(response, { "content-encoding": "gzip" }, gzipSync(JSON_TEXT)),
    br: (response) => json(response, { "content-encoding": "br" }, brotliCompressSync(JSON_TEXT)),
    deflate: (response) =>
      json(response, { "content-encoding": "deflate" }, deflateSync(JSON_TEXT)),
    "gzip stream": (response) => {
      events(response, { "content-encoding": "gzip" }).end(gzipSync(STREAM_TEXT))
    },
    "broken gzip": (response) =>
      json(response, { "content-encoding": "gzip" }, gzipSync(JSON_TEXT).subarray(0, 60)),
    "one byte per chunk": (response) => byteByByte(events(response), STREAM_TEXT, 0),
    "slow loris": (response) => byteByByte(events(response), end, 2),
    "lines of CR LF": (response) =>
      byteByByte(events(response), STREAM_TEXT.replaceAll("\n", "\r\n"), 0),
    "lines of CR": (response) =>
      byteByByte(events(response), STREAM_TEXT.replaceAll("\n", "\r"), 0),
    "huge event": (response) => {
      events(response).write(chunk("x".repeat(5 * MEGABYTE)))
      response.end(end)
    },
    trailers: (response) => {
      events(response, { trailer: "x-sum" }).write(STREAM_TEXT)
      response.addTrailers({ "x-sum": "1" })
      response.end()
    },
    "100 MB": async (response) => {
      events(response)
      const event = chunk("x".repeat(MEGABYTE - chunk("").length))
      for (let sent = 0; sent < BIG_BYTES; sent += MEGABYTE)
        if (!response.write(event))
          await new Promise<void>((resolve) => response.once("drain", resolve))
      response.end(end)
    },
  }

const json = (response: ServerResponse, headers: object, body: string | Uint8Array): void => {
  response.writeHead(200, { "content-type": "application/json", ...headers })
  response.end(body)
}

const events = (response: ServerResponse, headers: object = {}): ServerResponse =>
  response.writeHead(200, { "content-type": "text/event-stream", ...headers })

const byteByByte = async (response: ServerResponse, text: string, gapMs: number): Promise<void> => {
  response.socket?.setNoDelay(true)
  for (const byte of Buffer.from(text)) {
    response.write(Buffer.of(byte))
    if (gapMs > 0) await sleep(gapMs)
    else await new Promise<void>((resolve) => setImmediate(resolve))
  }
  response.end()
}

/** An upstream on a real socket; counts its calls and the connections that they came by. */
export const startHostile = async () => {
  let calls = 0
  let connections = 0
  const server = createServer((request, response) => {
    calls += 1
    const answer = ANSWERS[String(request.headers["x-answer"])] ?? ANSWERS.plain
    request.resume().on("end", () => void answer?.(response))
  })
  server.on("connection", () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: () => calls,
    connections: () => connections,
    open: () =>
      new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count))),
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
