import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

/** A stand-in for OpenAI's Responses API: 10 tokens in, 20 out; `slow` never ends its answer. */
export const startUpstream = async () => {
  let calls = 0
  let aborted = 0
  const server = createServer((request, response) => {
    calls += 1
    response.once("close", () => {
      if (!response.writableFinished) aborted += 1
    })
    const chunks: Buffer[] = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const { input } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { input: string }
      if (input === "slow") return
      response.writeHead(200, { "content-type": "application/json" })
      response.end(JSON.stringify(ANSWER))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls: () => calls,
    aborted: () => aborted,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const ANSWER = {
  id: "resp_1",
  object: "response",
  created_at: 1,
  status: "completed",
  model: "gpt-5",
  output: [
    {
      id: "msg_1",
      type: "message",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: "hi", annotations: [] }],
    },
  ],
  usage: {
    input_tokens: 10,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 20,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 30,
  },
}
