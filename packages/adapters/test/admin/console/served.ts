import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { getRequestListener } from "@hono/node-server"

/** An API behind Node's own server, as a browser reaches it. */
export interface Served extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  /** Every request that came, its method and path. */
  readonly asked: readonly string[]
}

export const serve = async (
  api: (request: Request) => Promise<Response> | Response,
): Promise<Served> => {
  const asked: string[] = []
  const server = createServer(
    getRequestListener((request) => {
      asked.push(`${request.method} ${new URL(request.url).pathname}`)
      return api(request)
    }),
  )
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
