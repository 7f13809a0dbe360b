import type { Refused, Spendfuse } from "@spendfuse/core"
import { faultResponse, refusalResponse } from "../fetch/respond.ts"
import type { HostOptions, RefusalShape } from "./options.ts"
import { leftOfRefused, rateLimitHeaders } from "./rateLimit.ts"

const SHAPES = {
  problem: null,
  openai: "openai-chat",
  anthropic: "anthropic-messages",
  gemini: "gemini",
} as const

/** The answer to a refusal: the host's own, or the usual one in the asked shape. */
export const refusalOf = async <HostRequest>(
  spendfuse: Spendfuse,
  options: HostOptions<HostRequest>,
  request: HostRequest,
  refused: Refused,
): Promise<Response> => {
  const own = await options.onRefused?.(request, refused)
  if (own !== undefined) return own
  const shape = SHAPES[options.shape?.(request) ?? "problem"]
  const message = spendfuse.explain(refused)
  const response = refusalResponse(shape, refused, message, options.statusOf?.(refused))
  const limits = rateLimitHeaders(
    refused.lines,
    options.rateLimit ?? "requests",
    leftOfRefused(refused),
    Date.now(),
  )
  for (const [name, value] of Object.entries(limits)) response.headers.set(name, value)
  return response
}

/** The answer to a request that is itself at fault, such as one without a dimension that must be there. */
export const faultOf = (shape: RefusalShape, error: string, message: string): Response =>
  faultResponse(SHAPES[shape], error, message)
