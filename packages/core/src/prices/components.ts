import type { ModelPrice, TieredPrices } from "@pydantic/genai-prices"
import type { Rate, Rates } from "../domain/price.ts"
import { USAGE_COMPONENTS, type UsageComponent } from "../domain/usage.ts"
import { decimalNano } from "./decimal.ts"

type Components = Rates["components"]

/** Which model of which provider a price is of, by the library's names. */
export interface Listed {
  readonly provider: string
  readonly model: string
}

/**
 * A price of the library as exact integers: nano-USD per million tokens, or per million pieces.
 *
 * A component without a rate of its own takes another's only where the provider bills it so; any other stays
 * without one, and is never free.
 *
 * @returns null where a price is not a decimal number of at least 0
 */
export const componentsOf = (price: ModelPrice, listed: Listed): Components | null => {
  if (isFree(price, listed)) return FREE
  const components: Partial<Record<UsageComponent, Rate>> = {}
  for (const [component, key, times] of KEYS) {
    const value = price[key]
    if (value === undefined) continue
    const rate = rateOf(value, times)
    if (rate === null) return null
    components[component] = rate
  }
  return standIns(components, listed)
}

/** USD per million tokens, except `kcount`: USD per thousand pieces. */
const KEYS: readonly (readonly [UsageComponent, string, number])[] = [
  ["inputTokens", "input_mtok", 1],
  ["cacheReadTokens", "cache_read_mtok", 1],
  ["cacheWriteTokens", "cache_write_mtok", 1],
  ["cacheWrite1hTokens", "cache_write_1h_mtok", 1],
  ["outputTokens", "output_mtok", 1],
  ["audioInputTokens", "input_audio_mtok", 1],
  ["audioCacheReadTokens", "cache_audio_read_mtok", 1],
  ["audioOutputTokens", "output_audio_mtok", 1],
  ["imageInputTokens", "input_image_mtok", 1],
  ["imageCacheReadTokens", "cache_image_read_mtok", 1],
  ["imageOutputTokens", "output_image_mtok", 1],
  ["videoInputTokens", "input_video_mtok", 1],
  ["videoOutputTokens", "output_video_mtok", 1],
  ["webSearches", "web_searches_kcount", 1_000],
  ["fileSearches", "storage_searches_kcount", 1_000],
  ["calls", "requests_kcount", 1_000],
]

/**
 * Rates that stand in for missing ones. What is read from a cache is never dearer than what is not; pixels are
 * input as text is; an override is read in the same way.
 */
export const withCaches = (known: Components): Components => {
  const found = { ...known }
  const stand = (component: UsageComponent, other: UsageComponent): void => {
    const rate = found[other]
    if (found[component] === undefined && rate !== undefined) found[component] = rate
  }
  stand("imageInputTokens", "inputTokens")
  stand("cacheReadTokens", "inputTokens")
  stand("audioCacheReadTokens", "audioInputTokens")
  stand("imageCacheReadTokens", "imageInputTokens")
  return found
}

const standIns = (known: Components, { provider, model }: Listed): Components => {
  const { inputTokens, outputTokens } = known
  const isGoogle = provider === "google"
  return withCaches({
    // Gemini's page has one input price for all media, and names a medium only where its price differs (read 2026-11).
    ...(isGoogle &&
      inputTokens && { audioInputTokens: inputTokens, videoInputTokens: inputTokens }),
    // What a speech model writes is sound, what an image model draws is pixels, and the list's output price is theirs.
    ...(/(^|[-_])tts([-_]|$)/.test(model) && outputTokens && { audioOutputTokens: outputTokens }),
    ...(/^gpt-image-/.test(model) && outputTokens && { imageOutputTokens: outputTokens }),
    ...(/claude/.test(model) && inputTokens && { cacheWrite1hTokens: twice(inputTokens) }),
    ...known,
  })
}

/** Anthropic: a one-hour cache write costs twice the input, whoever serves the model ("Prompt caching", read 2026-11). */
const twice = ({ base, tiers }: Rate): Rate => ({
  base: 2 * base,
  tiers: tiers.map(({ above, rate }) => ({ above, rate: 2 * rate })),
})

/**
 * An empty price means free, unknown, or billed in another way. It is free where the name says so, and for
 * Gemma on the Gemini API, which has no paid tier (ai.google.dev, "Pricing", read 2026-11).
 */
const isFree = (price: ModelPrice, { provider, model }: Listed): boolean =>
  Object.keys(price).length === 0 &&
  (model.endsWith(":free") || (provider === "google" && model.startsWith("gemma-")))

const FREE: Components = Object.freeze(
  Object.fromEntries(
    USAGE_COMPONENTS.filter((name) => name.endsWith("Tokens")).map((name) => [
      name,
      { base: 0, tiers: [] },
    ]),
  ),
)

const rateOf = (value: number | TieredPrices, times: number): Rate | null => {
  const tiered = typeof value === "number" ? { base: value, tiers: [] } : value
  const base = decimalNano(tiered.base, times)
  if (base === null) return null
  const tiers: { above: number; rate: number }[] = []
  for (const { start, price } of tiered.tiers) {
    const rate = decimalNano(price, times)
    if (rate === null) return null
    tiers.push({ above: start, rate })
  }
  return { base, tiers: tiers.sort((one, other) => one.above - other.above) }
}
