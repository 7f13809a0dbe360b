import type { Settlement, Usage } from "@spendfuse/core"
import type { Shape } from "../fetch/route.ts"
import { count, fieldOf, type Json, text } from "../fetch/seen.ts"
import { isRead, readUsage } from "../fetch/usage.ts"
import { optionsOf } from "./promptBound.ts"

/** What stands beside a usage. */
export interface Beside {
  /** The SDK's name of it. */
  readonly provider: string
  /** As the response names it. */
  readonly model: string | undefined
  readonly metadata: unknown
  /** The provider's own tools that ran, by their ids. */
  readonly ran: readonly string[]
}

/**
 * What an answer cost. The provider's own words (`usage.raw`) go before the SDK's, which know neither audio, nor how
 * long a cache lives, nor what a gateway charged.
 *
 * @returns null where the usage is missing or cannot be read
 */
export const settlementOf = (usage: unknown, beside: Beside): Settlement | null => {
  const raw = fieldOf(usage, "raw")
  const shape = typeof raw === "object" && raw !== null ? shapeOf(raw as Json, beside) : null
  if (shape !== null) {
    const answer = readUsage(shape, bodyOf(shape, raw, beside))
    if (answer !== null) return isRead(answer) ? answer : null
  }
  const counted = countedOf(usage)
  const searches = searchesOf(beside)
  if (counted === null) return null
  const { model } = beside
  const serviceTier = tierOf(beside)
  return {
    usage: { ...counted, ...(searches > 0 && { webSearches: searches }) },
    ...(model !== undefined && { model }),
    ...(serviceTier !== undefined && { serviceTier }),
  }
}

/** By the names of its counts; null where they are nobody's that is read here. */
const shapeOf = (raw: Json, { provider }: Beside): Shape | null => {
  const has = (names: readonly string[]): boolean => names.some((name) => raw[name] != null)
  if (has(GEMINI)) return "gemini"
  if (has(ANTHROPIC) || (has(TOKENS) && /anthropic/.test(provider))) return "anthropic-messages"
  return has(CHAT) || has(TOKENS) ? "openai-chat" : null
}

const GEMINI = ["promptTokenCount", "totalTokenCount"]
const ANTHROPIC = ["cache_creation_input_tokens", "cache_read_input_tokens", "server_tool_use"]
const CHAT = ["prompt_tokens", "completion_tokens"]
const TOKENS = ["input_tokens", "output_tokens"]

/** The usage in the place where its provider's body has it, and what else of the body is billed. */
const bodyOf = (shape: Shape, raw: unknown, beside: Beside): Json => {
  const { model, metadata, ran } = beside
  if (shape === "gemini")
    return {
      usageMetadata: raw,
      modelVersion: model,
      candidates: optionsOf(metadata).map(({ groundingMetadata }) => ({ groundingMetadata })),
    }
  const output = ran.map((id) => ({ type: TOOL_ITEMS.find(([name]) => name.test(id))?.[1] }))
  return { usage: raw, model, service_tier: tierOf(beside), output }
}

/** Items of a response that are billed by the call, or have no price here. */
const TOOL_ITEMS = [
  [/web_?search/i, "web_search_call"],
  [/file_?search/i, "file_search_call"],
  [/code_?interpreter/i, "code_interpreter_call"],
  [/image_?generation/i, "image_generation_call"],
] as const

const searchesOf = ({ ran }: Beside): number => ran.filter((id) => /search/i.test(id)).length

const tierOf = ({ metadata }: Beside): string | undefined =>
  optionsOf(metadata)
    .map(({ serviceTier }) => text(serviceTier))
    .find((tier) => tier !== undefined)

/** The SDK's own counts: in groups since `ai` 6, flat before. Both totals must be there. */
const countedOf = (usage: unknown): Usage | null => {
  const [input, output] = [fieldOf(usage, "inputTokens"), fieldOf(usage, "outputTokens")]
  const inputTotal = count(fieldOf(input, "total") ?? input)
  const outputTokens = count(fieldOf(output, "total") ?? output)
  if (inputTotal === undefined || outputTokens === undefined) return null
  const cached = fieldOf(input, "cacheRead") ?? fieldOf(usage, "cachedInputTokens")
  const cacheReadTokens = count(cached) ?? 0
  const cacheWriteTokens = count(fieldOf(input, "cacheWrite")) ?? 0
  const inputTokens = inputTotal - cacheReadTokens - cacheWriteTokens
  return inputTokens < 0 ? null : { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens }
}
