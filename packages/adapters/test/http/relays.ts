import type { Server } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { serve } from "@hono/node-server"
import type { Spendfuse } from "@spendfuse/core"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"
import * as forExpress from "../../src/express.ts"
import * as forFastify from "../../src/fastify.ts"
import * as forHono from "../../src/hono.ts"
import type { Running } from "./hosts.ts"

/** What a handler needs of its host, with the guard or without. */
export interface Relayed {
  readonly fetch: typeof fetch
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal
  readonly request: Request
}
export type Relay = (relayed: Relayed) => Promise<Response>

/** Null: the same host, and nothing of Spendfuse in it. */
type Guard = Spendfuse | null
type StartRelay = (guard: Guard, relay: Relay) => Promise<Running>

/** Who pays is the value of this header. */
export const KEY = "x-key"
const GRACE_MS = 20

/** It has no types of its own. */
const expressPrevious = createRequire(import.meta.url)("express-previous") as typeof express

const onExpress =
  (make: typeof express): StartRelay =>
  async (guard, relay) => {
    const app = make()
    if (guard !== null)
      app.use(
        forExpress.spendMiddleware(guard, {
          subject: (req) => ({ apiKey: req.get(KEY) ?? "none" }),
          graceMs: GRACE_MS,
        }),
      )
    app.use((req, res, next) => {
      const gone = new AbortController()
      res.once("close", () => gone.abort())
      const { fetch: fetcher, signal } =
        guard === null ? { fetch, signal: gone.signal } : forExpress.spendOf(req)
      const run = async (): Promise<void> => {
        const request = await requestOf(req.method, req.url, req.headers, Readable.toWeb(req))
        await write(res, await relay({ fetch: fetcher, signal, request }))
      }
      run().catch(next)
    })
    if (guard !== null) app.use(forExpress.refusalHandler())
    app.use(((error, _req, res, _next) => {
      if (res.headersSent) return void res.destroy()
      res.status(500).json(failed(error))
    }) satisfies express.ErrorRequestHandler)
    return new Promise<Running>((resolve) => {
      const server: Server = app.listen(0, "127.0.0.1", () => resolve(runningOf(server)))
    })
  }

const write = async (res: express.Response, answer: Response): Promise<void> => {
  res.status(answer.status)
  for (const [name, value] of answer.headers) res.setHeader(name, value)
  if (answer.body === null) return void res.end()
  await pipeline(Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]), res)
}

const onFastify: StartRelay = async (guard, relay) => {
  const app = fastify({ forceCloseConnections: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body))
  if (guard !== null)
    app.register(forFastify.spendPlugin, {
      spendfuse: guard,
      subject: (request) => ({ apiKey: String(request.headers[KEY] ?? "none") }),
      graceMs: GRACE_MS,
    })
  app.setErrorHandler((error, _request, reply) => reply.code(500).send(failed(error)))
  app.route({
    method: ["GET", "POST"],
    url: "/*",
    handler: async (incoming, reply) => {
      const gone = new AbortController()
      reply.raw.once("close", () => gone.abort())
      const { fetch: fetcher, signal } =
        guard === null ? { fetch, signal: gone.signal } : forFastify.spendOf(incoming)
      const { method, url, headers, body } = incoming
      const request = await requestOf(method, url, headers, (body as Buffer | undefined) ?? null)
      return reply.send(await relay({ fetch: fetcher, signal, request }))
    },
  })
  const url = await app.listen({ port: 0, host: "127.0.0.1" })
  return { url, stop: () => app.close() }
}

const onHono: StartRelay = async (guard, relay) => {
  const app = new Hono<forHono.SpendEnv>()
  if (guard !== null)
    app.use(
      forHono.spendMiddleware(guard, {
        subject: (c) => ({ apiKey: c.req.header(KEY) ?? "none" }),
        graceMs: GRACE_MS,
      }),
    )
  app.onError((error, c) => c.json(failed(error), 500))
  app.all("/*", async (c) => {
    const { fetch: fetcher, signal } =
      guard === null ? { fetch, signal: c.req.raw.signal } : c.var.spend
    return relay({ fetch: fetcher, signal, request: c.req.raw })
  })
  return new Promise<Running>((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () =>
      resolve(runningOf(server as Server)),
    )
  })
}

const requestOf = async (
  method: string,
  url: string,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: unknown,
): Promise<Request> => {
  const sent = method === "GET" ? null : await new Response(body as BodyInit).arrayBuffer()
  const told = Object.entries(headers).map(([name, value]): [string, string] => [
    name,
    String(value),
  ])
  return new Request(new URL(url, "http://host"), {
    method,
    headers: told,
    body: sent,
  })
}

const failed = (error: unknown): object => {
  const { name, message, status } = error as { name: string; message: string; status?: number }
  return { error: { message: `${name}: ${message}`, type: "host_failed", code: status ?? null } }
}

const runningOf = (server: Server): Running => ({
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  stop: () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
})

/** A plain proxy: the same request to the upstream, and its answer back. */
export const proxyTo =
  (upstream: string): Relay =>
  async ({ fetch: fetcher, signal, request }) => {
    const { pathname, search } = new URL(request.url)
    const answer = await fetcher(`${upstream}${pathname}${search}`, {
      method: request.method,
      headers: kept(request.headers, OF_REQUEST),
      body: request.method === "GET" ? null : await request.arrayBuffer(),
      signal,
    })
    const { status, headers, body } = answer
    return new Response(body, { status, headers: kept(headers, OF_ANSWER) })
  }

/** Of one connection only, or what `fetch` has undone. */
const OF_REQUEST = ["host", "connection", "content-length", "transfer-encoding", "expect"]
const OF_ANSWER = ["connection", "keep-alive", "content-length", "transfer-encoding"]
OF_ANSWER.push("content-encoding")

const kept = (headers: Headers, without: readonly string[]): Headers => {
  const copy = new Headers(headers)
  for (const name of without) copy.delete(name)
  return copy
}

/** The same app on each host. */
export const RELAYS: Readonly<Record<string, StartRelay>> = {
  "Express 5": onExpress(express),
  "Express 4": onExpress(expressPrevious),
  "Fastify 5": onFastify,
  "Hono 4": onHono,
}
