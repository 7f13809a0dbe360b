import { type Fields, type Format, type LogRecord, listOf, numberOf, valueAt } from "./format.ts"

/**
 * OpenTelemetry spans as OTLP JSON: an export request, a line of the file exporter, or one of its resources; Tempo
 * calls these `batches`. Spans without `gen_ai` usage are no calls of a model, and a span of an agent that sums up
 * the calls below it is not counted beside them. Payers are read from attributes that hosts commonly set.
 *
 * Source: OpenTelemetry semantic conventions for generative AI spans; OTLP's JSON encoding of trace data and
 * open-telemetry/opentelemetry-proto, examples/trace.json; Grafana Tempo's answer to a query of one trace.
 */
export const otlpFormat: Format = {
  name: "otlp",
  fits: (record) => "resourceSpans" in record || "scopeSpans" in record || isTempo(record),
  expand: (record) => {
    const spans = resourcesOf(record).flatMap((resource) =>
      listOf(resource.scopeSpans).flatMap((scope) =>
        listOf(scope.spans).map((span) => ({ resource, span })),
      ),
    )
    const summed = new Set(spans.filter(({ span }) => isCall(span)).map(({ span }) => span.traceId))
    return spans.flatMap(({ resource, span }) =>
      isSum(span) && summed.has(span.traceId) ? [] : callOf(resource, span),
    )
  },
  columns: {},
}

const isTempo = ({ batches }: LogRecord): boolean =>
  listOf(batches).some((one) => "scopeSpans" in one)

const resourcesOf = (record: LogRecord): readonly LogRecord[] => {
  if ("resourceSpans" in record) return listOf(record.resourceSpans)
  return isTempo(record) ? listOf(record.batches) : [record]
}

/** Operations that run others: their usage is that of the calls below them. */
const SUMS: ReadonlySet<unknown> = new Set(["invoke_agent", "create_agent", "invoke_workflow"])

const isSum = (span: LogRecord): boolean =>
  SUMS.has(attributesOf(span.attributes)("gen_ai.operation.name"))

const isCall = (span: LogRecord): boolean => !isSum(span) && callOf({}, span).length > 0

const callOf = (resource: LogRecord, span: LogRecord): readonly Fields[] => {
  const of = attributesOf(span.attributes)
  const host = attributesOf(valueAt(resource, "resource.attributes"))
  const input = of("gen_ai.usage.input_tokens") ?? of("gen_ai.usage.prompt_tokens")
  const output = of("gen_ai.usage.output_tokens") ?? of("gen_ai.usage.completion_tokens")
  if (input === undefined && output === undefined) return []
  const read =
    of("gen_ai.usage.cache_read.input_tokens") ??
    of("gen_ai.usage.cache_read_input_tokens") ??
    of("gen_ai.usage.input_tokens.cached")
  const written =
    of("gen_ai.usage.cache_creation.input_tokens") ?? of("gen_ai.usage.cache_creation_input_tokens")
  return [
    {
      time: millisOf(span.startTimeUnixNano),
      endTime: millisOf(span.endTimeUnixNano),
      provider: of("gen_ai.provider.name") ?? of("gen_ai.system"),
      model: of("gen_ai.request.model") ?? of("gen_ai.response.model"),
      ...inputOf(input, read, written),
      cacheReadTokens: read,
      cacheWriteTokens: written,
      outputTokens: output,
      maxOutputTokens: of("gen_ai.request.max_tokens"),
      apiKey: of("spendfuse.subject.apiKey") ?? of("api_key.id") ?? host("service.name"),
      user: of("enduser.id") ?? of("user.id"),
      session: of("gen_ai.conversation.id") ?? of("session.id"),
      org: of("spendfuse.subject.org") ?? host("service.namespace"),
    },
  ]
}

/** By the conventions input has what was cached in it; some writers leave it out, as Anthropic's own counts do. */
const inputOf = (input: unknown, read: unknown, written: unknown): Fields => {
  const cached = numberOf(read ?? 0) + numberOf(written ?? 0)
  return { [numberOf(input) < cached ? "inputTokens" : "allInputTokens"]: input }
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

/** 64 bits are a text in OTLP's JSON; some writers give a number all the same. */
const millisOf = (nanos: unknown): unknown => {
  if (typeof nanos === "string" && /^\d{7,}$/.test(nanos)) return Number(nanos.slice(0, -6))
  return typeof nanos === "number" ? Math.floor(nanos / 1e6) : nanos
}
