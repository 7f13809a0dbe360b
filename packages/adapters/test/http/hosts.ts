import type { Server } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { serve } from "@hono/node-server"
import type { Spendfuse, Subject } from "@spendfuse/core"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"
import * as forExpress from "../../src/express.ts"
import * as forFastify from "../../src/fastify.ts"
import type { HostOptions, Spend } from "../../src/hono.ts"
import * as forHono from "../../src/hono.ts"

/** It has no types of its own. */
const expressPrevious = createRequire(import.meta.url)("express-previous") as typeof express

/** What a test's handler answers; `hangs` never does. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}
export type Handler = (spend: Spend) => Promise<Answer>

/** An app with one guarded route for every path, and `/free`, which is skipped. */
export interface App {
  readonly spendfuse: Spendfuse
  readonly handler: Handler
  readonly options: Pick<
    HostOptions<unknown>,
    "rateLimit" | "readsRemaining" | "graceMs" | "onRefused" | "shape"
  > & {
    readonly reserve?: (body: unknown) => ReturnType<NonNullable<HostOptions<unknown>["reserve"]>>
  }
}

export interface Running {
  readonly url: string
  readonly stop: () => Promise<void>
}

type Headers = (name: string) => string | undefined

const subjectFrom = (header: Headers): Subject => {
  const key = header("x-key")
  return key === undefined ? {} : { apiKey: key }
}

const onExpress =
  (make: typeof express) =>
  async ({ spendfuse, handler, options }: App) => {
    const { reserve, ...rest } = options
    const app = make()
    app.use(
      forExpress.spendMiddleware(spendfuse, {
        ...rest,
        subject: (req) => subjectFrom((name) => req.get(name)),
        skip: (req) => req.path === "/free",
        ...(reserve && { reserve }),
      }),
    )
    app.use((req, res, next) => {
      if (req.path === "/free") return void res.json({ free: true })
      handler(forExpress.spendOf(req)).then(
        ({ status, body }) => res.status(status).json(body),
        next,
      )
    })
    app.use(forExpress.refusalHandler())
    app.use(((error, _req, res, _next) => {
      res.status(500).json({ failed: (error as Error).name })
    }) satisfies express.ErrorRequestHandler)
    return new Promise<Running>((resolve) => {
      const server: Server = app.listen(0, "127.0.0.1", () => resolve(runningOf(server)))
    })
  }

const onFastify = async ({ spendfuse, handler, options }: App): Promise<Running> => {
  const { reserve, ...rest } = options
  const app = fastify({ forceCloseConnections: true })
  app.register(forFastify.spendPlugin, {
    ...rest,
    spendfuse,
    subject: (request) => subjectFrom((name) => request.headers[name] as string | undefined),
    skip: (request) => request.url === "/free",
    ...(reserve && { reserve: (request) => reserve(request.body) }),
  })
  app.post("/free", async () => ({ free: true }))
  app.post("/*", async (request, reply) => {
    const { status, body } = await handler(forFastify.spendOf(request))
    return reply.code(status).send(body)
  })
  const url = await app.listen({ port: 0, host: "127.0.0.1" })
  return { url, stop: () => app.close() }
}

const onHono = async ({ spendfuse, handler, options }: App): Promise<Running> => {
  const { reserve, ...rest } = options
  const app = new Hono<forHono.SpendEnv>()
  app.use(
    forHono.spendMiddleware(spendfuse, {
      ...rest,
      subject: (c) => subjectFrom((name) => c.req.header(name)),
      skip: (c) => c.req.path === "/free",
      ...(reserve && { reserve }),
    }),
  )
  app.onError((error, c) => c.json({ failed: error.name }, 500))
  app.post("/free", (c) => c.json({ free: true }))
  app.post("/*", async (c) => {
    const { status, body } = await handler(c.var.spend)
    return c.json(body as object, status as 200)
  })
  return new Promise<Running>((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () =>
      resolve(runningOf(server as Server)),
    )
  })
}

const runningOf = (server: Server): Running => ({
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  stop: () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
})

/** The same app on each host. */
export const HOSTS: Readonly<Record<string, (app: App) => Promise<Running>>> = {
  "Express 5": onExpress(express),
  "Express 4": onExpress(expressPrevious),
  "Fastify 5": onFastify,
  "Hono 4": onHono,
}
