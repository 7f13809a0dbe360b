import { calcPrice, type ModelPrice, type TieredPrices } from "@pydantic/genai-prices"
import { costOf, type Rate, type Rates, worstCaseOf } from "../domain/price.ts"
import type { UsageComponent } from "../domain/usage.ts"
import type { PricedModel, PriceSource, Prices, Unpriced } from "../ports/Prices.ts"
import { decimalNano } from "./decimal.ts"
import type { Found } from "./found.ts"
import { type PriceOverride, readOverrides } from "./overrides.ts"
import { factorOf } from "./serviceTiers.ts"

export interface LibraryPricesOptions {
  /** Rates of your own, tried first, the last that matches and is in force wins. */
  readonly overrides?: readonly PriceOverride[]
}

/** The version of the price library's data, and the day on which it was published. */
const LIBRARY: PriceSource = {
  kind: "library",
  name: "@pydantic/genai-prices 0.1.8",
  asOf: "2026-09-22",
}

/**
 * Prices of most models of most providers, from `@pydantic/genai-prices`, compiled to exact integers.
 *
 * @throws PolicyInvalid where an override cannot be read, with its path and the mend
 * @example libraryPrices().cost({ provider: "openai", model: "gpt-5", atMs: Date.now() }, { inputTokens: 1_000_000 })
 */
export const libraryPrices = (options: LibraryPricesOptions = {}): Prices => {
  const overrides = readOverrides(options.overrides ?? [])
  const kept = new Map<string, Found | Unpriced>()
  const find = (model: PricedModel): Found | Unpriced => {
    const day = Math.floor(model.atMs / 3_600_000)
    const key = JSON.stringify([model.provider, model.model, model.serviceTier, day])
    const known = kept.get(key)
    if (known !== undefined) return known
    if (kept.size >= KEPT_MAX) kept.clear()
    const found = overrides.find(model) ?? fromLibrary(model)
    kept.set(key, found)
    return found
  }
  return {
    cost: (model, usage) => {
      const found = find(model)
      if (found.kind !== "found") return found
      const cost = costOf(found.rates, usage)
      if (cost.kind !== "cost")
        return { kind: cost.kind, detail: `${named(model)}: ${cost.detail}` }
      return { kind: "priced", nanoUsd: cost.nanoUsd, lines: cost.lines, source: found.source }
    },
    worstCase: (model, bounds) => {
      const found = find(model)
      if (found.kind !== "found") return found
      const worst = worstCaseOf(found.rates, bounds)
      if (worst.kind !== "worst")
        return { kind: worst.kind, detail: `${named(model)}: ${worst.detail}` }
      const { baseNanoUsd, perOutputTokenNanoUsd } = worst
      return { kind: "bounded", baseNanoUsd, perOutputTokenNanoUsd, source: found.source }
    },
    maxOutputTokens: (model) => {
      const found = find(model)
      return found.kind === "found" ? found.contextTokens : null
    },
    sources: [...overrides.sources, LIBRARY],
  }
}

const KEPT_MAX = 1_000

const fromLibrary = (model: PricedModel): Found | Unpriced => {
  const found = lookUp(model)
  if (found === null)
    return {
      kind: "unknown-model",
      detail: `${named(model)} has no price in ${LIBRARY.name}; add an override, or set \`unknownModel\` in the policy`,
    }
  const factor = factorOf(found.provider.id, found.model.id, model.serviceTier)
  if (factor === null)
    return {
      kind: "unknown-rate",
      detail: `${named(model)}: no rate is known for service tier \`${model.serviceTier}\`; add an override`,
    }
  const components = compiled(found.model_price, found.provider.id)
  if (components === null)
    return { kind: "unknown-rate", detail: `${named(model)}: its price is not a decimal number` }
  return {
    kind: "found",
    rates: { components, factor },
    source: LIBRARY,
    contextTokens: found.model.context_window ?? null,
  }
}

/** The library throws for names that it does not expect; to a caller that is an unknown model. */
const lookUp = ({ provider, model, atMs }: PricedModel) => {
  try {
    const where = provider === undefined ? {} : { providerId: provider }
    return calcPrice({}, model, { ...where, timestamp: new Date(atMs) })
  } catch {
    return null
  }
}

/** USD per million tokens, except `kcount`: USD per thousand pieces. */
const KEYS: readonly (readonly [UsageComponent, readonly string[], number])[] = [
  ["inputTokens", ["input_mtok"], 1],
  ["cacheReadTokens", ["cache_read_mtok", "input_mtok"], 1],
  ["cacheWriteTokens", ["cache_write_mtok", "input_mtok"], 1],
  ["cacheWrite1hTokens", ["cache_write_1h_mtok"], 1],
  ["outputTokens", ["output_mtok"], 1],
  ["audioInputTokens", ["input_audio_mtok"], 1],
  ["audioCacheReadTokens", ["cache_audio_read_mtok", "input_audio_mtok"], 1],
  ["audioOutputTokens", ["output_audio_mtok"], 1],
  ["imageInputTokens", ["input_image_mtok", "input_mtok"], 1],
  ["imageOutputTokens", ["output_image_mtok", "output_mtok"], 1],
  ["webSearches", ["web_searches_kcount"], 1_000],
  ["calls", ["requests_kcount"], 1_000],
]

const compiled = (price: ModelPrice, provider: string): Rates["components"] | null => {
  const components: Partial<Record<UsageComponent, Rate>> = {}
  for (const [component, keys, times] of KEYS) {
    const value = keys.map((key) => price[key]).find((known) => known !== undefined)
    if (value === undefined) continue
    const rate = rateOf(value, times)
    if (rate === null) return null
    components[component] = rate
  }
  // A model that reads text and writes none is billed for its input alone.
  if (components.outputTokens === undefined) components.outputTokens = { base: 0, tiers: [] }
  const hour = components.cacheWrite1hTokens ?? hourOf(components.inputTokens, provider)
  return hour === null ? components : { ...components, cacheWrite1hTokens: hour }
}

/** Anthropic: a one-hour cache write costs twice the input (docs.claude.com, prompt caching; read 2026-09). */
const hourOf = (input: Rate | undefined, provider: string): Rate | null =>
  provider !== "anthropic" || input === undefined
    ? null
    : {
        base: 2 * input.base,
        tiers: input.tiers.map(({ above, rate }) => ({ above, rate: 2 * rate })),
      }

const rateOf = (value: number | TieredPrices, times: number): Rate | null => {
  const tiered = typeof value === "number" ? { base: value, tiers: [] } : value
  const base = decimalNano(tiered.base, times)
  const tiers = tiered.tiers.map(({ start, price }) => ({
    above: start,
    rate: decimalNano(price, times),
  }))
  if (base === null || tiers.some(({ rate }) => rate === null)) return null
  return { base, tiers: tiers.map(({ above, rate }) => ({ above, rate: rate ?? 0 })) }
}

const named = ({ provider, model }: PricedModel): string =>
  provider === undefined
    ? `model \`${model.slice(0, 100)}\``
    : `model \`${provider}/${model.slice(0, 100)}\``
