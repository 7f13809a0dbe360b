import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { StandIn } from "../../../adapters/test/fetch/standIn.ts"

/** A provider whose streams begin, and go on when they are told to. */
export interface HeldUpstream extends StandIn {
  readonly end: () => void
}

const head = { id: "chatcmpl-1", created: 1, model: "gpt-5" }
const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 }
const event = (more: object): string =>
  `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", ...more })}\n\n`
const FIRST = event({ choices: [{ index: 0, delta: { content: "one" }, finish_reason: null }] })
const REST = `${event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}${event({ choices: [], usage })}data: [DONE]\n\n`
const WHOLE = JSON.stringify({
  ...head,
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", content: "one" }, finish_reason: "stop" }],
  usage,
})

export const heldUpstream = async (): Promise<HeldUpstream> => {
  const seen: Record<string, unknown>[] = []
  const held: ServerResponse[] = []
  const server = createServer((request, response) => {
    let text = ""
    request.on("data", (data: Buffer) => {
      text += data.toString()
    })
    request.on("end", () => {
      const body = JSON.parse(text) as Record<string, unknown>
      seen.push(body)
      response.setHeader(
        "content-type",
        body.stream === true ? "text/event-stream" : "application/json",
      )
      if (body.stream !== true) return response.end(WHOLE)
      held.push(response)
      return response.write(FIRST)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    lingering: () => held.length,
    end: () => {
      for (const response of held.splice(0)) response.end(REST)
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
