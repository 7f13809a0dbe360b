import {
  type Admitted,
  type CallRequest,
  type Refused,
  RequestFailed,
  type Spendfuse,
  type Subject,
} from "@spendfuse/core"
import { type Call, callOf, NAMED_INPUT, type NamedInput, outputLimitPath } from "./callOf.ts"
import { cannedResponse } from "./canned.ts"
import { faultResponse, refusalResponse } from "./respond.ts"
import { type Edit, rewrite } from "./rewrite.ts"
import { type Route, routeOf } from "./route.ts"
import { watch } from "./watch.ts"

export interface GuardedFetchOptions {
  /** Who pays: for all calls, or told from the request. */
  readonly subject: Subject | ((request: Request) => Subject)
  /** What makes the calls; the global one unless given. */
  readonly fetch?: typeof fetch
  /** By its price list's name (`openai`, `anthropic`, `google`, …); told by host and path unless given. */
  readonly provider?: string
  /** What a POST that cannot be read as a model call means: an error (default), or through, uncounted. */
  readonly otherRoutes?: "refuse" | "pass"
  /** How long to wait where the budget is only `busy`, milliseconds; the engine's unless given. */
  readonly waitMs?: number
  /** Bounds of input that a body only names, in tokens. */
  readonly namedInput?: Partial<NamedInput>
  /** The host's own fallbacks, by the policy's names. */
  readonly handlers?: Readonly<
    Record<string, (request: Request, refused: Refused) => Promise<Response> | Response>
  >
  /** Whether an answer that is not ok proves that the call cost nothing; 4xx, 503 and 529 do unless given. */
  readonly isFree?: (response: Response) => boolean
}

/** A `fetch` for SDKs: the same bytes, streams and errors, each call reserved before and settled after. */
export interface GuardedFetch {
  (input: RequestInfo | URL, init?: RequestInit): Promise<Response>
  /** The same for another subject, added to the bound one: `guarded.for({ session })`. */
  readonly for: (subject: Subject) => GuardedFetch
  /** Resolves when every call that has ended is settled. */
  readonly idle: () => Promise<void>
}

/** The header by which one call names its subject, as JSON; it is never sent on. */
export const SUBJECT_HEADER = "x-spendfuse-subject"

/**
 * Puts Spendfuse in front of an SDK: `new OpenAI({ fetch: guardedFetch(spendfuse, { subject }) })`.
 *
 * A refusal is the provider's own kind of error response, and one attempt.
 */
export const guardedFetch = (spendfuse: Spendfuse, options: GuardedFetchOptions): GuardedFetch =>
  bound({ spendfuse, options, added: {}, pending: new Set() })

interface Context {
  readonly spendfuse: Spendfuse
  readonly options: GuardedFetchOptions
  readonly added: Subject
  readonly pending: Set<Promise<unknown>>
}

const bound = (context: Context): GuardedFetch =>
  Object.assign((input: RequestInfo | URL, init?: RequestInit) => guard(context, input, init), {
    for: (subject: Subject) => bound({ ...context, added: { ...context.added, ...subject } }),
    idle: async () => {
      while (context.pending.size > 0) await Promise.allSettled([...context.pending])
    },
  })

const guard = async (
  context: Context,
  input: RequestInfo | URL,
  init: RequestInit | undefined,
): Promise<Response> => {
  const { options } = context
  const upstream = options.fetch ?? globalThis.fetch
  const url = new URL(input instanceof Request ? input.url : String(input))
  const method = (init?.method ?? (input instanceof Request ? input.method : "GET")).toUpperCase()
  const route = routeOf(method, url, options.provider)
  if (route.kind === "free" || (route.kind === "other" && options.otherRoutes === "pass"))
    return upstream(input, init)
  if (route.kind === "other")
    return faultResponse(
      null,
      "unknown-route",
      `what ${method} ${url.pathname} costs cannot be read; set \`otherRoutes: "pass"\` to let such calls through uncounted`,
    )
  const source = await textOf(input, init)
  const body = source === null ? null : parse(source)
  if (source === null || body === null)
    return faultResponse(
      route.shape,
      "invalid-request",
      "the body is not a JSON object in plain text",
    )
  const asked = { context, input, init, route, source, body, upstream }
  const call = callOf(route, body, utf8Length(source), { ...NAMED_INPUT, ...options.namedInput })
  try {
    const request = requestOf(asked, call)
    const decision = await context.spendfuse.reserve(request)
    return decision.allowed ? await forward(asked, call, decision) : refuse(asked, call, decision)
  } catch (error) {
    if (error instanceof RequestFailed)
      return faultResponse(route.shape, error.error, error.message)
    throw error
  }
}

interface AskedCall {
  readonly context: Context
  readonly input: RequestInfo | URL
  readonly init: RequestInit | undefined
  readonly route: Extract<Route, { kind: "guarded" }>
  readonly source: string
  readonly body: Readonly<Record<string, unknown>>
  readonly upstream: typeof fetch
}

const requestOf = (asked: AskedCall, call: Call): CallRequest => {
  const { context, init, input, route } = asked
  const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined)
  const { waitMs } = context.options
  return {
    subject: subjectOf(asked),
    provider: route.provider,
    inputTokens: call.inputTokens,
    choices: call.choices,
    searches: call.searches,
    audio: call.audio,
    images: call.images,
    ...(call.model !== undefined && { model: call.model }),
    ...(call.serviceTier !== undefined && { serviceTier: call.serviceTier }),
    ...(call.hasOutput
      ? call.maxOutputTokens !== undefined && { maxOutputTokens: call.maxOutputTokens }
      : { maxOutputTokens: 0, minOutputTokens: 0 }),
    ...(waitMs !== undefined && { waitMs }),
    ...(signal != null && { signal }),
  }
}

