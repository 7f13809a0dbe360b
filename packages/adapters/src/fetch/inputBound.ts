import type { Shape } from "./route.ts"
import type { Seen } from "./seen.ts"

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

/** A body as far as it bounds its input. */
interface Written {
  readonly shape: Shape
  readonly model: string
  readonly bytes: number
  readonly seen: Seen
  /** How often a tool of the provider's may be called, and the model read on. */
  readonly rounds: number
  readonly named: NamedInput
}

/** Tokens of the input, at most: what is written, what is only named, and what each round reads again. */
export const inputOf = ({ shape, model, bytes, seen, rounds, named }: Written): number => {
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

/** Whatever stands around the messages; and what a provider says to a model that may use tools (346 to 700, read 2026-11). */
const OVERHEAD_TOKENS = 64
const TOOLS_TOKENS = 1_000
/** A tool that the provider defines itself is longer than its name ("Tool use", computer use: 735; read 2026-11). */
const SERVER_TOOL_TOKENS = 1_000

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
