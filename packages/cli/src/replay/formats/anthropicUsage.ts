import { bucketsOf, type Fields, type Format, type LogRecord, listOf, valueAt } from "./format.ts"
import { spread } from "./spread.ts"

/**
 * Pages of Anthropic's usage report (messages): sums per bucket of time, spread over it. It counts tokens and no
 * calls, so a result is taken for one call a minute.
 *
 * Source: Anthropic Admin API, "Get Messages Usage Report".
 */
export const anthropicUsageFormat: Format = {
  name: "anthropic-usage",
  fits: (record) => bucketsOf(record).some(isBucket),
  expand: (record) => bucketsOf(record).filter(isBucket).flatMap(callsOf),
  columns: {},
}

const isBucket = (record: LogRecord): boolean =>
  "starting_at" in record && "ending_at" in record && "results" in record

const callsOf = (bucket: LogRecord): readonly Fields[] => {
  const from = parsedMs(bucket.starting_at)
  const until = parsedMs(bucket.ending_at)
  const minutes = Math.max(1, Math.round((until - from) / 60_000))
  return listOf(bucket.results).flatMap((result) =>
    spread(
      {
        provider: "anthropic",
        model: result.model,
        inputTokens: result.uncached_input_tokens,
        cacheReadTokens: result.cache_read_input_tokens,
        cacheWriteTokens: valueAt(result, "cache_creation.ephemeral_5m_input_tokens"),
        cacheWrite1hTokens: valueAt(result, "cache_creation.ephemeral_1h_input_tokens"),
        outputTokens: result.output_tokens,
        webSearches: valueAt(result, "server_tool_use.web_search_requests"),
        serviceTier: result.service_tier,
        apiKey: result.api_key_id,
        org: result.workspace_id,
      },
      minutes,
      from,
      until,
    ),
  )
}

const parsedMs = (value: unknown): number =>
  typeof value === "string" ? Date.parse(value) : Number.NaN
