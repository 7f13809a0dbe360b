import { countAt, type Fields, type Format, type LogRecord, numberOf } from "./format.ts"

/**
 * Helicone's requests, as its export tool and its API write them: instants are UTC without a zone, costs are dollars,
 * `reasoning_tokens` stand beside `completion_tokens`, and properties are an object or, in CSV, a text of JSON. A
 * request that failed has no counts.
 *
 * Source: docs.helicone.ai, "Export Data" and "Query Requests"; Helicone/helicone, examples/export/typescript/index.ts,
 * its query of `request_response_rmt` and its schema `HeliconeRequest`.
 */
export const heliconeFormat: Format = {
  name: "helicone",
  fits: (record) => "request_created_at" in record || "request_user_id" in record,
  expand: (record) => [{ ...record, ...countsOf(record) }],
  columns: {
    time: ["request_created_at"],
    endTime: ["response_created_at"],
    durationMs: ["delay_ms", "latency"],
    provider: ["provider"],
    model: ["model", "request_model", "response_model"],
    inputTokens: ["inputTokens"],
    cacheReadTokens: ["prompt_cache_read_tokens"],
    cacheWriteTokens: ["prompt_cache_write_tokens"],
    outputTokens: ["outputTokens"],
    usd: ["cost", "costUSD", "cost_usd"],
    user: ["request_user_id", "user_id"],
    session: ["request_properties.Helicone-Session-Id", "properties.Helicone-Session-Id"],
  },
}

const FAILED_FROM = 400

const countsOf = (record: LogRecord): Fields => {
  const { prompt_tokens: input, completion_tokens: output, response_status: status } = record
  const isEmpty = (value: unknown): boolean => value === null || value === undefined || value === ""
  if (numberOf(status) >= FAILED_FROM && isEmpty(input) && isEmpty(output))
    return { inputTokens: 0, outputTokens: 0 }
  const [written, reasoned] = [
    countAt(record, "completion_tokens"),
    countAt(record, "reasoning_tokens"),
  ]
  const isSum = written !== null && reasoned !== null
  return { inputTokens: input, outputTokens: isSum ? written + reasoned : output }
}
