import type { Format } from "./format.ts"

/**
 * Langfuse's observations: exports to blob storage (snake case) and its API (camel case). Spans and events are
 * no calls of a model: they are left out.
 *
 * Source: langfuse.com, "Blob Storage Export Field Reference"; its API's schema `ObservationsView`.
 */
export const langfuseFormat: Format = {
  name: "langfuse",
  fits: (record) =>
    "type" in record &&
    ("provided_model_name" in record || "usage_details" in record || "usageDetails" in record),
  expand: (record) => (record.type === "GENERATION" || record.type === "EMBEDDING" ? [record] : []),
  columns: {
    time: ["start_time", "startTime"],
    endTime: ["end_time", "endTime"],
    model: ["provided_model_name", "model"],
    inputTokens: ["usage_details.input", "usageDetails.input", "input_usage", "promptTokens"],
    cacheReadTokens: [
      "usage_details.cache_read_input_tokens",
      "usageDetails.cache_read_input_tokens",
      "usage_details.input_cached_tokens",
      "usageDetails.input_cached_tokens",
    ],
    outputTokens: [
      "usage_details.output",
      "usageDetails.output",
      "output_usage",
      "completionTokens",
    ],
    maxOutputTokens: ["model_parameters.max_tokens", "modelParameters.max_tokens"],
    usd: ["cost_details.total", "costDetails.total", "total_cost", "calculatedTotalCost"],
    user: ["user_id", "userId"],
    session: ["session_id", "sessionId"],
    org: ["project_id", "projectId"],
  },
}
