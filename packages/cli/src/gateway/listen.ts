import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { serve } from "@hono/node-server"
import { CliError } from "../io.ts"
import type { ListenConfig } from "./config.ts"

/** A server that accepts connections. */
export interface Listening {
  readonly url: string
  /** Accepts no more, and resolves when the last connection is closed. */
  readonly stop: () => Promise<void>
  /** Closes those that are left. */
  readonly cut: () => void
}

/** How long a client may take for its request, milliseconds. */
export interface Patience {
  readonly headMs: number
  readonly bodyMs: number
}

/** Serves a function on a port. @throws CliError where the port cannot be had */
export const listen = (
  fetch: (request: Request) => Response | Promise<Response>,
  { host = "127.0.0.1", port = 0 }: ListenConfig,
  { headMs, bodyMs }: Patience,
): Promise<Listening> =>
  new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch,
        hostname: host,
        port,
        serverOptions: {
          headersTimeout: Math.min(headMs, bodyMs),
          requestTimeout: bodyMs,
          connectionsCheckingInterval: Math.min(1_000, headMs),
          keepAliveTimeout: 65_000,
        },
      },
      ({ port: taken }: AddressInfo) =>
        resolve(listeningOf(server, `http://${host.includes(":") ? `[${host}]` : host}:${taken}`)),
    ) as Server
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new CliError(`cannot listen on ${host}:${port}: ${error.code}; give another port`)),
    )
  })

/** Connections that become idle while it stops are closed as soon as they do. */
const IDLE_MS = 50

const listeningOf = (server: Server, url: string): Listening => ({
  url,
  stop: () =>
    new Promise((resolve) => {
      const timer = setInterval(() => server.closeIdleConnections(), IDLE_MS)
      server.close(() => {
        clearInterval(timer)
        resolve()
      })
      server.closeIdleConnections()
    }),
  cut: () => server.closeAllConnections(),
})
