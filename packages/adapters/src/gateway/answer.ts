import { formatUsd } from "@spendfuse/core"
import { faultResponse } from "../fetch/respond.ts"
import type { Route } from "../fetch/route.ts"
import { leftOfRefused, rateLimitHeaders } from "../http/rateLimit.ts"
import type { Call } from "./call.ts"
import { sentBack } from "./headers.ts"
import type { GatewayRules } from "./options.ts"

/**
 * The provider's answer with what the call has cost and what its budgets allow. A body of JSON is taken whole, so
 * that its cost stands in its head; a stream passes on as it comes.
 */
export const answerOf = async (
  call: Call,
  response: Response,
  rateLimit: NonNullable<GatewayRules["rateLimit"]>,
): Promise<Response> => {
  const { status } = response
  const headers = sentBack(response.headers)
  const { decision } = call
  if (decision !== null) {
    const left = decision.allowed ? [] : leftOfRefused(decision)
    Object.assign(headers, rateLimitHeaders(decision.lines, rateLimit, left, Date.now()))
  }
  const refused = headers["x-spendfuse-reason"] ?? headers["x-spendfuse-fault"] ?? null
  if (!isJson(response)) {
    call.answered(status, refused)
    return new Response(response.body, { status, headers })
  }
  const body = await response.arrayBuffer()
  await call.over(COUNT_MS)
  const { settled } = call
  if (settled !== null) {
    headers["x-spendfuse-cost-usd"] = formatUsd(settled.amounts.usd)
    if (settled.amounts.tokens > 0) headers["x-spendfuse-tokens"] = String(settled.amounts.tokens)
    if (settled.assumed !== null) headers["x-spendfuse-assumed"] = "true"
  }
  call.answered(status, refused)
  return new Response(body, { status, headers })
}

/** A store that is slower than this does not hold an answer up: it comes without its cost. */
const COUNT_MS = 250

const isJson = ({ headers, body }: Response): boolean =>
  body !== null && headers.get("content-type")?.toLowerCase().includes("json") === true

/** The gateway's own error, in the shape of the provider whose route was asked. */
export const fault = (
  call: Call,
  route: Route | null,
  error: string,
  message: string,
  status: number,
): Response => {
  call.answered(status, error)
  const shape = route?.kind === "guarded" ? route.shape : null
  return faultResponse(shape, error, message, status)
}
