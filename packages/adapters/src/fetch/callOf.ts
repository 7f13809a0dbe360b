import type { Route, Shape } from "./route.ts"

type Json = Readonly<Record<string, unknown>>

/** What a body asks for, as far as it bounds the cost. */
export interface Call {
  readonly model: string | undefined
  readonly stream: boolean
  readonly inputTokens: number
  /** The body's own limit; undefined where it has none. */
  readonly maxOutputTokens: number | undefined
  readonly choices: number
  readonly serviceTier: string | undefined
  readonly searches: number
  readonly audio: boolean
  readonly images: boolean
  /** Nothing is written: embeddings. */
  readonly hasOutput: boolean
}

/** Input that a body only names (earlier responses, files, images by URL) is bounded by these, in tokens. */
export interface NamedInput {
  readonly storedContextTokens: number
  readonly imageTokens: number
  readonly searches: number
}

/** What OpenAI's and Anthropic's documentation allow at most for one image, rounded up (read 2026-11). */
export const NAMED_INPUT: NamedInput = {
  storedContextTokens: 400_000,
  imageTokens: 50_000,
  searches: 10,
}

/**
 * Reads the bounds of a call. Input: the UTF-8 bytes of the body, since no token is shorter than a byte
 * and the JSON around each message is longer than the template that takes its place; plus what the body
 * only names.
 */
export const callOf = (
  route: Extract<Route, { kind: "guarded" }>,
  body: Json,
  bytes: number,
  named: NamedInput,
): Call => {
  const reader = READERS[route.shape]
  const part = reader(body)
  const seen = look(body)
  const isStored = STORED.some((name) => body[name] != null)
  return {
    model: text(body.model) ?? route.model,
    stream: route.stream ?? body.stream === true,
    inputTokens:
      bytes +
      OVERHEAD_TOKENS +
      seen.images * named.imageTokens +
      seen.files * named.storedContextTokens +
      (isStored ? named.storedContextTokens : 0),
    maxOutputTokens: part.maxOutputTokens,
    choices: part.choices,
    serviceTier: text(body.service_tier) === "priority" ? "priority" : undefined,
    searches: part.searches ?? (seen.searches ? named.searches : 0),
    audio: seen.audio,
    images: seen.images > 0,
    hasOutput: route.shape !== "openai-embeddings",
  }
}

/** The name of the field that limits the output, for the shape and the body. */
export const outputLimitPath = (shape: Shape, body: Json): readonly string[] | null => {
  switch (shape) {
    case "openai-chat":
      return body.max_tokens != null && body.max_completion_tokens == null
        ? ["max_tokens"]
        : ["max_completion_tokens"]
    case "openai-responses":
      return ["max_output_tokens"]
    case "anthropic-messages":
      return ["max_tokens"]
    case "gemini":
      return ["generationConfig", "maxOutputTokens"]
    case "openai-embeddings":
      return null
  }
}

const OVERHEAD_TOKENS = 64
const STORED = ["previous_response_id", "conversation", "prompt", "cachedContent"]

interface Part {
  readonly maxOutputTokens: number | undefined
  readonly choices: number
  readonly searches?: number
}

const READERS: Readonly<Record<Shape, (body: Json) => Part>> = {
  "openai-chat": (body) => ({
    maxOutputTokens: count(body.max_completion_tokens) ?? count(body.max_tokens),
    choices: count(body.n) ?? 1,
  }),
  "openai-responses": (body) => ({
    maxOutputTokens: count(body.max_output_tokens),
    choices: 1,
  }),
  "openai-embeddings": () => ({ maxOutputTokens: 0, choices: 1 }),
  "anthropic-messages": (body) => ({
    maxOutputTokens: count(body.max_tokens),
    choices: 1,
    ...searchesOf(body),
  }),
  gemini: (body) => {
    const config = record(body.generationConfig)
    return {
      maxOutputTokens: count(config.maxOutputTokens),
      choices: count(config.candidateCount) ?? 1,
    }
  },
}

const searchesOf = (body: Json): { searches?: number } => {
  const tools = Array.isArray(body.tools) ? body.tools.map(record) : []
  const search = tools.find((tool) => String(tool.type).startsWith("web_search"))
  const most = count(search?.max_uses)
  return most === undefined ? {} : { searches: most }
}

interface Seen {
  images: number
  files: number
  audio: boolean
  searches: boolean
}

/** Walks the body for what its bytes do not show: media by URL or id, tools that search. */
const look = (body: unknown): Seen => {
  const seen: Seen = { images: 0, files: 0, audio: false, searches: false }
  const stack: unknown[] = [body]
  for (let steps = 0; stack.length > 0 && steps < NODES_MAX; steps += 1) {
    const node = stack.pop()
    if (typeof node !== "object" || node === null) continue
    if (!Array.isArray(node)) note(node as Json, seen)
    for (const value of Object.values(node)) if (typeof value === "object") stack.push(value)
  }
  return seen
}

const NODES_MAX = 1_000_000

const note = (node: Json, seen: Seen): void => {
  const type = text(node.type) ?? ""
  if (type === "image_url" || type === "input_image" || type === "image") seen.images += 1
  if (node.fileData != null || type === "input_file" || type === "file" || type === "document")
    seen.files += 1
  if (
    type === "input_audio" ||
    (Array.isArray(node.modalities) && node.modalities.includes("audio"))
  )
    seen.audio = true
  if (type.startsWith("web_search") || node.googleSearch != null || node.web_search_options != null)
    seen.searches = true
}

const count = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)

const record = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {}
