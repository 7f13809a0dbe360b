import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { onTestFinished } from "vitest"

/** A request as a stand-in sees it. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What a stand-in answers; `null` never answers, `"cut"` breaks the line. */
export type Reply =
  | {
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
    }
  | "cut"
  | null

/** Listens on the loopback until the test is over. */
export const listen = async (reply: (received: Received) => Reply): Promise<string> => {
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    try {
      const answer = reply({
        method: request.method ?? "",
        path: request.url ?? "",
        headers: Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        ),
        body,
      })
      if (answer === null) return
      if (answer === "cut") request.socket.destroy()
      else response.writeHead(answer.status, { ...answer.headers }).end(answer.body ?? "")
    } catch (error) {
      // A broken contract fails the test, whatever the notifier makes of the answer.
      response.writeHead(400).end()
      throw error
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString("utf8")
}
