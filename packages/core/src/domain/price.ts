import { AMOUNT_MAX, isAmount, type NanoUsd } from "./money.ts"
import { USAGE_COMPONENTS, type Usage, type UsageComponent } from "./usage.ts"

/** A rate in nano-USD per million tokens (or pieces); dearer ones hold for the whole call where its input is longer. */
export interface Rate {
  readonly base: number
  /** By `above`, ascending: tokens of input beyond which `rate` holds. */
  readonly tiers: readonly { readonly above: number; readonly rate: number }[]
}

/** All rates of one model at one instant. A component without one has no known price. */
export interface Rates {
  readonly components: Readonly<Partial<Record<UsageComponent, Rate>>>
  /** A service tier's factor on everything counted in tokens, as a fraction: batch is 1/2. */
  readonly factor: { readonly times: number; readonly by: number }
}

/** One component's part of a cost: its count, and the rate that it was counted at. */
export interface CostLine {
  readonly component: UsageComponent
  readonly count: number
  /** Before the service tier's factor. */
  readonly nanoUsdPerMillion: number
}

/** What a usage costs, or why that is not known. */
export type Cost =
  | { readonly kind: "cost"; readonly nanoUsd: NanoUsd; readonly lines: readonly CostLine[] }
  | { readonly kind: "unknown-rate" | "invalid-usage"; readonly detail: string }

/** What a call may use at most, as far as its price goes. Counts are integers of at least 0. */
export interface Bounds {
  readonly inputTokens: number
  readonly choices: number
  readonly audio: boolean
  readonly images: boolean
  readonly imageCount: number
  readonly searches: number
  /** False where it writes nothing, as embeddings do; true unless given. */
  readonly hasOutput?: boolean
}

/** The most that a call can cost, beside its output and for each token of it; or why that is not known. */
export type Worst =
  | {
      readonly kind: "worst"
      readonly baseNanoUsd: NanoUsd
      readonly perOutputTokenNanoUsd: NanoUsd
    }
  | { readonly kind: "unknown-rate" | "invalid-usage"; readonly detail: string }

/** The factor of the standard service tier: prices as they are. */
export const STANDARD: Rates["factor"] = Object.freeze({ times: 1, by: 1 })

/**
 * What a usage costs: exact, rounded up once, at the end (laws P1, P2). A model that is billed by the call
 * bills one, unless the usage says otherwise.
 *
 * @returns `invalid-usage` before `unknown-rate`; a name that is no component is invalid, never free
 * @example costOf({ components: { inputTokens: { base: 3_000_000_000, tiers: [] } }, factor: STANDARD }, { inputTokens: 1 })
 *   // => { kind: "cost", nanoUsd: 3000, lines: [...] }
 */
export const costOf = (rates: Rates, usage: Usage): Cost => {
  const problem = problemOf(usage)
  if (problem !== null) return { kind: "invalid-usage", detail: problem }
  const input = inputOf(usage)
  const lines: CostLine[] = []
  let sum = 0n
  for (const component of USAGE_COMPONENTS) {
    const rate = rates.components[component]
    const count = usage[component] ?? (component === "calls" && rate !== undefined ? 1 : 0)
    if (count === 0) continue
    if (rate === undefined)
      return { kind: "unknown-rate", detail: `no rate is known for \`${component}\`` }
    const nanoUsdPerMillion = rateAt(rate, input)
    lines.push({ component, count, nanoUsdPerMillion })
    sum += scaled(component, rates) * BigInt(count) * BigInt(nanoUsdPerMillion)
  }
  const nano = divideUp(sum, 1_000_000n * BigInt(rates.factor.by))
  return nano <= BigInt(AMOUNT_MAX)
    ? { kind: "cost", nanoUsd: Number(nano), lines }
    : { kind: "invalid-usage", detail: TOO_MUCH }
}

