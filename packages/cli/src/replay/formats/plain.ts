import type { Format } from "./format.ts"

/** CSV or JSONL of one's own: the names that most logs use, and whatever `--map` says. */
export const plainFormat: Format = {
  name: "plain",
  fits: () => true,
  columns: {
    time: ["time", "at", "timestamp", "ts", "created_at", "createdAt", "date"],
    endTime: ["endTime", "end_time"],
    durationMs: ["durationMs", "duration_ms", "latency_ms"],
    provider: ["provider"],
    model: ["model"],
    serviceTier: ["serviceTier", "service_tier"],
    inputTokens: ["inputTokens", "input_tokens", "prompt_tokens"],
    cacheReadTokens: ["cacheReadTokens", "cache_read_tokens"],
    cacheWriteTokens: ["cacheWriteTokens", "cache_write_tokens"],
    outputTokens: ["outputTokens", "output_tokens", "completion_tokens"],
    maxOutputTokens: ["maxOutputTokens", "max_output_tokens", "max_tokens"],
    usd: ["usd", "cost", "cost_usd", "spend"],
    calls: ["calls"],
    legitimate: ["legitimate"],
    apiKey: ["apiKey", "api_key", "key"],
    user: ["user", "user_id", "userId"],
    org: ["org", "team", "team_id", "organization"],
    session: ["session", "session_id", "sessionId"],
  },
}
