import type { Spendfuse, Store } from "@spendfuse/core"
import { emptyAnswer, jsonAnswer, problemAnswer } from "./answer.ts"
import { type Auth, type Credential, credentialOf } from "./auth.ts"
import { bodyOf, textOf } from "./body.ts"
import { consolePage } from "./console/page.ts"
import { decodeBy, queryOf } from "./decode.ts"
import { openapiOf } from "./openapi.ts"
import { isSameOrigin, originsOf } from "./origin.ts"
import { answerTo, Refusal } from "./refusal.ts"
import { ROUTES, type Route } from "./routes.ts"
import { type Throttle, throttleOf } from "./throttle.ts"

/** What the API serves, to whom, and where. */
export interface AdminOptions {
  readonly spendfuse: Spendfuse
  /** The store that `createSpendfuse` has; without it the lists answer 501. */
  readonly store?: Store
  /** Who may: there is no default. `bearerTokens` is one. */
  readonly auth: Auth
  /** Where the host mounts it, such as `/admin`; the root unless given. */
  readonly basePath?: string
  /** Origins whose pages may send commands, besides the request's own: behind a proxy that ends TLS, say. */
  readonly allowOrigins?: readonly string[]
  /**
   * Serves the console's page at `console`. The page alone needs no credential, for it holds no data; false unless
   * given.
   */
  readonly console?: boolean
  /** Names the client of a request (its address, say), so that its failures to sign in are throttled alone. */
  readonly clientOf?: (request: Request) => string
  /** A body may have this many bytes; 65,536 unless given. */
  readonly maxBodyBytes?: number
  /** Hears what nobody foresaw, for the host's log; the answer says nothing of it. */
  readonly onError?: (error: unknown) => void
  readonly nowMs?: () => number
}

/**
 * The admin API as one function. It answers each request, and never rejects. Only POST changes anything, only
 * with a credential, and from a browser only from the same origin.
 *
 * @throws TypeError where an option cannot be used
 * @example const api = adminApi({ spendfuse, store, auth: bearerTokens({ ann: token }), basePath: "/admin" })
 */
export const adminApi = (options: AdminOptions): ((request: Request) => Promise<Response>) => {
  if (typeof options.auth !== "function")
    throw new TypeError("`auth` is missing; give `bearerTokens({ … })` or a function of your own")
  const basePath = baseOf(options.basePath)
  const serving: Serving = {
    ...options,
    basePath,
    allowOrigins: originsOf(options.allowOrigins ?? []),
    maxBodyBytes: options.maxBodyBytes ?? 65_536,
    throttle: throttleOf(options.nowMs ?? Date.now),
    document: openapiOf(ROUTES, basePath),
  }
  return async (request) => {
    try {
      const answer = await answered(serving, request)
      return request.method === "HEAD" ? new Response(null, answer) : answer
    } catch (error) {
      const answer = answerTo(error)
      if (answer.status >= 500) tell(options.onError, error)
      return answer
    }
  }
}

interface Serving extends AdminOptions {
  readonly basePath: string
  readonly allowOrigins: readonly string[]
  readonly maxBodyBytes: number
  readonly throttle: Throttle
  readonly document: unknown
}

const answered = async (serving: Serving, request: Request): Promise<Response> => {
  if (isForConsole(serving, request)) return consoleAnswer(serving, request)
  const credential = await signedIn(serving, request)
  if (credential instanceof Response) return credential
  const url = new URL(request.url)
  const path = pathOf(url.pathname, serving.basePath)
  const found = path === undefined ? [] : routesOf(path)
  const methods = path === "openapi.json" ? ["GET"] : found.map(({ route }) => route.method)
  if (methods.length === 0) throw new Refusal(404, "there is nothing here; see openapi.json")
  const allow = [
    ...methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])),
    "OPTIONS",
  ].join(", ")
  if (request.method === "OPTIONS") return emptyAnswer({ allow })
  const method = request.method === "HEAD" ? "GET" : request.method
  if (!methods.some((one) => one === method))
    return problemAnswer(405, `this takes ${allow}`, {}, { allow })
  if (path === "openapi.json") return jsonAnswer(serving.document)
  const [one] = found.filter(({ route }) => route.method === method)
  if (one === undefined) throw new Refusal(404, "there is nothing here; see openapi.json")
  const { route, rest } = one
  const given = method === "POST" ? await commandOf(serving, request, credential) : queryInput(url)
  const read = decodeBy(route.input, given)
  if (!read.ok)
    throw new Refusal(400, "the input is not what is expected", { problems: read.problems })
  const { spendfuse, store } = serving
  return jsonAnswer(await route.run({ spendfuse, store, credential, input: read.input, rest }))
}

