import type { Refused } from "@spendfuse/core"
import type { Shape } from "./route.ts"

/**
 * A refusal as the provider would say it: one attempt and one clear error in every SDK. 402 for budgets
 * and open circuits, 403 where only a person can help, 429 for `busy` alone, 503 for a store that is down.
 */
export const refusalResponse = (shape: Shape, refused: Refused, message: string): Response => {
  const status = STATUS[refused.reason]
  const headers = new Headers({
    "content-type": "application/json",
    "x-should-retry": refused.reason === "busy" ? "true" : "false",
    "x-spendfuse-reason": refused.reason,
  })
  const seconds = retrySeconds(refused)
  if (seconds !== null) headers.set("retry-after", String(seconds))
  const detail = {
    type: `urn:spendfuse:refused:${refused.reason}`,
    title: `refused: ${refused.reason}`,
    status,
    detail: message,
    reason: refused.reason,
    until: refused.untilMs === null ? null : new Date(refused.untilMs).toISOString(),
    withoutStore: refused.withoutStore,
  }
  return new Response(JSON.stringify(errorBody(shape, status, refused.reason, message, detail)), {
    status,
    headers,
  })
}

/** A fault of the request itself, such as an unknown model: 400, never retried. */
export const faultResponse = (shape: Shape | null, error: string, message: string): Response => {
  const detail = {
    type: `urn:spendfuse:fault:${error}`,
    title: error,
    status: 400,
    detail: message,
  }
  return new Response(
    JSON.stringify(errorBody(shape ?? "openai-chat", 400, error, message, detail)),
    {
      status: 400,
      headers: { "content-type": "application/json", "x-should-retry": "false" },
    },
  )
}

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

const errorBody = (
  shape: Shape,
  status: number,
  code: string,
  message: string,
  spendfuse: unknown,
): unknown => {
  switch (shape) {
    case "openai-chat":
    case "openai-responses":
    case "openai-embeddings":
      return { error: { message, type: "spendfuse_refused", param: null, code }, spendfuse }
    case "anthropic-messages":
      return { type: "error", error: { type: "spendfuse_refused", message, code }, spendfuse }
    case "gemini":
      return { error: { code: status, message, status: code }, spendfuse }
  }
}
