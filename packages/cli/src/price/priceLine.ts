import { readUsage, type Shape } from "@spendfuse/adapters/fetch"
import type { Prices, Usage } from "@spendfuse/core"

/** One line's answer: exactly one of a price and an error. */
export type PriceAnswer =
  | {
      readonly nanoUsd: string
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

/**
 * Prices one line: `{ provider, model, at, body | usage, serviceTier? }`. Any text has one answer.
 *
 * @example priceLine('{"provider":"openai","model":"gpt-5","at":"2026-01-01T00:00:00Z","usage":{"inputTokens":1000000}}', libraryPrices())
 */
export const priceLine = (line: string, prices: Prices): PriceAnswer => {
  const call = parse(line)
  if (call === null) return { error: "the line is not a JSON object" }
  const provider = call.provider
  if (provider !== undefined && typeof provider !== "string")
    return { error: `provider: ${shown(provider)} is not a name; write e.g. "openai"` }
  const atMs = instantOf(call.at)
  if (atMs === null)
    return { error: `at: ${shown(call.at)} is not an instant; write e.g. "2026-01-01T00:00:00Z"` }
  const used = usageOf(call, provider)
  if ("error" in used) return used
  const model = typeof call.model === "string" ? call.model : used.model
  if (model === undefined || model === "") return { error: 'model: is missing; write e.g. "gpt-5"' }
  if (used.chargeNanoUsd !== undefined)
    return {
      nanoUsd: String(used.chargeNanoUsd),
      lines: [],
      source: { kind: "provider", name: provider ?? "the provider's own charge", asOf: null },
    }
  const tier = typeof call.serviceTier === "string" ? call.serviceTier : used.serviceTier
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
  return {
    nanoUsd: String(priced.nanoUsd),
    lines: priced.lines.map((one) => ({
      ...one,
      nanoUsdPerMillion: String(one.nanoUsdPerMillion),
    })),
    source: priced.source,
  }
}

interface Used {
  readonly usage: Usage
  readonly model?: string
  readonly serviceTier?: string
  readonly chargeNanoUsd?: number
}

const usageOf = (call: Json, provider: string | undefined): Used | { readonly error: string } => {
  if (call.body === undefined) {
    const usage = call.usage
    if (typeof usage !== "object" || usage === null || Array.isArray(usage))
      return {
        error:
          'usage: is missing; give the provider\'s `body`, or `usage` such as { "inputTokens": 12 }',
      }
    for (const [name, count] of Object.entries(usage))
      if (!COMPONENTS.has(name)) return { error: `usage.${name}: is not a component` }
      else if (!Number.isSafeInteger(count) || (count as number) < 0)
        return { error: `usage.${name}: ${shown(count)} is not an integer of at least 0` }
    return { usage: usage as Usage }
  }
  const read = readUsage(shapeOf(provider, call.body), call.body)
  if (read === null) return { error: "body: it has no usage" }
  return "problem" in read ? { error: `body: ${read.problem}` } : read
}

const COMPONENTS = new Set(
  "inputTokens cacheReadTokens cacheWriteTokens cacheWrite1hTokens outputTokens audioInputTokens audioCacheReadTokens audioOutputTokens imageInputTokens imageOutputTokens images webSearches calls".split(
    " ",
  ),
)

/** By the provider, else by what only one of them writes. */
const shapeOf = (provider: string | undefined, body: unknown): Shape => {
  if (provider === "anthropic") return "anthropic-messages"
  if (typeof body === "object" && body !== null) {
    if (Object.hasOwn(body, "usageMetadata")) return "gemini"
    if ((body as Json).type === "message") return "anthropic-messages"
  }
  return "openai-chat"
}

const instantOf = (at: unknown): number | null => {
  const atMs = typeof at === "string" ? Date.parse(at) : typeof at === "number" ? at : Number.NaN
  return Number.isFinite(atMs) ? atMs : null
}

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

const shown = (value: unknown): string =>
  value === undefined ? "nothing" : `\`${(JSON.stringify(value) ?? String(value)).slice(0, 60)}\``
