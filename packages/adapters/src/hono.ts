/**
 * Spendfuse as a middleware of Hono 4.
 *
 * @module
 * @example
 * const app = new Hono<SpendEnv>()
 * app.use("/chat", spendMiddleware(spendfuse, { subject: (c) => ({ user: c.get("user") }) }))
 * app.post("/chat", (c) => answerWith(new OpenAI({ fetch: c.var.spend.fetch })))
 */
import type { Spendfuse } from "@spendfuse/core"
import type { Context, MiddlewareHandler } from "hono"
import type { HostOptions } from "./http/options.ts"
import { type Served, serve } from "./http/served.ts"
import { servingOf } from "./http/serving.ts"
import type { Spend } from "./http/spend.ts"

export type { HostOptions, RefusalShape, Reserving } from "./http/options.ts"
export type { Spend } from "./http/spend.ts"

/** What the middleware gives to an app's context: `c.var.spend`. */
export interface SpendEnv {
  Variables: { spend: Spend }
}

/**
 * Decides each request before its handler, gives it `c.var.spend`, and ends it with its answer: a stream when its
 * last byte was read, or when its client has gone. An error that an SDK made of a refusal is answered as
 * that refusal.
 */
export const spendMiddleware = (
  spendfuse: Spendfuse,
  options: HostOptions<Context>,
): MiddlewareHandler<SpendEnv> => {
  const serving = servingOf(spendfuse, options)
  return async (c, next) => {
    if (options.skip?.(c) === true) return next()
    const served = await serve(serving, c)
    if (served instanceof Response) return served
    c.set("spend", served)
    for (const [name, value] of Object.entries(served.headers)) c.header(name, value)
    served.onHeaders = (headers) => {
      for (const [name, value] of Object.entries(headers)) c.header(name, value)
    }
    served.onSignal = () => {
      const { signal } = c.req.raw
      if (signal.aborted) served.gone()
      else signal.addEventListener("abort", () => served.gone(), { once: true })
    }
    await next()
    if (isOfRefusal(c.error, served)) c.res = new Response(served.refusal.body, served.refusal)
    served.onHeaders = () => undefined
    if (served.isOpen) endWithBody(c, served)
  }
}

/** An error of the same status as the refusal that this request met. */
const isOfRefusal = (
  error: unknown,
  served: Served,
): served is Served & { readonly refusal: Response } =>
  error !== undefined &&
  served.refusal !== null &&
  (error as { status?: unknown } | null)?.status === served.refusal.status

/** A body of its own streams on after the handler has returned; only then is it worth a look. */
const endWithBody = (c: Context, served: Served): void => {
  const { res } = c
  if (res.body === null) {
    served.ended(res.status)
    return
  }
  const body = watched(res.body, {
    ended: () => served.ended(res.status),
    cancelled: () => served.gone(),
  })
  c.res = new Response(body, res)
}

/** The same bytes; told when the last one was read, or when nobody wants more. */
const watched = (
  body: ReadableStream<Uint8Array>,
  on: { readonly ended: () => void; readonly cancelled: () => void },
): ReadableStream<Uint8Array> => {
  const reader = body.getReader()
  return new ReadableStream(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          controller.close()
        } catch (error) {
          controller.error(error)
        }
        on.ended()
      },
      cancel: (reason) => {
        on.cancelled()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
