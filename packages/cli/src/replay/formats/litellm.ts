import { countAt, type Fields, type Format, type LogRecord } from "./format.ts"

/**
 * LiteLLM's spend logs: rows of its table `LiteLLM_SpendLogs`, as CSV or as its API answers. `metadata` is an object or
 * a text of JSON, and has what was read from and written to a cache. `prompt_tokens` has these in it, but for rows of
 * older versions, where they are more than it.
 *
 * Source: BerriAI/litellm, litellm-js/spend-logs/src/_types.ts, schema.prisma, its tests of spend logs, and what its
 * users report of cached tokens there.
 */
export const litellmFormat: Format = {
  name: "litellm",
  fits: (record) => "startTime" in record && "spend" in record && "prompt_tokens" in record,
  expand: (record) => [{ ...record, ...inputOf(record), ...modelOf(record) }],
  columns: {
    time: ["startTime"],
    endTime: ["endTime"],
    provider: ["custom_llm_provider"],
    model: ["model"],
    inputTokens: ["inputTokens"],
    allInputTokens: ["allInputTokens"],
    cacheReadTokens: ["cacheReadTokens"],
    cacheWriteTokens: ["cacheWriteTokens"],
    outputTokens: ["completion_tokens"],
    usd: ["spend"],
    apiKey: ["api_key"],
    user: ["user", "end_user"],
    org: ["team_id"],
    session: ["session_id"],
  },
}

const inputOf = (record: LogRecord): Fields => {
  const cacheReadTokens = sumAt(record, "cache_read_input_tokens", "cached_tokens")
  const cacheWriteTokens = sumAt(record, "cache_creation_input_tokens", "cache_creation_tokens")
  const prompt = countAt(record, "prompt_tokens")
  const isWithin = prompt !== null && cacheReadTokens + cacheWriteTokens <= prompt
  const input = { [isWithin ? "allInputTokens" : "inputTokens"]: record.prompt_tokens }
  return { ...input, cacheReadTokens, cacheWriteTokens }
}

/** The provider's own name for it, or that of OpenAI's details. */
const sumAt = (record: LogRecord, own: string, detail: string): number => {
  for (const place of ["metadata.usage_object", "metadata.additional_usage_values"])
    for (const name of [own, `prompt_tokens_details.${detail}`]) {
      const count = countAt(record, `${place}.${name}`)
      if (count !== null && count > 0) return count
    }
  return 0
}

/** `anthropic/claude-haiku-4-5` beside the provider `anthropic` is the model alone. */
const modelOf = ({ model, custom_llm_provider: provider }: LogRecord): Fields => {
  if (typeof model !== "string" || typeof provider !== "string") return {}
  const prefix = `${provider}/`
  return model.startsWith(prefix) ? { model: model.slice(prefix.length) } : {}
}
