/**
 * Spendfuse as a plugin of Fastify 5.
 *
 * @module
 * @example
 * app.register(spendPlugin, { spendfuse, subject: (request) => ({ user: request.user.id }) })
 * app.post("/chat", async (request) => {
 *   const openai = new OpenAI({ fetch: spendOf(request).fetch })
 *   …
 * })
 */
import type { Spendfuse } from "@spendfuse/core"
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from "fastify"
import type { HostOptions } from "./http/options.ts"
import { type Served, serve } from "./http/served.ts"
import { servingOf } from "./http/serving.ts"
import type { Spend } from "./http/spend.ts"

export type { HostOptions, RefusalShape, Reserving } from "./http/options.ts"
export type { Spend } from "./http/spend.ts"

/** What the plugin is registered with. */
export interface SpendPluginOptions extends HostOptions<FastifyRequest> {
  readonly spendfuse: Spendfuse
}

/**
 * Decides each request of the context it is registered in, and of the contexts within, before its handler
 * (`preHandler`, so that the body is read and hooks that authenticate have run), and ends it with its answer.
 * An error that an SDK made of a refusal is answered as that refusal.
 */
export const spendPlugin: FastifyPluginCallback<SpendPluginOptions> = (app, options, done) => {
  const { spendfuse, ...host } = options
  const serving = servingOf<FastifyRequest>(spendfuse, host)
  const failed = new WeakMap<FastifyRequest, unknown>()
  if (!app.hasRequestDecorator(DECORATOR)) app.decorateRequest(DECORATOR, null)
  app.addHook("preHandler", async (request, reply) => {
    if (host.skip?.(request) === true) return
    const served = await serve(serving, request)
    if (served instanceof Response) {
      await answer(reply, served)
      return reply
    }
    request.setDecorator(DECORATOR, served)
    watch(reply, served)
    return undefined
  })
  app.addHook("onError", async (request, _, error) => {
    failed.set(request, error)
  })
  app.addHook("onSend", async (request, reply, payload) => {
    const refusal = refusalOf(request)
    const error = failed.get(request) as { status?: unknown } | null | undefined
    if (refusal === null || error?.status !== refusal.status) return payload
    reply.code(refusal.status)
    reply.removeHeader("content-length")
    for (const [name, value] of refusal.headers) reply.header(name, value)
    return refusal.text()
  })
  done()
}

// The hooks are for the context that registers the plugin, not for one of the plugin's own.
Object.assign(spendPlugin, {
  [Symbol.for("skip-override")]: true,
  [Symbol.for("plugin-meta")]: { name: "@spendfuse/adapters/fastify", fastify: "5.x" },
})

/**
 * What the plugin gave to a request; the same as `request.getDecorator("spend")`.
 *
 * @throws Error where it did not run for this request
 */
export const spendOf = (request: FastifyRequest): Spend => {
  const served = servedOf(request)
  if (served === null)
    throw new Error("no spend plugin ran for this request; register `spendPlugin` in its context")
  return served
}

const DECORATOR = "spend"

const servedOf = (request: FastifyRequest): Served | null =>
  DECORATOR in request ? request.getDecorator<Served | null>(DECORATOR) : null

const refusalOf = (request: FastifyRequest): Response | null => servedOf(request)?.refusal ?? null

const watch = (reply: FastifyReply, served: Served): void => {
  const tell = (headers: Readonly<Record<string, string>>): void => {
    if (!reply.sent && !reply.raw.headersSent) reply.headers(headers)
  }
  tell(served.headers)
  served.onHeaders = tell
  reply.raw.once("finish", () => served.ended(reply.raw.statusCode))
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) served.gone()
  })
}

const answer = async (reply: FastifyReply, response: Response): Promise<void> => {
  reply.code(response.status)
  for (const [name, value] of response.headers) reply.header(name, value)
  reply.send(await response.text())
}
