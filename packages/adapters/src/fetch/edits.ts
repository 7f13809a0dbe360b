import type { Admitted } from "@spendfuse/core"
import { type Call, outputLimitPath } from "./callOf.ts"
import type { Edit } from "./rewrite.ts"
import type { Route } from "./route.ts"

type Guarded = Extract<Route, { kind: "guarded" }>
type Json = Readonly<Record<string, unknown>>

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
  const limit = limitPath(route, body)
  const granted = decision.maxOutputTokens
  if (limit !== null && granted !== null && granted !== call.maxOutputTokens)
    edits.push({ path: limit, value: granted })
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
export const READ_WITHIN: readonly string[] = ["generationConfig", "stream_options"]

export const includesUsage = (body: Json): boolean => {
  const options = body.stream_options
  return typeof options === "object" && options !== null && (options as Json).include_usage === true
}

/** `max_completion_tokens` is OpenAI's own; other servers of that shape know `max_tokens`. */
const limitPath = (route: Guarded, body: Json): readonly string[] | null => {
  const path = outputLimitPath(route.shape, body)
  const [name = ""] = path ?? []
  const isForeign = name === "max_completion_tokens" && !KNOWS_COMPLETION.has(route.provider)
  return isForeign && body[name] == null ? ["max_tokens"] : path
}

/** Whose references list `max_completion_tokens` (read 2026-11). */
const KNOWS_COMPLETION = new Set(["openai", "azure", "groq"])

const withModel = (pathname: string, model: string): string =>
  pathname.replace(/(\/(?:models|deployments)\/)[^/:]+/, `$1${encodeURIComponent(model)}`)
