import type { Admitted } from "@spendfuse/core"
import { type Call, outputLimitPath } from "./callOf.ts"
import type { Edit } from "./rewrite.ts"
import type { Route } from "./route.ts"
import { fieldOf, type Json } from "./seen.ts"

type Guarded = Extract<Route, { kind: "guarded" }>

/** What must be changed of a request before it is sent, and nothing else. */
export interface Changes {
  readonly edits: readonly Edit[]
  /** The path of the URL where a fallback's model is named there; null where it stays. */
  readonly pathname: string | null
  /** The final usage of the stream is asked for, and was not by the caller. */
  readonly asksUsage: boolean
}

/** The granted output limit, a fallback's model, and the final usage of a stream. */
export const changesOf = (
  route: Guarded,
  href: string,
  body: Json,
  call: Call,
  decision: Admitted,
  mayAskUsage: boolean,
): Changes => {
  const edits: Edit[] = []
  const granted = decision.maxOutputTokens
  if (granted !== null)
    for (const path of limitPaths(route, body))
      if (valueAt(body, path) !== granted) edits.push({ path, value: granted })
  const { model } = decision
  const isNew = decision.via !== null && model !== undefined && model !== call.model
  if (isNew && (route.model === undefined || Object.hasOwn(body, "model")))
    edits.push({ path: ["model"], value: model })
  const asksUsage =
    mayAskUsage && route.shape === "openai-chat" && call.stream && !includesUsage(body)
  if (asksUsage) edits.push({ path: ["stream_options", "include_usage"], value: true })
  const inPath = isNew && route.model !== undefined
  return { edits, asksUsage, pathname: inPath ? withModel(new URL(href).pathname, model) : null }
}

/** Objects of a body in which a name that stands twice could be read in two ways. */
export const READ_WITHIN: readonly string[] = [
  "generationConfig",
  "generation_config",
  "stream_options",
]

export const includesUsage = (body: Json): boolean => {
  const options = body.stream_options
  return typeof options === "object" && options !== null && (options as Json).include_usage === true
}

/**
 * Each name of the limit that the server may go by. `max_completion_tokens` is OpenAI's own: others know
 * `max_tokens`, or both; where the body gives both, neither may stay above the grant.
 */
const limitPaths = (route: Guarded, body: Json): readonly (readonly string[])[] => {
  const path = outputLimitPath(route.shape, body)
  if (path === null) return []
  if (route.shape !== "openai-chat") return [path]
  const isOwn = body.max_completion_tokens != null
  const isOld = body.max_tokens != null
  if (!isOwn && !isOld) return [KNOWS_ONE.has(route.provider) ? OWN : OLD]
  if (!isOwn) return [OLD]
  return isOld || !KNOWS_OWN.has(route.provider) ? [OWN, OLD] : [OWN]
}

const OWN = ["max_completion_tokens"]
const OLD = ["max_tokens"]

/** Whose references list `max_completion_tokens` as the one to use (read 2026-11). */
const KNOWS_ONE = new Set(["openai", "azure", "groq"])
/** Who takes it beside `max_tokens`, by their references (read 2026-11). */
const KNOWS_OWN = new Set(
  "openai azure groq anthropic google openrouter x-ai cerebras fireworks".split(" "),
)

const valueAt = (body: Json, path: readonly string[]): unknown => {
  let value: unknown = body
  for (const name of path) value = fieldOf(value, name)
  return value
}

const withModel = (pathname: string, model: string): string =>
  pathname.replace(/(\/(?:models|deployments)\/)[^/:]+/, `$1${encodeURIComponent(model)}`)