/** The bound subject, what `for` added, and what the call's own header names; the last wins. */
const subjectOf = ({ context, input, init }: AskedCall): Subject => {
  const { subject } = context.options
  const header = headersOf(input, init).get(SUBJECT_HEADER)
  if (typeof subject !== "function" && header === null)
    return Object.keys(context.added).length === 0 ? subject : { ...subject, ...context.added }
  const told = typeof subject === "function" ? subject(new Request(input, init)) : subject
  return { ...told, ...context.added, ...(header === null ? {} : parseSubject(header)) }
}

const parseSubject = (header: string): Subject => {
  const value = parse(header)
  if (value === null || Object.values(value).some((part) => typeof part !== "string"))
    throw new RequestFailed(
      "invalid-command",
      `header \`${SUBJECT_HEADER}\` is not a JSON object of strings`,
    )
  return value as Subject
}

const forward = async (asked: AskedCall, call: Call, decision: Admitted): Promise<Response> => {
  const { context, init, input, upstream } = asked
  const edits = editsOf(asked, call, decision)
  const headers = headersOf(input, init)
  headers.delete(SUBJECT_HEADER)
  headers.delete("content-length")
  const sent: RequestInit = {
    ...(input instanceof Request ? fromRequest(input) : {}),
    ...init,
    headers,
    body: rewrite(asked.source, asked.body, edits),
  }
  let response: Response
  try {
    response = await upstream(input instanceof Request ? input.url : input, sent)
  } catch (error) {
    await (neverConnected(error) ? decision.release() : decision.assume())
    throw error
  }
  const isFree = context.options.isFree ?? isFreeByStatus
  if (!response.ok && isFree(response)) {
    await decision.release()
    return response
  }
  const track = (settling: Promise<unknown>): void => {
    const kept = settling.catch(() => undefined).finally(() => context.pending.delete(kept))
    context.pending.add(kept)
  }
  return watch(response, {
    shape: asked.route.shape,
    decision,
    hidesUsage: edits.some(({ path }) => path[0] === "stream_options"),
    track,
  })
}

/** What must be written into the body: the granted output limit, a fallback's model, the final usage. */
const editsOf = (asked: AskedCall, call: Call, decision: Admitted): readonly Edit[] => {
  const { route, body } = asked
  const edits: Edit[] = []
  const limit = outputLimitPath(route.shape, body)
  const granted = decision.maxOutputTokens
  if (limit !== null && granted !== null && granted !== call.maxOutputTokens)
    edits.push({ path: limit, value: granted })
  if (decision.via !== null && decision.model !== undefined && decision.model !== call.model)
    edits.push({ path: ["model"], value: decision.model })
  if (route.shape === "openai-chat" && call.stream && !includesUsage(body))
    edits.push({ path: ["stream_options", "include_usage"], value: true })
  return edits.map((edit) =>
    edit.path[0] === "stream_options" && !Object.hasOwn(body, "stream_options")
      ? { path: ["stream_options"], value: { include_usage: true } }
      : edit,
  )
}

const includesUsage = (body: Readonly<Record<string, unknown>>): boolean => {
  const options = body.stream_options
  return (
    typeof options === "object" &&
    options !== null &&
    (options as Record<string, unknown>).include_usage === true
  )
}

const refuse = (asked: AskedCall, call: Call, refused: Refused): Promise<Response> | Response => {
  const { context, input, init, route } = asked
  const { fallback } = refused
  if (fallback?.kind === "answer")
    return cannedResponse(route.shape, call.model ?? "", fallback.text, call.stream)
  const handler = fallback === null ? undefined : context.options.handlers?.[fallback.name]
  if (handler !== undefined) return handler(new Request(input, init), refused)
  return refusalResponse(route.shape, refused, context.spendfuse.explain(refused))
}

const textOf = async (
  input: RequestInfo | URL,
  init: RequestInit | undefined,
): Promise<string | null> => {
  const headers = headersOf(input, init)
  const encoding = headers.get("content-encoding")
  if (encoding !== null && encoding !== "identity") return null
  const body = init?.body
  if (typeof body === "string") return body
  if (body === undefined || body === null)
    return input instanceof Request ? input.clone().text() : null
  if (body instanceof FormData || body instanceof URLSearchParams) return null
  return new Response(body).text()
}

const parse = (text: string): Readonly<Record<string, unknown>> | null => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null
  } catch {
    return null
  }
}

const headersOf = (input: RequestInfo | URL, init: RequestInit | undefined): Headers =>
  new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))

const fromRequest = (request: Request): RequestInit => ({
  method: request.method,
  signal: request.signal,
  redirect: request.redirect,
  credentials: request.credentials,
})

/** UTF-8 bytes of a text: at most three for each UTF-16 unit, counted exactly. */
const utf8Length = (text: string): number => new TextEncoder().encode(text).length

/** A request that no one received: the name was not found, or the connection was refused. */
const neverConnected = (error: unknown): boolean => {
  const cause = (error as { cause?: unknown } | null)?.cause
  const codes = [cause, ...((cause as { errors?: unknown[] } | undefined)?.errors ?? [])]
  return codes.some((one) => NOT_CONNECTED.has(String((one as { code?: unknown } | null)?.code)))
}

const NOT_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"])

/** A 4xx comes before anything is generated; 503 and 529 say that there was no room to. */
const isFreeByStatus = ({ status }: Response): boolean =>
  (status >= 400 && status < 500) || status === 503 || status === 529
