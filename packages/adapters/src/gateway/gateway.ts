import { type GuardedFetch, guardedFetch } from "../fetch/guardedFetch.ts"
import { type Route, Routes } from "../fetch/route.ts"
import { answerOf, fault } from "./answer.ts"
import { take } from "./body.ts"
import { Call, heard } from "./call.ts"
import { keyOf, mayName, sentOn } from "./headers.ts"
import { Keys } from "./keys.ts"
import type { GatewayOptions, GatewayRules, Upstream } from "./options.ts"
import { isReached } from "./reach.ts"
import { type Open, openUpstreams, upstreamOf } from "./upstreams.ts"

/** A gateway: it answers each request, and never rejects. */
export interface Gateway {
  (request: Request): Promise<Response>
  /** Other keys, upstreams and limits from the next request on; what runs goes on. @throws TypeError as at start */
  readonly reload: (rules: GatewayRules) => void
  /** Requests that have not ended, or are not yet counted. */
  readonly running: () => number
  /** Resolves when all have ended: by themselves within this time, cut off after it. Answers how many were cut. */
  readonly drain: (withinMs: number) => Promise<number>
}

/**
 * Puts virtual keys in front of providers: whoever has one calls them as before, at another base URL, and each call
 * is reserved before and settled after, for the key's subject. Refusals are the provider's own kind of error.
 *
 * @throws TypeError where a key or an upstream cannot be used; it repeats no secret
 * @example
 * const serve = gateway({
 *   spendfuse,
 *   upstreams: { openai: { baseUrl: "https://api.openai.com", key: OPENAI_API_KEY } },
 *   keys: { "agent-7": { key: AGENT_7_KEY, subject: { apiKey: "agent-7" } } },
 * })
 */
export const gateway = (options: GatewayOptions): Gateway => {
  const onError = options.onError ?? warn
  const running = new Set<Call>()
  const calls = new WeakMap<AbortSignal, Call>()
  const spendfuse = heard(options.spendfuse, calls)
  const emptied: (() => void)[] = []
  const onEnd: ConstructorParameters<typeof Call>[0] = (call, record) => {
    running.delete(call)
    if (running.size === 0) for (const resolve of emptied.splice(0)) resolve()
    try {
      options.onCall?.(record)
    } catch (error) {
      onError(error)
    }
  }
  const opened = (rules: GatewayRules): Serving => ({
    rules,
    keys: new Keys(rules.keys, options.sha256),
    routes: new Routes(undefined),
    upstreams: openUpstreams(rules.upstreams, (upstream) => guardOf(rules, upstream)),
  })
  const guardOf = (rules: GatewayRules, upstream: Upstream): GuardedFetch =>
    guardedFetch(spendfuse, {
      onError,
      ...(options.fetch !== undefined && { fetch: options.fetch }),
      ...(upstream.provider !== undefined && { provider: upstream.provider }),
      ...(rules.stream !== undefined && { stream: rules.stream }),
    })
  let serving = opened(options)
  const serve = async (request: Request): Promise<Response> => {
    const call = new Call(onEnd)
    running.add(call)
    calls.set(call.controller.signal, call)
    return answered(serving, request, call).catch((error: unknown) => {
      onError(error)
      return fault(call, null, "internal", "the gateway failed; its log says more", 500)
    })
  }
  return Object.assign(serve, {
    reload: (rules: GatewayRules) => {
      serving = opened(rules)
    },
    running: () => running.size,
    drain: async (withinMs: number) => {
      if (running.size === 0) return 0
      const empty = new Promise<void>((resolve) => emptied.push(resolve))
      if (await within(empty, withinMs)) return 0
      const cut = running.size
      for (const { controller } of running) controller.abort(new DOMException(CUT, "AbortError"))
      await within(empty, SETTLE_MS)
      return cut
    },
  })
}

const CUT = "the gateway is going down"
/** How long calls that were cut may take to be counted; a store that is slower expires their holds. */
const SETTLE_MS = 2_000

interface Serving {
  readonly rules: GatewayRules
  readonly keys: Keys
  readonly routes: Routes
  readonly upstreams: readonly Open[]
}

