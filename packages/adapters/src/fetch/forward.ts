import type { Admitted, CallRequest, Refused } from "@spendfuse/core"
import { RequestFailed } from "@spendfuse/core"
import type { Asked, Context } from "./asked.ts"
import { changesOf } from "./edits.ts"
import { type Incoming, isRequest } from "./incoming.ts"
import { type OpenCall, unknown } from "./openCall.ts"
import { faultResponse } from "./respond.ts"
import type { Shape } from "./route.ts"
import { sendChanged } from "./send.ts"
import { heldForFallback, slicedBy } from "./slices/sliced.ts"
import { watch } from "./watch.ts"

/** Reserves, sends, and settles or releases when it is over. A refusal is handed back. */
export const forward = async (asked: Asked): Promise<Response | Refused> => {
  const { context, incoming, route, read, body, call } = asked
  const { fetch: upstream, streamUsage } = context.options
  let decision: Admitted | Refused
  try {
    decision = await context.spendfuse.reserve(requestFor(asked))
  } catch (error) {
    return notDecided(context, incoming, route.shape, error)
  }
  if (!decision.allowed) return decision
  if (decision.provider !== route.provider) return otherProvider(asked, decision)
  const unheld = asked.slicing === null ? null : await heldForFallback(asked, decision)
  if (unheld !== null) return unheld
  const mayAsk = streamUsage !== "leave"
  const changes = changesOf(route, incoming.href, body, call, decision, mayAsk)
  return sent(
    context,
    incoming,
    decision,
    () => sendChanged(upstream, incoming, read, changes),
    (response, open) =>
      watch(response, {
        shape: route.shape,
        call: open,
        stream: call.stream,
        hidesUsage: changes.asksUsage,
        sliced: slicedBy(asked, decision),
      }),
  )
}

/**
 * A store or price list that breaks is a clear error to the caller, and told to the host.
 *
 * @throws the error where the request is at fault, or the signal aborted
 */
export const notDecided = (
  { onError }: Context,
  { signal }: Incoming,
  shape: Shape | null,
  error: unknown,
): Response => {
  if (error instanceof RequestFailed || signal?.aborted === true) throw error
  onError(error)
  const message = "nothing could decide whether the money is there; the call was not sent"
  return faultResponse(shape, "not-decided", message, 503)
}

/** Makes the admitted call: exactly one settle or release comes of it, here or when its body ends. */
export const sent = async (
  { calls, options }: Context,
  incoming: Incoming,
  decision: Admitted,
  send: () => Promise<Response>,
  onAnswer: (response: Response, open: OpenCall) => Response,
): Promise<Response> => {
  const open = calls.add(decision)
  try {
    const response = await send().catch((error: unknown) => {
      const isUnsent = (options.isUnsent ?? neverConnected)(error)
      if (isUnsent || (options.fetch === undefined && isNoRequest(incoming))) void open.release()
      throw error
    })
    open.heard()
    if (response.ok || !(options.isFree ?? isFreeByStatus)(response))
      return onAnswer(response, open)
    await open.release()
    return response
  } catch (error) {
    void open.settle(unknown)
    throw error
  }
}

const requestFor = ({ context, incoming, route, call, subject, slicing }: Asked): CallRequest => ({
  ...howOf(context, incoming),
  subject,
  provider: route.provider,
  inputTokens: call.inputTokens,
  choices: call.choices,
  searches: call.searches,
  audio: call.audio,
  images: call.images,
  ...(call.model !== undefined && { model: call.model }),
  ...(call.serviceTier !== undefined && { serviceTier: call.serviceTier }),
  ...(slicing !== null && { sliceTokens: slicing.sliceTokens + slicing.unseenTokens }),
  ...(call.hasOutput
    ? {
        ...(call.maxOutputTokens !== undefined && { maxOutputTokens: call.maxOutputTokens }),
        ...(call.leastOutputTokens > 0 && {
          minOutputTokens: Math.max(
            call.leastOutputTokens,
            context.spendfuse.policy.minOutputTokens,
          ),
        }),
      }
    : { maxOutputTokens: 0, minOutputTokens: 0 }),
})

/** How long it may wait, and what stops it. */
export const howOf = (
  { options: { waitMs } }: Context,
  { signal }: Incoming,
): Pick<CallRequest, "waitMs" | "signal"> => ({
  ...(waitMs !== undefined && { waitMs }),
  ...(signal !== undefined && { signal }),
})

/** A fallback's model of another provider cannot be written into this request. */
const otherProvider = async (asked: Asked, decision: Admitted): Promise<Response> => {
  const { context, route } = asked
  await context.calls.add(decision).release()
  return faultResponse(
    route.shape,
    "fallback-provider",
    `fallback \`${decision.via}\` names provider \`${decision.provider}\`, and the request goes to \`${route.provider}\`; name a model of the same provider, or a custom fallback with a handler`,
  )
}

/** A request that no one received: the name was not found, or the connection was refused. */
export const neverConnected = (error: unknown): boolean => {
  const cause = (error as { cause?: unknown } | null)?.cause
  const inner = (cause as { errors?: unknown } | null | undefined)?.errors
  const all = [error, cause, ...(Array.isArray(inner) ? inner : [])]
  return all.some((one) => NOT_CONNECTED.has(String((one as { code?: unknown } | null)?.code)))
}

/** What `fetch` itself takes for no request, such as a header with letters that none may have, it never sends. */
const isNoRequest = ({ href, input, init }: Incoming): boolean => {
  try {
    new Request(isRequest(input) ? href : input, { ...init, body: null, signal: null })
    return false
  } catch {
    return true
  }
}

/** Node's and undici's codes, and Bun's (read 2026-11). */
const NOT_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "ConnectionRefused",
])

/** A 3xx or 4xx comes before anything is generated; 503 and 529 say that there was no room to. */
const isFreeByStatus = ({ status, type }: Response): boolean =>
  (status >= 300 && status < 500) || status === 503 || status === 529 || type === "opaqueredirect"
