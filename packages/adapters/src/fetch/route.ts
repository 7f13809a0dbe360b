/** The shapes of bodies that are understood. */
export type Shape =
  | "openai-chat"
  | "openai-responses"
  | "openai-embeddings"
  | "anthropic-messages"
  | "gemini"

/** What a URL asks for. */
export type Route =
  | {
      readonly kind: "guarded"
      readonly shape: Shape
      readonly provider: string
      /** Where the URL names it. */
      readonly model?: string
      readonly stream: boolean | null
    }
  /** Known not to cost anything: lists, files, token counts. */
  | { readonly kind: "free" }
  /** May cost, and nothing here can read how much. */
  | { readonly kind: "other" }

/** Remembers what URLs mean: a client calls few of them. */
export class Routes {
  readonly #provider: string | undefined
  readonly #known = new Map<string, Route>()

  constructor(provider: string | undefined) {
    this.#provider = provider
  }

  /** @throws TypeError where the URL is not one, as `fetch` does */
  of(method: string, href: string): Route {
    if (FREE_METHODS.has(method)) return FREE
    if (method !== "POST") return OTHER
    const known = this.#known.get(href)
    if (known !== undefined) return known
    const route = routeOf(method, new URL(href), this.#provider)
    if (this.#known.size >= KNOWN_MAX) this.#known.clear()
    this.#known.set(href, route)
    return route
  }
}

const KNOWN_MAX = 256
const FREE: Route = { kind: "free" }
const OTHER: Route = { kind: "other" }
const FREE_METHODS = new Set(["GET", "HEAD", "OPTIONS", "DELETE"])

/** Tells by method and path what a request is; a provider that is not named is told by its host, else by its route. */
const routeOf = (method: string, url: URL, provider: string | undefined): Route => {
  if (FREE_METHODS.has(method)) return FREE
  const path = url.pathname
  const known = provider ?? providerOfHost(url.hostname)
  const gemini = /\/models\/([^/:]+):(generateContent|streamGenerateContent)$/.exec(path)
  if (gemini !== null)
    return {
      kind: "guarded",
      shape: "gemini",
      provider: known ?? "google",
      model: decoded(gemini[1] ?? ""),
      stream: gemini[2] === "streamGenerateContent",
    }
  const plain = plainPath(path)
  for (const [ending, shape, usual] of SHAPES) {
    if (!plain.endsWith(ending)) continue
    const deployment = /\/deployments\/([^/]+)\//.exec(path)?.[1]
    return {
      kind: "guarded",
      shape,
      provider: known ?? usual,
      stream: null,
      ...(deployment !== undefined && { model: decoded(deployment) }),
    }
  }
  return FREE_ROUTES.some((route) => route.test(path)) ? FREE : OTHER
}

const SHAPES = [
  ["/chat/completions", "openai-chat", "openai"],
  ["/responses", "openai-responses", "openai"],
  ["/embeddings", "openai-embeddings", "openai"],
  ["/v1/messages", "anthropic-messages", "anthropic"],
] as const

/** From the API references of OpenAI, Anthropic and Google (read 2026-11). */
const FREE_ROUTES = [
  /\/(?:files|uploads)(?:\/[\w.-]+(?:\/(?:parts|complete|cancel))?)?$/,
  /\/(?:moderations|messages\/count_tokens|responses\/input_tokens)$/,
  /:countTokens$/,
  /\/responses\/[^/]+\/cancel$/,
]

/** As lenient servers read it. */
const plainPath = (path: string): string =>
  decoded(path)
    .replace(/\/{2,}/g, "/")
    .replace(/\/$/, "")
    .toLowerCase()

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** The price list's name of the provider behind a host, or behind what the host is part of. */
const providerOfHost = (host: string): string | undefined =>
  HOSTS.find(([end]) => host === end || host.endsWith(`.${end}`))?.[1]

const HOSTS = [
  ["api.openai.com", "openai"],
  ["api.anthropic.com", "anthropic"],
  ["googleapis.com", "google"],
  ["openai.azure.com", "azure"],
  ["services.ai.azure.com", "azure"],
  ["cognitiveservices.azure.com", "azure"],
  ["openrouter.ai", "openrouter"],
  ["api.groq.com", "groq"],
  ["api.mistral.ai", "mistral"],
  ["api.deepseek.com", "deepseek"],
  ["api.x.ai", "x-ai"],
  ["api.together.xyz", "together"],
  ["api.together.ai", "together"],
  ["api.fireworks.ai", "fireworks"],
  ["api.cerebras.ai", "cerebras"],
  ["api.perplexity.ai", "perplexity"],
] as const
