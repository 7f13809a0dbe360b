import { type Refused, RequestFailed, type Spendfuse, type Subject } from "@spendfuse/core"
import type { Asked, Context } from "./asked.ts"
import { type Call, callOf } from "./callOf.ts"
import { cannedResponse, type Manner } from "./canned.ts"
import { includesUsage, READ_WITHIN } from "./edits.ts"
import { forward } from "./forward.ts"
import { headerOf, type Incoming, incomingOf, readBody, requestOf } from "./incoming.ts"
import { NAMED_INPUT } from "./inputBound.ts"
import { OpenCalls } from "./openCall.ts"
import { type GuardedFetchOptions, SILENCE_MS } from "./options.ts"
import { otherwise } from "./other.ts"
import { faultResponse, refusalResponse } from "./respond.ts"
import { namedTwice } from "./rewrite.ts"
import { type Route, Routes } from "./route.ts"
import { passOn } from "./send.ts"
import { checkStreamOptions, slicingOf } from "./slices/slicing.ts"
import { NOTHING_ADDED, SUBJECT_HEADER, withHeader } from "./subject.ts"
import { unclearOf } from "./unclear.ts"

/** A `fetch` for SDKs: the same bytes, streams and errors, each call reserved before and settled after. */
export interface GuardedFetch {
  (input: RequestInfo | URL, init?: RequestInit): Promise<Response>
  /** The same for another subject, added to the bound one: `guarded.for({ session })`. */
  readonly for: (subject: Subject) => GuardedFetch
  /** Resolves when every call that has ended is settled. */
  readonly idle: () => Promise<void>
}

/**
 * Puts Spendfuse in front of an SDK: `new OpenAI({ fetch: guardedFetch(spendfuse, { subject }) })`.
 *
 * A refusal is the provider's own kind of error response, and one attempt. It throws only what `fetch`
 * throws, and what the host's own functions throw.
 *
 * @throws TypeError at once where an option is not one
 */
export const guardedFetch = (
  spendfuse: Spendfuse,
  options: GuardedFetchOptions = {},
): GuardedFetch => {
  checkStreamOptions(options)
  const onError = options.onError ?? warn
  const calls = new OpenCalls({
    silenceMs: options.silenceMs ?? SILENCE_MS,
    onUncounted: onError,
  })
  const routes = new Routes(options.provider)
  return bound({ spendfuse, options, added: NOTHING_ADDED, calls, routes, onError })
}

const bound = (context: Context): GuardedFetch =>
  Object.assign((input: RequestInfo | URL, init?: RequestInit) => guard(context, input, init), {
    for: (subject: Subject) => bound({ ...context, added: { ...context.added, ...subject } }),
    idle: () => context.calls.idle(),
  })

/** The name alone: a message may hold what a log must not. */
const warn = (error: unknown): void =>
  console.warn(
    `[spendfuse] a call was not decided or not counted: ${error instanceof Error ? error.name : "unknown error"}`,
  )

const guard = async (
  context: Context,
  input: RequestInfo | URL,
  init: RequestInit | undefined,
): Promise<Response> => {
  const incoming = incomingOf(input, init)
  const route = context.routes.of(incoming.method, incoming.href)
  if (route.kind === "free") return passOn(context.options.fetch, incoming)
  try {
    return route.kind === "other"
      ? await otherwise(context, incoming, () => subjectOf(context, incoming, null))
      : await guardRoute(context, incoming, route)
  } catch (error) {
    if (error instanceof RequestFailed)
      return faultResponse(shapeOf(route), error.error, error.message)
    throw error
  }
}

const shapeOf = (route: Route) => (route.kind === "guarded" ? route.shape : null)

const guardRoute = async (
  context: Context,
  incoming: Incoming,
  route: Extract<Route, { kind: "guarded" }>,
): Promise<Response> => {
  incoming.signal?.throwIfAborted()
  const reading = readBody(incoming)
  const read = reading instanceof Promise ? await reading : reading
  const body = read === null ? null : objectOf(read.text)
  if (read === null || body === null)
    return faultResponse(route.shape, "invalid-request", "the body is not a JSON object in UTF-8")
  const twice = namedTwice(read.text, READ_WITHIN)
  if (twice !== null)
    return faultResponse(
      route.shape,
      "invalid-request",
      `the body names \`${twice.slice(0, 60)}\` twice`,
    )
  const unclear = unclearOf(body)
  if (unclear !== null) return faultResponse(route.shape, unclear.error, unclear.message)
  const named = { ...NAMED_INPUT, ...context.options.namedInput }
  const call = callOf(route, body, utf8Length(read.text), named)
  const told = subjectOf(context, incoming, read.text)
  const subject = told instanceof Promise ? await told : told
  const slicing = slicingOf(context.options, route, incoming.href, body, call)
  const asked: Asked = { context, incoming, route, read, body, call, subject, slicing }
  const decision = await forward(asked)
  return decision instanceof Response ? decision : refuse(asked, decision)
}

/** The bound subject, what `for` added, and what the call's own header adds. */
const subjectOf = (
  { options: { subject = {} }, added }: Context,
  incoming: Incoming,
  text: string | null,
): Subject | Promise<Subject> => {
  const header = headerOf(incoming, SUBJECT_HEADER)
  const told = typeof subject === "function" ? subject(requestOf(incoming, text)) : subject
  return told instanceof Promise
    ? told.then((one) => withHeader(one, added, header))
    : withHeader(told, added, header)
}

/** The policy's way out where it names one, else an error of the provider's kind. */
const refuse = (asked: Asked, refused: Refused): Promise<Response> | Response => {
  const { context, incoming, route, read, body, call } = asked
  const { fallback } = refused
  const { handlers = {}, statusOf } = context.options
  if (fallback?.kind === "answer" && route.shape !== "openai-embeddings")
    return cannedResponse(route.shape, call.model ?? "", fallback.text, {
      manner: mannerOf(incoming, route, call),
      includesUsage: includesUsage(body),
    })
  if (fallback?.kind === "custom" && Object.hasOwn(handlers, fallback.name)) {
    const answer = handlers[fallback.name]?.(requestOf(incoming, read.text), refused)
    if (answer !== undefined) return answer
  }
  const message = context.spendfuse.explain(refused)
  return refusalResponse(route.shape, refused, message, statusOf?.(refused))
}

const mannerOf = ({ href }: Incoming, { shape }: Route & { shape: string }, call: Call): Manner => {
  if (!call.stream) return "json"
  return shape === "gemini" && new URL(href).searchParams.get("alt") !== "sse" ? "array" : "events"
}

const objectOf = (text: string): Readonly<Record<string, unknown>> | null => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null
  } catch {
    return null
  }
}

/** How many bytes a text has in UTF-8. */
const utf8Length = (text: string): number => encoder.encode(text).length
const encoder = new TextEncoder()