const isForConsole = ({ console = false, basePath }: Serving, { method, url }: Request): boolean =>
  console &&
  (method === "GET" || method === "HEAD") &&
  new URL(url).pathname === `${basePath}/${CONSOLE_PATH}`

/** Nobody gets the page too, and is asked for a token by it; a sign-in of the host's own comes first. */
const consoleAnswer = async ({ auth }: Serving, request: Request): Promise<Response> => {
  const found = await auth(request)
  return found instanceof Response ? found : consolePage(credentialOf(found) !== null)
}

/** Who it is, or the answer to nobody. */
const signedIn = async (serving: Serving, request: Request): Promise<Credential | Response> => {
  const { auth, clientOf, throttle } = serving
  const client = clientOf?.(request) ?? ""
  const waitMs = throttle.waitMs(client)
  // Who is not told apart from others must not be locked out by them: the right credential still passes.
  if (waitMs > 0 && clientOf !== undefined) return tooMany(waitMs)
  const found = await auth(request)
  const credential = found instanceof Response ? null : credentialOf(found)
  if (credential !== null) return credential
  throttle.failed(client)
  if (found instanceof Response) return found
  if (waitMs > 0) return tooMany(waitMs)
  return problemAnswer(401, "the request bears no credential that is known", {}, UNKNOWN)
}

const CONSOLE_PATH = "console"

const UNKNOWN = { "www-authenticate": 'Bearer realm="spendfuse"' }

const tooMany = (waitMs: number): Response =>
  problemAnswer(
    429,
    "too many requests without a good credential",
    {},
    {
      ...UNKNOWN,
      "retry-after": String(Math.ceil(waitMs / 1_000)),
    },
  )

const JSON_TYPE = /^application\/json(\s*;\s*charset="?utf-8"?)?\s*$/i

/** The body of a command, once it may be one. */
const commandOf = async (
  serving: Serving,
  request: Request,
  credential: Credential,
): Promise<unknown> => {
  if (credential.may === "read") throw new Refusal(403, "the credential may only read")
  if (!isSameOrigin(request, serving))
    throw new Refusal(403, "the request comes from a page of another origin; see `allowOrigins`")
  if (!JSON_TYPE.test(request.headers.get("content-type") ?? ""))
    throw new Refusal(415, "the body is not JSON; send `content-type: application/json`")
  if (new URL(request.url).search !== "")
    throw new Refusal(400, "a command takes no query; put it into the body")
  const body = await bodyOf(request, serving.maxBodyBytes)
  if (!body.ok)
    throw body.why === "too-large"
      ? new Refusal(413, `the body is larger than ${serving.maxBodyBytes} bytes`)
      : new Refusal(400, "the body ended early; send it again")
  try {
    return JSON.parse(textOf(body.bytes) ?? "")
  } catch {
    throw new Refusal(400, "the body is not JSON in UTF-8")
  }
}

const queryInput = (url: URL): unknown => {
  const read = queryOf(url.searchParams)
  if (!read.ok)
    throw new Refusal(400, "the query is not what is expected", { problems: read.problems })
  return read.input
}

const KEY = "{key}"

/** The routes of a path, whatever their method; one that ends in a key takes the rest of it. */
const routesOf = (path: string): readonly { readonly route: Route; readonly rest: string }[] =>
  ROUTES.flatMap((route) => {
    if (route.path === path) return [{ route, rest: "" }]
    const head = route.path.endsWith(KEY) ? route.path.slice(0, -KEY.length) : null
    return head !== null && path.startsWith(head) && path.length > head.length
      ? [{ route, rest: path.slice(head.length) }]
      : []
  })

const pathOf = (pathname: string, basePath: string): string | undefined =>
  pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length + 1) : undefined

const baseOf = (basePath = ""): string => {
  const base = basePath.replace(/\/+$/, "")
  if (base === "" || /^(\/[A-Za-z0-9._~-]+)+$/.test(base)) return base
  throw new TypeError('`basePath` must be a path, such as "/admin"')
}

const tell = (onError: ((error: unknown) => void) | undefined, error: unknown): void => {
  try {
    onError?.(error)
  } catch {
    return
  }
}
