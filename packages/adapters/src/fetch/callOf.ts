import { count, type Json, look, type Seen, text } from "./look.ts"
import type { Route, Shape } from "./route.ts"

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

/** Input that a body only names (earlier responses, files, images, what a search finds) is bounded by these. */
export interface NamedInput {
  /** Tokens of earlier responses, files and documents; what the model's context can hold unless given. */
  readonly storedContextTokens?: number
  /** Tokens of one image; what the provider's documentation allows at most unless given. */
  readonly imageTokens?: number
  /** Searches and other calls of server tools that one call makes, where it names no limit itself. */
  readonly searches: number
  /** Tokens that one search or other call of a server tool brings back. */
  readonly searchTokens: number
}

export const NAMED_INPUT: NamedInput = { searches: 10, searchTokens: 20_000 }

/**
 * Reads the bounds of a call. Input: the UTF-8 bytes of the body, since no token is shorter than a byte and the
 * JSON around each message and tool is longer than the template that takes its place; media by their kind
 * instead of their bytes; and what the body only names. What a server tool brings is read again in each round.
 */
export const callOf = (
  route: Extract<Route, { kind: "guarded" }>,
  body: Json,
  bytes: number,
  named: NamedInput,
): Call => {
  const part = READERS[route.shape](body)
  const model = text(body.model) ?? route.model
  const seen = look(body)
  const most = seen.callsMost ?? Number.MAX_SAFE_INTEGER
  const searches = Math.min(most, seen.searches + seen.openSearches * named.searches)
  const rounds = Math.min(most, searches + (seen.openRounds > 0 ? named.searches : 0))
  return {
    model,
    stream: route.stream ?? body.stream === true,
    inputTokens: inputOf({ shape: route.shape, model: model ?? "", bytes, seen, rounds, named }),
    maxOutputTokens: part.maxOutputTokens,
    choices: part.choices,
    serviceTier: tierOf(route.shape, body),
    searches,
    audio: seen.audio || (route.shape === "gemini" && seen.isStored),
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
      return [
        ...(body.generationConfig == null && body.generation_config != null
          ? ["generation_config"]
          : ["generationConfig"]),
        record(body.generationConfig ?? body.generation_config).max_output_tokens != null
          ? "max_output_tokens"
          : "maxOutputTokens",
      ]
    case "openai-embeddings":
      return null
  }
}

/** Whatever stands around the messages; and what a provider says to a model that may use tools (346 to 700, read 2026-11). */
const OVERHEAD_TOKENS = 64
const TOOLS_TOKENS = 1_000
/** A tool that the provider defines itself is longer than its name ("Tool use", computer use: 735; read 2026-11). */
const SERVER_TOOL_TOKENS = 1_000

interface Written {
  readonly shape: Shape
  readonly model: string
  readonly bytes: number
  readonly seen: Seen
  /** How often a tool of the provider's may be called, and the model read on. */
  readonly rounds: number
  readonly named: NamedInput
}

const inputOf = ({ shape, model, bytes, seen, rounds, named }: Written): number => {
  const window = contextOf(model)
  const images = seen.images * (named.imageTokens ?? IMAGE_TOKENS[shape])
  const stored = seen.isStored ? (named.storedContextTokens ?? window) : 0
  const written =
    bytes -
    seen.mediaBytes +
    OVERHEAD_TOKENS +
    (seen.hasTools ? TOOLS_TOKENS : 0) +
    seen.serverTools * SERVER_TOOL_TOKENS
  const first = written + Math.min(images + stored, Math.max(window, stored))
  const goesRound = shape !== "gemini" || seen.openRounds > 0
  const again = goesRound ? rounds * first + (named.searchTokens * rounds * (rounds + 1)) / 2 : 0
  const all = first + again + (seen.compacts ? first : 0)
  return Math.min(Number.MAX_SAFE_INTEGER, all)
}

/**
 * Tokens that one image takes at most: OpenAI's dearest is gpt-4o-mini in detail (48,169), Anthropic's the
 * largest of its newest models (4,784), Gemini's 16 tiles of 258 (read 2026-11); rounded up.
 */
const IMAGE_TOKENS: Readonly<Record<Shape, number>> = {
  "openai-chat": 50_000,
  "openai-responses": 50_000,
  "openai-embeddings": 50_000,
  "anthropic-messages": 5_000,
  gemini: 5_000,
}

/** What a model can read at once, by the pages of OpenAI and Anthropic (read 2026-11); else the largest of all. */
const contextOf = (model: string): number =>
  CONTEXTS.find(([name]) => name.test(model))?.[1] ?? 1_050_000

const CONTEXTS: readonly (readonly [RegExp, number])[] = [
  [/^(?:gpt-4o|chatgpt-4o|gpt-4-turbo|gpt-5(?:\.\d)?-chat)/, 128_000],
  [/^(?:o1|o3|o4-mini)(?:-|$)/, 200_000],
  [/^gpt-5(?:\.[123])?(?:-(?:mini|nano|pro|codex|\d)|$)/, 400_000],
  [/^claude-(?:3|opus-4-[015]|opus-4-2025|haiku-4)/, 200_000],
]

interface Part {
  readonly maxOutputTokens: number | undefined
  readonly choices: number
}

const READERS: Readonly<Record<Shape, (body: Json) => Part>> = {
  "openai-chat": (body) => ({
    maxOutputTokens: count(body.max_completion_tokens) ?? count(body.max_tokens),
    choices: count(body.n) ?? 1,
  }),
  "openai-responses": (body) => ({ maxOutputTokens: count(body.max_output_tokens), choices: 1 }),
  "openai-embeddings": () => ({ maxOutputTokens: 0, choices: 1 }),
  "anthropic-messages": (body) => ({ maxOutputTokens: count(body.max_tokens), choices: 1 }),
  // Google's JSON takes both spellings of a name, and numbers as texts.
  gemini: (body) => {
    const config = record(body.generationConfig ?? body.generation_config)
    const choices = config.candidateCount ?? config.candidate_count
    return {
      maxOutputTokens: count(config.maxOutputTokens ?? config.max_output_tokens),
      choices: count(choices) ?? count(typeof choices === "string" ? Number(choices) : 1) ?? 1,
    }
  },
}

/** The tiers that are dearer than the standard one: a cheaper one may be answered at standard rates. */
const tierOf = (shape: Shape, body: Json): string | undefined => {
  const told = text(body.service_tier) ?? text(body.serviceTier) ?? ""
  const tiers = [
    ...(/priority$/i.test(told) ? ["priority"] : []),
    ...(shape === "anthropic-messages" && body.speed === "fast" ? ["fast"] : []),
    ...(shape === "anthropic-messages" && body.inference_geo === "us" ? ["us"] : []),
  ]
  return tiers.length === 0 ? undefined : tiers.join("+")
}

const record = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {}
