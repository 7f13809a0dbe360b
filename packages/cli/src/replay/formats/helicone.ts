import type { Format } from "./format.ts"

/**
 * Helicone's requests, as its export tool and its API write them.
 *
 * Source: docs.helicone.ai, "Export Data" and "Query Requests".
 */
export const heliconeFormat: Format = {
  name: "helicone",
  fits: (record) => "request_created_at" in record || "request_user_id" in record,
  columns: {
    time: ["request_created_at"],
    endTime: ["response_created_at"],
    durationMs: ["delay_ms", "latency"],
    provider: ["provider"],
    model: ["model", "request_model", "response_model"],
    inputTokens: ["prompt_tokens"],
    cacheReadTokens: ["prompt_cache_read_tokens"],
    cacheWriteTokens: ["prompt_cache_write_tokens"],
    outputTokens: ["completion_tokens"],
    usd: ["cost", "costUSD", "cost_usd"],
    user: ["request_user_id", "user_id"],
    session: ["request_properties.Helicone-Session-Id", "properties.Helicone-Session-Id"],
  },
}
