import { type Fields, type Format, type LogRecord, numberOf, valueAt } from "./format.ts"

/**
 * Langfuse's observations: exports to blob storage (snake case) and its API (camel case). Spans and events are
 * no calls of a model: they are left out. `model_parameters` are a text of JSON, and in CSV all objects are. A cost of
 * nothing without its parts is that of a model whose price Langfuse does not know: then our price list says it.
 *
 * Source: langfuse.com, "Blob Storage Export Field Reference"; its API's schema `ObservationsView`.
 */
export const langfuseFormat: Format = {
  name: "langfuse",
  fits: (record) =>
    "type" in record &&
    ("provided_model_name" in record || "usage_details" in record || "usageDetails" in record),
  expand: (record) =>
    record.type === "GENERATION" || record.type === "EMBEDDING" ? [pricedOf(record)] : [],
  columns: {
    time: ["start_time", "startTime"],
    endTime: ["end_time", "endTime"],
    model: ["provided_model_name", "model"],
    inputTokens: [
      "usage_details.input",
      "usageDetails.input",
      "usage.input",
      "input_usage",
      "promptTokens",
    ],
    cacheReadTokens: [
      "usage_details.cache_read_input_tokens",
      "usageDetails.cache_read_input_tokens",
      "usage_details.input_cached_tokens",
      "usageDetails.input_cached_tokens",
      "usage_details.input_cache_read",
      "usageDetails.input_cache_read",
    ],
    cacheWriteTokens: [
      "usage_details.cache_creation_input_tokens",
      "usageDetails.cache_creation_input_tokens",
      "usage_details.input_cache_creation",
      "usageDetails.input_cache_creation",
    ],
    outputTokens: [
      "usage_details.output",
      "usageDetails.output",
      "usage.output",
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

const TOTALS = ["total_cost", "calculatedTotalCost"]
const PARTS = ["input", "output", "total"].flatMap((part) => [
  `cost_details.${part}`,
  `costDetails.${part}`,
])

const pricedOf = (record: LogRecord): Fields => {
  if (PARTS.some((path) => valueAt(record, path) !== undefined)) return record
  const unpriced = TOTALS.filter((name) => record[name] !== "" && numberOf(record[name]) === 0)
  return { ...record, ...Object.fromEntries(unpriced.map((name) => [name, null])) }
}
