import {
  readUsage,
  readUsageText,
  type Shape,
  type UsageAnswer,
  type UsageRead,
  UsageStream,
} from "@spendfuse/adapters/fetch"
import { type Prices, shown, type Usage } from "@spendfuse/core"
import { USAGE_COMPONENTS } from "@spendfuse/core/domain"
import { shapeOf } from "./shapeOf.ts"

/** One line's answer: exactly one of a price and an error. Amounts are decimal strings, as on every wire. */
export type PriceAnswer =
  | {
      readonly nanoUsd: string
      /** Empty where the provider told its own charge. */
      readonly lines: readonly {
        readonly component: string
        readonly count: number
        readonly nanoUsdPerMillion: string
      }[]
      readonly source: {
        readonly kind: string
        readonly name: string
        readonly asOf: string | null
      }
    }
  | { readonly error: string }

type Json = Readonly<Record<string, unknown>>

/** Characters of a line; a longer one is an error, not a crash. */
export const LINE_MAX: number = 64 * 1_048_576

/**
 * Prices one line: `{ provider, model, at, body | usage, serviceTier? }`. Any text has one answer; it never throws.
 *
 * `body` is the provider's answer: an object, its text, a stream of events as text, or a list of events' data.
 * `usage` counts our components. What the answer says of model and tier goes before what the line says of the tier.
 *
 * @example priceLine('{"provider":"openai","model":"gpt-5","at":"2026-01-01T00:00:00Z","usage":{"inputTokens":1000000}}', libraryPrices())
 */
export const priceLine = (line: string, prices: Prices): PriceAnswer => {
  if (line.length > LINE_MAX) return { error: "the line is longer than 64 MiB" }
  if (line.trim() === "") return { error: "the line is empty" }
  const call = parse(line)
  if (call === null) return { error: "the line is not a JSON object" }
  for (const name of ["provider", "model", "serviceTier"])
    if (call[name] != null && typeof call[name] !== "string")
      return { error: `${name}: ${shown(call[name])} is not a text; write e.g. ${EXAMPLES[name]}` }
  const provider = textOf(call.provider)
  const atMs = instantOf(call.at)
  if (atMs === null) {
    const wrong = call.at === undefined ? "is missing" : `${shown(call.at)} is not an instant`
    return { error: `at: ${wrong}; write e.g. "2026-01-01T00:00:00Z"` }
  }
  const used = usedOf(call, provider)
  if ("error" in used) return used
  if (used.chargeNanoUsd !== undefined)
    return {
      nanoUsd: String(used.chargeNanoUsd),
      lines: [],
      source: { kind: "provider", name: provider ?? "the provider's own charge", asOf: null },
    }
  const model = textOf(call.model) ?? used.model
  if (model === undefined || model === "") return { error: 'model: is missing; write e.g. "gpt-5"' }
  const tier = used.serviceTier ?? textOf(call.serviceTier)
  const priced = prices.cost(
    {
      model,
      atMs,
      ...(provider !== undefined && { provider }),
      ...(tier !== undefined && { serviceTier: tier }),
    },
    used.usage,
  )
  if (priced.kind !== "priced") return { error: `${priced.kind}: ${priced.detail}` }
  const { nanoUsd, lines, source } = priced
  return {
    nanoUsd: String(nanoUsd),
    lines: lines.map((one) => ({ ...one, nanoUsdPerMillion: String(one.nanoUsdPerMillion) })),
    source,
  }
}

const EXAMPLES: Readonly<Record<string, string>> = {
  provider: '"openai"',
  model: '"gpt-5"',
  serviceTier: '"batch"',
}

const usedOf = (
  call: Json,
  provider: string | undefined,
): UsageRead | { readonly error: string } => {
  const { body } = call
  if (body === undefined || body === null) return countedBy(call.usage)
  const read = bodyUsage(shapeOf(provider, body), body)
  if (read === null) return { error: "body: it has no final usage" }
  return "problem" in read ? { error: `body: ${read.problem}` } : read
}

const bodyUsage = (shape: Shape, body: unknown): UsageAnswer => {
  if (typeof body === "string") return readUsageText(shape, body)
  if (!Array.isArray(body) && !isEvent(body)) return readUsage(shape, body)
  const stream = new UsageStream(shape)
  for (const event of Array.isArray(body) ? body : [body]) stream.take(event)
  stream.end()
  const { read, isFinal } = stream.answer
  return isFinal ? read : null
}

/** The last event of a response's stream, by itself. */
const isEvent = (body: unknown): boolean =>
  typeof body === "object" &&
  body !== null &&
  String((body as Json).type).startsWith("response.") &&
  Object.hasOwn(body, "response")

const countedBy = (usage: unknown): UsageRead | { readonly error: string } => {
  if (typeof usage !== "object" || usage === null || Array.isArray(usage))
    return {
      error:
        'usage: is missing; give the provider\'s `body`, or `usage` such as { "inputTokens": 12 }',
    }
  for (const [name, count] of Object.entries(usage))
    if (!COMPONENTS.has(name))
      return {
        error: `usage.${name.slice(0, 60)}: is not a component; there are ${USAGE_COMPONENTS.join(", ")}; give a provider's own usage as \`body\``,
      }
    else if (!Number.isSafeInteger(count) || count < 0)
      return { error: `usage.${name}: ${shown(count)} is not an integer from 0 to 2^53 − 1` }
  return { usage: usage as Usage }
}

const COMPONENTS: ReadonlySet<string> = new Set(USAGE_COMPONENTS)

/** Epoch milliseconds from an ISO instant with its zone, a day (in UTC), or milliseconds since 1973: seconds are a slip. */
const instantOf = (at: unknown): number | null => {
  if (typeof at === "number")
    return Number.isFinite(at) && at >= 1e11 && at <= 8.64e15 ? Math.floor(at) : null
  const atMs = typeof at === "string" && ISO.test(at) ? Date.parse(at) : Number.NaN
  return Number.isFinite(atMs) ? atMs : null
}

const ISO = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2}))?$/

const parse = (line: string): Json | null => {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Json)
      : null
  } catch {
    return null
  }
}

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined
