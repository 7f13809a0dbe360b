import {
  bucketsOf,
  countAt,
  type Fields,
  type Format,
  type LogRecord,
  listOf,
  numberOf,
} from "./format.ts"
import { spread } from "./spread.ts"

/**
 * Pages of OpenAI's usage API (completions): sums per bucket of time, spread over it. `input_tokens` has the cached
 * ones in it, those read and those written.
 *
 * Source: OpenAI API reference, organization usage; its OpenAPI schema `UsageCompletionsResult`.
 */
export const openaiUsageFormat: Format = {
  name: "openai-usage",
  fits: (record) => bucketsOf(record).some(isBucket),
  expand: (record) => bucketsOf(record).filter(isBucket).flatMap(callsOf),
  columns: {},
}

const isBucket = (record: LogRecord): boolean =>
  "start_time" in record && "end_time" in record && ("results" in record || "result" in record)

const callsOf = (bucket: LogRecord): readonly Fields[] =>
  listOf(bucket.results ?? bucket.result).flatMap((result) => {
    const call = {
      provider: "openai",
      model: result.model,
      ...inputOf(result),
      cacheReadTokens: result.input_cached_tokens,
      cacheWriteTokens: result.input_cache_write_tokens,
      outputTokens: result.output_tokens,
      serviceTier: result.batch === true ? "batch" : result.service_tier,
      apiKey: result.api_key_id,
      user: result.user_id,
      org: result.project_id,
    }
    const from = numberOf(bucket.start_time) * 1_000
    return spread(call, result.num_model_requests, from, numberOf(bucket.end_time) * 1_000)
  })

/** Reckoned before the sum is spread: rounded parts would not fit each other. */
const inputOf = (result: LogRecord): Fields => {
  const cached =
    (countAt(result, "input_cached_tokens") ?? 0) +
    (countAt(result, "input_cache_write_tokens") ?? 0)
  const all = countAt(result, "input_tokens")
  return all === null || all < cached
    ? { allInputTokens: result.input_tokens }
    : { inputTokens: all - cached }
}
