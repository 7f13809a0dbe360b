import type { Obstacle, Refused } from "@spendfuse/core"
import type { Shape } from "./route.ts"

/** The machine-readable part of a refusal or fault: an RFC 9457 problem, at `error.spendfuse` of the body. */
export interface Problem {
  /** `urn:spendfuse:refused:<reason>`, `urn:spendfuse:cut:<reason>` or `urn:spendfuse:fault:<error>`. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly reason?: Refused["reason"]
  /** When the last obstacle ends, ISO 8601; null where that takes a person or a smaller request. */
  readonly until?: string | null
  readonly withoutStore?: boolean
  /** Each obstacle with its account and amounts; amounts in the budget's unit, nano-USD for money. */
  readonly obstacles?: readonly Readonly<Record<string, unknown>>[]
}

/**
 * A refusal as the provider would say it: one attempt and one clear error in every SDK. 402 for budgets
 * and open circuits, 403 where only a person can help, 429 for `busy` alone, 503 for a store that is down.
 *
 * @param status from 400 to 599 in the place of these; anything else is not taken
 */
export const refusalResponse = (
  shape: Shape | null,
  refused: Refused,
  message: string,
  status: number | undefined,
): Response => {
  const { reason } = refused
  const problem = refusalProblem(refused, message, status)
  const seconds = retrySeconds(refused)
  return answer(shape, problem, "spendfuse_refused", reason, {
    "x-should-retry": reason === "busy" ? "true" : "false",
    "x-spendfuse-reason": reason,
    ...(seconds !== null && { "retry-after": String(seconds) }),
  })
}

const refusalProblem = (refused: Refused, detail: string, status: number | undefined): Problem => {
  const { reason } = refused
  const isStatus = Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599
  return {
    type: `urn:spendfuse:refused:${reason}`,
    title: `refused: ${reason}`,
    status: isStatus ? Number(status) : STATUS[reason],
    detail,
    reason,
    until: isoOf(refused.untilMs),
    withoutStore: refused.withoutStore,
    obstacles: refused.obstacles.map(obstacleOf),
  }
}

/**
 * The error by which a stream ends that was cut, in the provider's shape of one: its `type` is `spendfuse_cut`.
 *
 * @param refused the refusal to hold more; null where nobody could decide
 */
export const cutError = (
  shape: Shape,
  refused: Refused | null,
  message: string,
  statusOf: ((refused: Refused) => number | undefined) | undefined,
): Readonly<Record<string, unknown>> => {
  const detail = `the stream was cut: ${message}`
  const code = refused?.reason ?? "not-decided"
  const problem: Problem =
    refused === null
      ? { type: `urn:spendfuse:cut:${code}`, title: `cut: ${code}`, status: 503, detail }
      : {
          ...refusalProblem(refused, detail, statusOf?.(refused)),
          type: `urn:spendfuse:cut:${code}`,
          title: `cut: ${code}`,
        }
  const error = { message: detail, type: "spendfuse_cut", param: null, code, spendfuse: problem }
  return shaped(shape, problem, error)
}

/** A fault of the request itself, such as an unknown model: 400 unless given, never retried; 503 where it is ours. */
export const faultResponse = (
  shape: Shape | null,
  error: string,
  message: string,
  status = 400,
): Response =>
  answer(
    shape,
    { type: `urn:spendfuse:fault:${error}`, title: error, status, detail: message },
    "spendfuse_fault",
    error,
    { "x-should-retry": "false", "x-spendfuse-fault": error },
  )

const STATUS: Readonly<Record<Refused["reason"], number>> = {
  "switched-off": 403,
  latched: 403,
  open: 402,
  "too-large": 402,
  exhausted: 402,
  probation: 402,
  degraded: 402,
  busy: 429,
  "store-unavailable": 503,
}

const BUSY_RETRY_SECONDS = 1

const retrySeconds = (refused: Refused): number | null => {
  if (refused.reason === "busy") return BUSY_RETRY_SECONDS
  return refused.retryAfterMs === null ? null : Math.max(1, Math.ceil(refused.retryAfterMs / 1000))
}

const obstacleOf = (obstacle: Obstacle): Readonly<Record<string, unknown>> => {
  const until = isoOf(obstacle.untilMs)
  if (obstacle.kind === "switch") return { switch: obstacle.switch, reason: obstacle.reason, until }
  const { account, reason, settled, held, cap, remaining } = obstacle
  return {
    budget: account.slice(0, account.indexOf("/")),
    account,
    reason,
    settled,
    held,
    cap: Number.isFinite(cap) ? cap : null,
    remaining: Number.isFinite(remaining) ? remaining : null,
    until,
  }
}

const isoOf = (atMs: number | null): string | null =>
  atMs === null ? null : new Date(atMs).toISOString()

/** In the provider's own error shape; a plain RFC 9457 body where the shape is not known. */
const answer = (
  shape: Shape | null,
  problem: Problem,
  type: string,
  code: string,
  headers: Readonly<Record<string, string>>,
): Response => {
  const { status, detail: message } = problem
  const body = { message, type, param: null, code, spendfuse: problem }
  const kind = shape === null ? "application/problem+json" : "application/json"
  return new Response(JSON.stringify(shaped(shape, problem, body)), {
    status,
    headers: { "content-type": kind, ...headers },
  })
}

const shaped = (
  shape: Shape | null,
  problem: Problem,
  error: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> => {
  switch (shape) {
    case null:
      return { ...problem, error }
    case "openai-chat":
    case "openai-responses":
    case "openai-embeddings":
      return { error }
    case "anthropic-messages":
      return { type: "error", error }
    case "gemini":
      return {
        error: {
          code: problem.status,
          message: problem.detail,
          status: CANONICAL[problem.status] ?? "FAILED_PRECONDITION",
          spendfuse: problem,
        },
      }
  }
}

/** Google's canonical names, https://cloud.google.com/apis/design/errors (read 2026-11); 402 has none. */
const CANONICAL: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  403: "PERMISSION_DENIED",
  429: "RESOURCE_EXHAUSTED",
  503: "UNAVAILABLE",
}
