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

export interface CostLine {
  readonly component: UsageComponent
  readonly count: number
  readonly nanoUsdPerMillion: number
}

export type Cost =
  | { readonly kind: "cost"; readonly nanoUsd: NanoUsd; readonly lines: readonly CostLine[] }
  | { readonly kind: "unknown-rate" | "invalid-usage"; readonly detail: string }

/** What a call may use at most, as far as its price goes. */
export interface Bounds {
  readonly inputTokens: number
  readonly choices: number
  readonly audio: boolean
  readonly images: boolean
  readonly imageCount: number
  readonly searches: number
}

export type Worst =
  | {
      readonly kind: "worst"
      readonly baseNanoUsd: NanoUsd
      readonly perOutputTokenNanoUsd: NanoUsd
    }
  | { readonly kind: "unknown-rate" | "invalid-usage"; readonly detail: string }

export const STANDARD = Object.freeze({ times: 1, by: 1 })

/**
 * What a usage costs: exact, rounded up once, at the end (laws P1, P2).
 *
 * @example costOf({ components: { inputTokens: { base: 3_000_000_000, tiers: [] } }, factor: STANDARD }, { inputTokens: 1 })
 *   // => { kind: "cost", nanoUsd: 3000, lines: [...] }
 */
export const costOf = (rates: Rates, usage: Usage): Cost => {
  const input = inputOf(usage)
  const lines: CostLine[] = []
  let sum = 0n
  for (const component of USAGE_COMPONENTS) {
    const count = usage[component] ?? 0
    if (!isAmount(count))
      return {
        kind: "invalid-usage",
        detail: `\`${component}\` is \`${String(count)}\`, not a count`,
      }
    if (count === 0) continue
    const rate = rates.components[component]
    if (rate === undefined)
      return { kind: "unknown-rate", detail: `no rate is known for \`${component}\`` }
    const nanoUsdPerMillion = rateAt(rate, input)
    lines.push({ component, count, nanoUsdPerMillion })
    sum += scaled(component, rates) * BigInt(count) * BigInt(nanoUsdPerMillion)
  }
  const nano = divideUp(sum, 1_000_000n * BigInt(rates.factor.by))
  return nano <= BigInt(AMOUNT_MAX)
    ? { kind: "cost", nanoUsd: Number(nano), lines }
    : { kind: "invalid-usage", detail: "the cost would pass 2^53 − 1 nano-USD" }
}

/** The most that a call can cost: never below `costOf` of anything it can use (law P3). */
export const worstCaseOf = (rates: Rates, bounds: Bounds): Worst => {
  const input = dearest(rates, inputComponents(bounds), bounds.inputTokens)
  const output = dearest(rates, outputComponents(bounds), bounds.inputTokens)
  if (input === null) return { kind: "unknown-rate", detail: "no rate is known for its input" }
  if (typeof input === "string" || typeof output === "string")
    return {
      kind: "unknown-rate",
      detail: `no rate is known for \`${String(typeof input === "string" ? input : output)}\``,
    }
  let base = scaled("inputTokens", rates) * BigInt(bounds.inputTokens) * BigInt(input)
  for (const [component, count] of [
    ["webSearches", bounds.searches],
    ["images", bounds.imageCount],
  ] as const) {
    if (count === 0) continue
    const rate = rates.components[component]
    if (rate === undefined)
      return { kind: "unknown-rate", detail: `no rate is known for \`${component}\`` }
    base += scaled(component, rates) * BigInt(count) * BigInt(rateAt(rate, bounds.inputTokens))
  }
  const calls = rates.components.calls
  if (calls !== undefined) base += scaled("calls", rates) * BigInt(calls.base)
  const per = scaled("outputTokens", rates) * BigInt(bounds.choices) * BigInt(output ?? 0)
  const by = 1_000_000n * BigInt(rates.factor.by)
  const baseNano = divideUp(base, by)
  const perNano = divideUp(per, by)
  return baseNano <= BigInt(AMOUNT_MAX) && perNano <= BigInt(AMOUNT_MAX)
    ? { kind: "worst", baseNanoUsd: Number(baseNano), perOutputTokenNanoUsd: Number(perNano) }
    : { kind: "invalid-usage", detail: "the cost would pass 2^53 − 1 nano-USD" }
}

/** The rate that holds for a call of `input` tokens. */
export const rateAt = (rate: Rate, input: number): number => {
  let found = rate.base
  for (const tier of rate.tiers) if (input > tier.above) found = tier.rate
  return found
}

const INPUT: readonly UsageComponent[] = [
  "inputTokens",
  "cacheReadTokens",
  "cacheWriteTokens",
  "cacheWrite1hTokens",
  "audioInputTokens",
  "audioCacheReadTokens",
  "imageInputTokens",
]

const inputOf = (usage: Usage): number => INPUT.reduce((sum, name) => sum + (usage[name] ?? 0), 0)

const inputComponents = ({ audio, images }: Bounds): readonly UsageComponent[] => [
  ...INPUT.slice(0, 4),
  ...(audio ? INPUT.slice(4, 6) : []),
  ...(images ? INPUT.slice(6) : []),
]

const outputComponents = ({ audio, images }: Bounds): readonly UsageComponent[] => [
  "outputTokens",
  ...(audio ? (["audioOutputTokens"] as const) : []),
  ...(images ? (["imageOutputTokens"] as const) : []),
]

/** The dearest rate that any call of at most `input` tokens can meet; the name of a medium without one; null without any. */
const dearest = (
  rates: Rates,
  components: readonly UsageComponent[],
  input: number,
): number | string | null => {
  let most: number | null = null
  for (const component of components) {
    const rate = rates.components[component]
    if (rate === undefined) {
      if (component === "audioInputTokens") return component
      continue
    }
    most = Math.max(most ?? 0, rate.base)
    for (const tier of rate.tiers) if (input > tier.above) most = Math.max(most, tier.rate)
  }
  return most
}

/** Only what is counted in tokens has the service tier's factor; the rest is brought to the same divisor. */
const scaled = (component: UsageComponent, { factor }: Rates): bigint =>
  BigInt(component.endsWith("Tokens") ? factor.times : factor.by)

const divideUp = (value: bigint, by: bigint): bigint => (value + by - 1n) / by
