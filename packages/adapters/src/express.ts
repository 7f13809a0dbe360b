/**
 * Spendfuse as a middleware of Express 5 and 4.
 *
 * @module
 * @example
 * app.use("/chat", spendMiddleware(spendfuse, { subject: (req) => ({ user: req.user.id }) }))
 * app.post("/chat", async (req, res) => {
 *   const openai = new OpenAI({ fetch: spendOf(req).fetch })
 *   …
 * })
 * app.use(refusalHandler())
 */
import type { Spendfuse } from "@spendfuse/core"
import type { ErrorRequestHandler, Request, RequestHandler, Response } from "express"
import type { HostOptions } from "./http/options.ts"
import { type Served, serve } from "./http/served.ts"
import { servingOf } from "./http/serving.ts"
import type { Spend } from "./http/spend.ts"

export type { HostOptions, RefusalShape, Reserving } from "./http/options.ts"
export type { Spend } from "./http/spend.ts"

/**
 * Decides each request before its handlers, and ends it when its answer has, or when its client has gone. Put
 * it behind what authenticates. What the host's own functions throw goes to `next`.
 */
export const spendMiddleware = (
  spendfuse: Spendfuse,
  options: HostOptions<Request>,
): RequestHandler => {
  const serving = servingOf(spendfuse, options)
  return (req, res, next) => {
    if (options.skip?.(req) === true) return next()
    serve(serving, req).then(
      (served) => {
        if (served instanceof globalThis.Response) return send(res, served).catch(next)
        known.set(req, served)
        watch(res, served)
        next()
      },
      (error: unknown) => next(error),
    )
  }
}

/**
 * What the middleware gave to a request.
 *
 * @throws Error where it did not run for this request
 */
export const spendOf = (req: Request): Spend => {
  const served = known.get(req)
  if (served === undefined)
    throw new Error("no spend middleware ran for this request; put `spendMiddleware` before it")
  return served
}

/**
 * Answers what an SDK made an error of, where it is a refusal of this request: with the status and body of the
 * refusal. Put it behind the routes and before other error handlers; every other error is passed on.
 */
export const refusalHandler = (): ErrorRequestHandler => (error, req, res, next) => {
  const refusal = known.get(req)?.refusal ?? null
  const status = (error as { status?: unknown } | null)?.status
  if (refusal === null || status !== refusal.status || res.headersSent) return next(error)
  send(res, refusal).catch(next)
}

const known = new WeakMap<Request, Served>()

const watch = (res: Response, served: Served): void => {
  const tell = (headers: Readonly<Record<string, string>>): void => {
    if (!res.headersSent) for (const [name, value] of Object.entries(headers)) res.set(name, value)
  }
  tell(served.headers)
  served.onHeaders = tell
  res.once("finish", () => served.ended(res.statusCode))
  res.once("close", () => {
    if (!res.writableFinished) served.gone()
  })
}

const send = async (res: Response, response: globalThis.Response): Promise<void> => {
  const text = await response.text()
  res.status(response.status)
  for (const [name, value] of response.headers) res.set(name, value)
  res.end(text)
}
