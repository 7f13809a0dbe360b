import { answer, Counts, own, record, textOf, type UsageAnswer } from "./read.ts"

/**
 * Anthropic's `usage`: `input_tokens` is what was neither read from nor written to a cache, so nothing is
 * taken out; the split of cache writes by their life is used where it is given.
 *
 * Source: the Messages API reference, object "Usage", and "Prompt caching" (read 2026-11).
 */
export const readAnthropic = (body: unknown): UsageAnswer => {
  const whole = record(body)
  const usage = record(own(whole, "usage"))
  if (whole === null || usage === null) return null
  const counts = new Counts()
  const written = counts.of(usage, "cache_creation_input_tokens")
  const hour = counts.of(usage, "cache_creation", "ephemeral_1h_input_tokens")
  const minutes = counts.of(usage, "cache_creation", "ephemeral_5m_input_tokens")
  return answer(
    counts,
    {
      inputTokens: counts.of(usage, "input_tokens"),
      cacheReadTokens: counts.of(usage, "cache_read_input_tokens"),
      cacheWriteTokens: Math.max(minutes, written - hour),
      cacheWrite1hTokens: hour,
      outputTokens: counts.of(usage, "output_tokens"),
      webSearches: counts.of(usage, "server_tool_use", "web_search_requests"),
    },
    {
      model: textOf(own(whole, "model")),
      serviceTier: textOf(own(usage, "service_tier")),
    },
  )
}
