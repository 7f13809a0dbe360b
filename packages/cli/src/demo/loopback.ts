import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"

export interface Loopback {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string
  readonly close: () => Promise<void>
}

/** Puts a stand-in behind a real server, on this machine alone, at a free port. */
export const loopback = async (upstream: typeof fetch): Promise<Loopback> => {
  const server = createServer((request, response) => {
    bodyOf(request)
      .then((body) => upstream(`http://127.0.0.1${request.url}`, { method: "POST", body }))
      .then(async (answer) => {
        const body = Buffer.from(await answer.arrayBuffer())
        response.writeHead(answer.status, { "content-type": "application/json" }).end(body)
      })
      .catch((error: unknown) => response.destroy(error as Error))
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(0, "127.0.0.1", resolve)
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => closed(server) }
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString("utf8")
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
