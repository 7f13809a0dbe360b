import { chargeOf } from "./charge.ts"
import { answer, Counts, list, own, record, textOf, type UsageAnswer } from "./read.ts"

/**
 * Anthropic's `usage`: `input_tokens` is what was neither read from nor written to a cache, so nothing is
 * taken out; the split of cache writes by their life is used where it is given. Where there are `iterations`
 * (compaction, fallbacks), their sum is what is billed: the counts above them leave some out.
 *
 * Source: the Messages API reference, object "Usage", "Prompt caching", "Compaction", "Fast mode", "Data
 * residency" (read 2026-11).
 */
export const readAnthropic = (body: unknown): UsageAnswer => {
  const whole = record(body)
  const usage = record(own(whole, "usage"))
  if (whole === null || usage === null) return null
  const counts = new Counts()
  const charge = chargeOf(counts, usage)
  if (own(usage, "input_tokens") == null && own(usage, "output_tokens") == null)
    return charge === undefined && counts.problem === null ? null : answer(counts, {}, { charge })
  const top = tokensOf(counts, usage)
  const rounds = list(own(usage, "iterations")).map((round) => tokensOf(counts, round))
  const most = (name: keyof Tokens): number =>
    Math.max(
      top[name],
      rounds.reduce((sum, round) => sum + round[name], 0),
    )
  counts.only(own(usage, "server_tool_use"), KNOWN_TOOLS)
  return answer(
    counts,
    {
      inputTokens: most("inputTokens"),
      cacheReadTokens: most("cacheReadTokens"),
      cacheWriteTokens: most("cacheWriteTokens"),
      cacheWrite1hTokens: most("cacheWrite1hTokens"),
      outputTokens: most("outputTokens"),
      webSearches: counts.of(usage, "server_tool_use", "web_search_requests"),
    },
    { model: textOf(own(whole, "model")), serviceTier: tierOf(usage), charge },
  )
}

interface Tokens {
  readonly inputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly cacheWrite1hTokens: number
  readonly outputTokens: number
}

const tokensOf = (counts: Counts, usage: unknown): Tokens => {
  counts.only(usage, KNOWN)
  counts.only(own(usage, "cache_creation"), KNOWN_LIVES)
  const written = counts.of(usage, "cache_creation_input_tokens")
  const hour = counts.of(usage, "cache_creation", "ephemeral_1h_input_tokens")
  const minutes = counts.of(usage, "cache_creation", "ephemeral_5m_input_tokens")
  return {
    inputTokens: counts.of(usage, "input_tokens"),
    cacheReadTokens: counts.of(usage, "cache_read_input_tokens"),
    cacheWriteTokens: Math.max(minutes, written - hour),
    cacheWrite1hTokens: hour,
    outputTokens: counts.of(usage, "output_tokens"),
  }
}

const KNOWN = new Set(
  "input_tokens output_tokens total_tokens cache_creation_input_tokens cache_read_input_tokens".split(
    " ",
  ),
)
const KNOWN_LIVES = new Set(["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"])
/** Fetches and tool searches cost nothing but the tokens that they bring ("Pricing", read 2026-11). */
const KNOWN_TOOLS = new Set(["web_search_requests", "web_fetch_requests", "tool_search_requests"])

/** Tier, speed and place of a call each have a factor of their own. */
const tierOf = (usage: unknown): string | undefined => {
  const names = ["service_tier", "speed", "inference_geo"]
    .map((name) => textOf(own(usage, name)))
    .filter((name) => name !== undefined && !PLAIN.has(name))
  return names.length > 0 ? names.join("+") : textOf(own(usage, "service_tier"))
}

const PLAIN = new Set(["standard", "global", "not_available"])