/** The most that a call can cost: never below `costOf` of anything it can use that has a rate (law P3). */
export const worstCaseOf = (rates: Rates, bounds: Bounds): Worst => {
  for (const name of ["inputTokens", "choices", "imageCount", "searches"] as const)
    if (!isAmount(bounds[name])) return { kind: "invalid-usage", detail: notCount(name) }
  const most = (components: readonly UsageComponent[]): number | null =>
    dearest(rates, components, bounds.inputTokens)
  const input = most(inputComponents(bounds))
  const output = bounds.hasOutput === false ? 0 : most(outputComponents(bounds))
  const search = bounds.searches === 0 ? 0 : most(SEARCHES)
  const image = bounds.imageCount === 0 ? 0 : most(["images"])
  const heard = bounds.audio ? most(["audioInputTokens"]) : 0
  if (input === null || heard === null)
    return noRate(input === null ? "inputTokens" : "audioInputTokens")
  if (output === null) return noRate("outputTokens")
  if (search === null || image === null) return noRate(search === null ? "webSearches" : "images")
  const call = most(["calls"]) ?? 0
  const tokens = scaled("inputTokens", rates)
  const pieces = scaled("calls", rates)
  const base =
    tokens * BigInt(bounds.inputTokens) * BigInt(input) +
    pieces * BigInt(bounds.searches) * BigInt(search) +
    pieces * BigInt(bounds.imageCount) * BigInt(image) +
    pieces * BigInt(call)
  const by = 1_000_000n * BigInt(rates.factor.by)
  const baseNano = divideUp(base, by)
  const perNano = divideUp(tokens * BigInt(bounds.choices) * BigInt(output), by)
  return baseNano <= BigInt(AMOUNT_MAX) && perNano <= BigInt(AMOUNT_MAX)
    ? { kind: "worst", baseNanoUsd: Number(baseNano), perOutputTokenNanoUsd: Number(perNano) }
    : { kind: "invalid-usage", detail: TOO_MUCH }
}

/** The rate that holds for a call of `input` tokens. */
export const rateAt = (rate: Rate, input: number): number => {
  let found = rate.base
  for (const tier of rate.tiers) if (input > tier.above) found = tier.rate
  return found
}

/** What is wrong with a usage: a count that is not one, or what is not counted here at all. */
const problemOf = (usage: Usage): string | null => {
  if (typeof usage !== "object" || usage === null) return "the usage is not an object"
  for (const name of Object.keys(usage)) {
    if (!COMPONENTS.has(name)) return `\`${name.slice(0, 60)}\` is not a component`
    const count = usage[name as UsageComponent]
    if (count !== undefined && !isAmount(count)) return notCount(name)
  }
  return null
}

const COMPONENTS: ReadonlySet<string> = new Set(USAGE_COMPONENTS)

/** All input tokens: what the thresholds of long contexts are compared with. */
const INPUT: readonly UsageComponent[] = [
  "inputTokens",
  "cacheReadTokens",
  "cacheWriteTokens",
  "cacheWrite1hTokens",
  "audioInputTokens",
  "audioCacheReadTokens",
  "imageInputTokens",
  "imageCacheReadTokens",
  "videoInputTokens",
]

const AUDIO: ReadonlySet<UsageComponent> = new Set(["audioInputTokens", "audioCacheReadTokens"])
const IMAGES: ReadonlySet<UsageComponent> = new Set(["imageInputTokens", "imageCacheReadTokens"])

/** One bound is for both kinds. */
const SEARCHES: readonly UsageComponent[] = ["webSearches", "fileSearches"]

const inputOf = (usage: Usage): number => INPUT.reduce((sum, name) => sum + (usage[name] ?? 0), 0)

const inputComponents = ({ audio, images }: Bounds): readonly UsageComponent[] =>
  INPUT.filter((name) => (audio || !AUDIO.has(name)) && (images || !IMAGES.has(name)))

/** A model that draws or films does so unasked; sound is asked for. */
const outputComponents = ({ audio }: Bounds): readonly UsageComponent[] => [
  "outputTokens",
  "imageOutputTokens",
  "videoOutputTokens",
  ...(audio ? (["audioOutputTokens"] as const) : []),
]

/** The dearest known rate that any call of at most `input` tokens can meet; null where none is known. */
const dearest = (
  rates: Rates,
  components: readonly UsageComponent[],
  input: number,
): number | null => {
  let most: number | null = null
  for (const component of components) {
    const rate = rates.components[component]
    if (rate === undefined) continue
    most = Math.max(most ?? 0, rate.base)
    for (const tier of rate.tiers) if (input > tier.above) most = Math.max(most, tier.rate)
  }
  return most
}

/** Only what is counted in tokens has the service tier's factor; the rest is brought to the same divisor. */
const scaled = (component: UsageComponent, { factor }: Rates): bigint =>
  BigInt(component.endsWith("Tokens") ? factor.times : factor.by)

const divideUp = (value: bigint, by: bigint): bigint => (value + by - 1n) / by

const noRate = (component: UsageComponent): Worst => ({
  kind: "unknown-rate",
  detail: `no rate is known for \`${component}\``,
})

/** A count may be as long as an attacker likes; its name is enough. */
const notCount = (name: string): string => `\`${name}\` is not an integer from 0 to 2^53 − 1`
const TOO_MUCH = "the cost would pass 2^53 − 1 nano-USD"