const answered = async (serving: Serving, request: Request, call: Call): Promise<Response> => {
  const { rules, keys, routes, upstreams } = serving
  const url = new URL(request.url)
  const route = routes.of(request.method, `${ANY_HOST}${url.pathname}`)
  const key = keyOf(request.headers)
  const caller = key === null ? null : await keys.find(key)
  if (caller === null)
    return fault(call, route, "unknown-key", "the request bears no key that is known", 401)
  call.caller = caller
  if (!mayName(request.headers, caller.mayName ?? []))
    return fault(call, route, "not-allowed", "the key may not name these dimensions", 403)
  const taken = await take(request, rules.maxBodyBytes ?? BODY_BYTES)
  if (!taken.ok)
    return taken.why === "broken"
      ? fault(call, route, "broken-body", "the body ended early; send it again", 400)
      : fault(call, route, "body-too-large", "the body is larger than the gateway takes", 413)
  const found = upstreamOf(upstreams, url.pathname, () => modelOf(taken.body, route))
  if (found === null)
    return fault(call, route, "unknown-upstream", "no upstream takes this path and model", 404)
  const { open } = found
  call.upstream = open.name
  if (caller.upstreams?.includes(open.name) === false)
    return fault(call, route, "upstream-not-allowed", "the key may not call this upstream", 403)
  if (open.reach === "calls" && !isReached(route, request.method, found.path))
    return fault(call, route, "unknown-path", "the gateway does not pass this path on", 404)
  return sent(serving, request, { call, open, route, body: taken.body }, (guarded, init) =>
    guarded(`${open.base}${found.path}${searchOf(url)}`, init),
  )
}

/** What a URL asks for does not hang on its host, unless that is one of the providers'. */
const ANY_HOST = "http://gateway.invalid"
/** 32 MiB: what the providers take at most. */
const BODY_BYTES = 33_554_432
const CALL_MS = 900_000

/** A key in a query would stand in logs: it is none here, and goes no further. */
const searchOf = ({ search, searchParams }: URL): string => {
  if (!searchParams.has("key")) return search
  searchParams.delete("key")
  return searchParams.size === 0 ? "" : `?${searchParams}`
}

const modelOf = (body: string | Uint8Array | null, route: Route): string | undefined => {
  if (route.kind === "guarded" && route.model !== undefined) return route.model
  if (typeof body !== "string") return undefined
  try {
    const model = (JSON.parse(body) as { model?: unknown } | null)?.model
    return typeof model === "string" ? model : undefined
  } catch {
    return undefined
  }
}

interface Sending {
  readonly call: Call
  readonly open: Open
  readonly route: Route
  readonly body: string | Uint8Array<ArrayBuffer> | null
}

const sent = async (
  { rules }: Serving,
  request: Request,
  { call, open, route, body }: Sending,
  send: (guarded: GuardedFetch, init: RequestInit) => Promise<Response>,
): Promise<Response> => {
  const { controller, caller } = call
  const gone = (): void => controller.abort(new DOMException("the client has gone", "AbortError"))
  const late = (): void => controller.abort(new DOMException("it took too long", "TimeoutError"))
  if (request.signal.aborted) gone()
  request.signal.addEventListener("abort", gone, { once: true })
  const timer = setTimeout(late, rules.callMs ?? CALL_MS)
  call.onOver = () => clearTimeout(timer)
  const init: RequestInit = {
    method: request.method,
    headers: sentOn(request.headers, open.auth),
    signal: controller.signal,
    redirect: "manual",
    ...(body !== null && { body }),
  }
  try {
    const response = await send(open.guardedFor(caller as NonNullable<typeof caller>), init)
    if (call.isForbidden)
      return fault(call, route, "model-not-allowed", "the key may not call this model", 403)
    return await answerOf(call, response, rules.rateLimit ?? "requests")
  } catch (error) {
    if (!controller.signal.aborted) {
      return fault(call, route, "upstream-unreachable", "the provider could not be reached", 502)
    }
    const isLate = (error as { name?: unknown } | null)?.name === "TimeoutError"
    return isLate
      ? fault(call, route, "too-late", "the call took longer than the gateway lets it", 504)
      : fault(call, route, "cut", "the call was cut off", 503)
  }
}

/** The name alone: a message may hold what a log must not. */
const warn = (error: unknown): void =>
  console.warn(
    `[spendfuse] the gateway failed: ${error instanceof Error ? error.name : "unknown error"}`,
  )

/** Whether it came in time. */
const within = async (work: Promise<void>, ms: number): Promise<boolean> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
