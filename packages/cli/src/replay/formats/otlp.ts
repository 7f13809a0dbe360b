import { type Fields, type Format, type LogRecord, listOf, valueAt } from "./format.ts"

/**
 * OpenTelemetry spans as OTLP JSON: an export request, a line of the file exporter, or one of its resources. Spans
 * without `gen_ai` usage are no calls of a model. Payers are read from attributes that hosts commonly set.
 *
 * Source: OpenTelemetry semantic conventions for generative AI spans; OTLP's JSON encoding of trace data.
 */
export const otlpFormat: Format = {
  name: "otlp",
  fits: (record) => "resourceSpans" in record || "scopeSpans" in record,
  expand: (record) =>
    ("resourceSpans" in record ? listOf(record.resourceSpans) : [record]).flatMap((resource) =>
      listOf(resource.scopeSpans).flatMap((scope) =>
        listOf(scope.spans).flatMap((span) => callOf(resource, span)),
      ),
    ),
  columns: {},
}

const callOf = (resource: LogRecord, span: LogRecord): readonly Fields[] => {
  const of = attributesOf(span.attributes)
  const host = attributesOf(valueAt(resource, "resource.attributes"))
  const input = of("gen_ai.usage.input_tokens") ?? of("gen_ai.usage.prompt_tokens")
  const output = of("gen_ai.usage.output_tokens") ?? of("gen_ai.usage.completion_tokens")
  if (input === undefined && output === undefined) return []
  return [
    {
      time: millisOf(span.startTimeUnixNano),
      endTime: millisOf(span.endTimeUnixNano),
      provider: of("gen_ai.provider.name") ?? of("gen_ai.system"),
      model: of("gen_ai.request.model") ?? of("gen_ai.response.model"),
      allInputTokens: input,
      cacheReadTokens: of("gen_ai.usage.cache_read.input_tokens"),
      cacheWriteTokens: of("gen_ai.usage.cache_creation.input_tokens"),
      outputTokens: output,
      maxOutputTokens: of("gen_ai.request.max_tokens"),
      apiKey: of("spendfuse.subject.apiKey") ?? of("api_key.id") ?? host("service.name"),
      user: of("enduser.id") ?? of("user.id"),
      session: of("gen_ai.conversation.id") ?? of("session.id"),
      org: of("spendfuse.subject.org") ?? host("service.namespace"),
    },
  ]
}

/** Values by key; an integer is a text in OTLP's JSON. */
const attributesOf = (value: unknown): ((key: string) => unknown) => {
  const byKey = new Map(
    listOf(value).map(({ key, value: one }) => {
      const any = (typeof one === "object" && one !== null ? one : {}) as LogRecord
      return [key, any.stringValue ?? any.intValue ?? any.doubleValue ?? any.boolValue]
    }),
  )
  return (key) => byKey.get(key)
}

const millisOf = (nanos: unknown): unknown =>
  typeof nanos === "string" && /^\d{7,}$/.test(nanos) ? Number(nanos.slice(0, -6)) : nanos
