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
      readonly model?: string
      readonly stream: boolean | null
    }
  /** Known not to cost anything: lists, files, token counts. */
  | { readonly kind: "free" }
  /** May cost, and nothing here can read how much. */
  | { readonly kind: "other" }

/** Tells by method and path what a request is; a provider that is not named is told by its host, else by its route. */
export const routeOf = (method: string, url: URL, provider: string | undefined): Route => {
  if (method === "GET" || method === "HEAD" || method === "OPTIONS" || method === "DELETE")
    return { kind: "free" }
  const path = url.pathname
  const known = provider ?? providerOfHost(url.hostname)
  const gemini = /\/models\/([^/:]+):(generateContent|streamGenerateContent)$/.exec(path)
  if (gemini !== null)
    return {
      kind: "guarded",
      shape: "gemini",
      provider: known ?? "google",
      model: decodeURIComponent(gemini[1] ?? ""),
      stream: gemini[2] === "streamGenerateContent",
    }
  for (const [ending, shape, usual] of SHAPES) {
    if (!path.endsWith(ending)) continue
    const deployment = /\/deployments\/([^/]+)\//.exec(path)?.[1]
    return {
      kind: "guarded",
      shape,
      provider: known ?? usual,
      stream: null,
      ...(deployment !== undefined && { model: decodeURIComponent(deployment) }),
    }
  }
  return FREE_ROUTES.some((route) => route.test(path)) ? { kind: "free" } : { kind: "other" }
}

const SHAPES = [
  ["/chat/completions", "openai-chat", "openai"],
  ["/responses", "openai-responses", "openai"],
  ["/embeddings", "openai-embeddings", "openai"],
  ["/v1/messages", "anthropic-messages", "anthropic"],
] as const

const FREE_ROUTES = [
  /\/(?:files|uploads|moderations|vector_stores|count_tokens)(?:\/|$)/,
  /:countTokens$/,
  /\/responses\/[^/]+\/cancel$/,
]

const providerOfHost = (host: string): string | undefined => {
  if (host === "api.openai.com" || host.endsWith(".api.openai.com")) return "openai"
  if (host === "api.anthropic.com") return "anthropic"
  if (host === "generativelanguage.googleapis.com") return "google"
  if (host.endsWith(".openai.azure.com")) return "azure"
  if (host === "openrouter.ai") return "openrouter"
  return undefined
}
