import { Agent, request as httpRequest } from "node:http"
import type { Side } from "./gatewaySides.ts"

/** Callers that call at the same time, each one call after the other, on connections that stay. */
export interface Callers {
  /** How long so many calls took, milliseconds. */
  readonly run: (side: Side, calls: number) => Promise<number>
  readonly stop: () => void
}

const BODY = JSON.stringify({
  model: "gpt-5",
  messages: [
    { role: "system", content: "You answer in one word, and nothing else. ".repeat(20) },
    { role: "user", content: "hello" },
  ],
  max_completion_tokens: 100,
})

export const callersOf = (count: number): Callers => {
  const agent = new Agent({ keepAlive: true, maxSockets: count })
  return {
    run: async (side, calls) => {
      let left = calls
      const start = performance.now()
      const caller = async (): Promise<void> => {
        while (left > 0) {
          left -= 1
          await called(agent, side)
        }
      }
      await Promise.all(Array.from({ length: count }, caller))
      return performance.now() - start
    },
    stop: () => agent.destroy(),
  }
}

const called = (agent: Agent, { url, headers }: Side): Promise<void> =>
  new Promise((resolve, reject) => {
    const options = {
      method: "POST",
      agent,
      headers: {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(BODY),
        ...headers,
      },
    }
    const sent = httpRequest(`${url}/v1/chat/completions`, options, (response) => {
      let text = ""
      response.on("data", (data: Buffer) => {
        text += data.toString("latin1")
      })
      response.once("end", () => {
        if (response.statusCode === 200 && text.includes("total_tokens")) resolve()
        else reject(new Error(`the bench was answered ${response.statusCode}: ${text}`))
      })
    })
    sent.once("error", reject)
    sent.end(BODY)
  })
