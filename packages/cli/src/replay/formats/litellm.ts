import type { Format } from "./format.ts"

/**
 * LiteLLM's spend logs: rows of its table `LiteLLM_SpendLogs`, as CSV or as its API answers.
 *
 * Source: BerriAI/litellm, litellm-js/spend-logs/src/_types.ts and schema.prisma.
 */
export const litellmFormat: Format = {
  name: "litellm",
  fits: (record) => "startTime" in record && "spend" in record && "prompt_tokens" in record,
  columns: {
    time: ["startTime"],
    endTime: ["endTime"],
    provider: ["custom_llm_provider"],
    model: ["model"],
    inputTokens: ["prompt_tokens"],
    outputTokens: ["completion_tokens"],
    usd: ["spend"],
    apiKey: ["api_key"],
    user: ["user"],
    org: ["team_id"],
    session: ["session_id"],
  },
}
