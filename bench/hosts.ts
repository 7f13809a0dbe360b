import { Agent, createServer, request as httpRequest, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { serve } from "@hono/node-server"
import * as forExpress from "@spendfuse/adapters/express"
import * as forFastify from "@spendfuse/adapters/fastify"
import * as forHono from "@spendfuse/adapters/hono"
import { createSpendfuse, type Spendfuse } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"
import { fivePolicy } from "./core.ts"
import { median, type Ratio } from "./rounds.ts"

const ROUNDS = 31
const CALLS = 24
/** Rounds that do not count: until both sides are compiled. */
const WARM_UP = 40
const UPSTREAM_MS = 1

/**
 * A request with the middleware over the bare host's: each holds for five budgets before its handler and settles
 * after it, and the handler waits a millisecond for an upstream. The two take turns call by call.
 */
export const hostRatios = async (): Promise<readonly Ratio[]> => {
  const spendfuse = createSpendfuse({
    policy: fivePolicy,
    store: memoryStore(),
    onNotice: () => undefined,
  })
  const ratios: Ratio[] = []
  for (const [name, open] of Object.entries(HOSTS)) {
    const guarded = await open(spendfuse)
    const bare = await open(null)
    ratios.push(await ratioOf(name, guarded, bare))
    await guarded.stop()
    await bare.stop()
  }
  await spendfuse.close()
  return ratios
}

interface Running {
  readonly port: number
  readonly stop: () => Promise<unknown>
}

const subject = { apiKey: "k1", session: "s1", user: "u1", org: "o1" }
const guard = {
  subject: () => subject,
  reserve: () => ({ amounts: { usd: 500, requests: 1 } }),
}
const settlement = { amounts: { usd: 100, requests: 1 } }
const upstream = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, UPSTREAM_MS))

const HOSTS: Readonly<Record<string, (spendfuse: Spendfuse | null) => Promise<Running>>> = {
  express: async (spendfuse) => {
    const app = express()
    if (spendfuse !== null) app.use(forExpress.spendMiddleware(spendfuse, guard))
    app.get("/", async (req, res) => {
      await upstream()
      if (spendfuse !== null) await forExpress.spendOf(req).settle(settlement)
      res.json({ ok: true })
    })
    return listening(createServer(app))
  },
  fastify: async (spendfuse) => {
    const app = fastify({ forceCloseConnections: true })
    if (spendfuse !== null) app.register(forFastify.spendPlugin, { spendfuse, ...guard })
    app.get("/", async (request) => {
      await upstream()
      if (spendfuse !== null) await forFastify.spendOf(request).settle(settlement)
      return { ok: true }
    })
    await app.listen({ port: 0, host: "127.0.0.1" })
    return { port: (app.server.address() as AddressInfo).port, stop: () => app.close() }
  },
  hono: async (spendfuse) => {
    const app = new Hono<forHono.SpendEnv>()
    if (spendfuse !== null) app.use(forHono.spendMiddleware(spendfuse, guard))
    app.get("/", async (c) => {
      await upstream()
      if (spendfuse !== null) await c.var.spend.settle(settlement)
      return c.json({ ok: true })
    })
    return new Promise((resolve) => {
      const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () =>
        resolve(runningOf(server as Server)),
      )
    })
  },
}

const listening = (server: Server): Promise<Running> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(runningOf(server)))
  })

const runningOf = (server: Server): Running => ({
  port: (server.address() as AddressInfo).port,
  stop: () =>
    new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    }),
})

/** Of each round the median request of either side; of all rounds the median ratio. */
const ratioOf = async (name: string, guarded: Running, bare: Running): Promise<Ratio> => {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 })
  const ratios: number[] = []
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const ours: number[] = []
    const theirs: number[] = []
    for (let call = 0; call < CALLS; call += 1) {
      const first = (round + call) % 2 === 0
      const one = await timed(first ? guarded : bare, agent)
      const other = await timed(first ? bare : guarded, agent)
      ours.push(first ? one : other)
      theirs.push(first ? other : one)
    }
    if (round >= 0) ratios.push(middle(ours) / middle(theirs))
  }
  agent.destroy()
  return median({ name, goal: 1.05, better: "lower" }, ratios)
}

const timed = ({ port }: Running, agent: Agent): Promise<number> => {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: "127.0.0.1", port, agent, path: "/" }, (response) => {
      response.resume()
      response.once("end", () => {
        if (response.statusCode === 200) resolve(performance.now() - start)
        else reject(new Error(`the bench was answered ${response.statusCode}`))
      })
    })
    sent.once("error", reject)
    sent.end()
  })
}

const middle = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
