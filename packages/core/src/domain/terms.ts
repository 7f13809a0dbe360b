import { AMOUNT_MAX } from "./money.ts"
import type { DurationMs } from "./time.ts"

/** What a line counts: nano-USD, tokens, or requests. */
export type Unit = "usd" | "tokens" | "requests"

/** An amount per unit: nano-USD, tokens, requests; each an integer from 0 to 2^53 − 1. */
export interface Amounts {
  readonly usd: number
  readonly tokens: number
  readonly requests: number
}

/** No amount of any unit. */
export const NOTHING: Amounts = Object.freeze({ usd: 0, tokens: 0, requests: 0 })

/** Probation after a cool-down: how much may be spent (in the line's unit), and for how long. */
export interface Probation {
  readonly allow: number
  readonly forMs: DurationMs
}

/** What a blocking tier does to its account; `rank` of strength: latch, trip, block. */
export type BlockingEffect =
  | { readonly kind: "block" }
  | {
      readonly kind: "trip"
      readonly coolDownMs: DurationMs
      readonly maxCoolDownMs: DurationMs
      readonly probation: Probation | null
    }
  | { readonly kind: "latch" }

/** One tier as a store sees it: amounts in the line's unit, no percentages. */
export interface TierTerms {
  /** The first level. */
  readonly at: number
  /** The distance between its levels; 0 where it has only one. */
  readonly repeat: number
  readonly effect: BlockingEffect | null
  /** The fallbacks that a request may come `via` while the tier is reached, in order; null where it does not degrade. */
  readonly degrade: readonly string[] | null
  /** Channels that hear of it; with `escalateAfterMs` in this order, one after the other. */
  readonly notify: readonly string[]
  /** Of a latch: each channel but the first hears of it so long after the one before, until it is acknowledged; 0: all at once. */
  readonly escalateAfterMs: DurationMs
  readonly message: string
  /** For people: the threshold in percent of the limit, or null where it is an absolute amount. */
  readonly percent: number | null
}

/** What a line of a reservation carries. It lives and dies under the terms it was made with. */
export interface Terms {
  /** Hash of the content. */
  readonly id: string
  readonly budget: string
  readonly unit: Unit
  readonly limit: number
  /** Nothing is refused: `mode: "observe"`. */
  readonly observe: boolean
  /** What cuts time: another window of the same budget has meters of its own. */
  readonly window: string
  /** 0 unless the window slides: then its length and that of a bucket. */
  readonly slidingMs: DurationMs
  readonly bucketMs: DurationMs
  /** 0 unless the window is a lifetime: forgotten after this long without use. */
  readonly idleMs: DurationMs
  /** By first level, ascending. */
  readonly tiers: readonly TierTerms[]
}

/** The highest level of a tier at or below `amount`, 0 where there is none. No loop over repeats. */
export const levelAtOrBelow = (tier: Pick<TierTerms, "at" | "repeat">, amount: number): number => {
  if (amount < tier.at) return 0
  if (tier.repeat === 0) return tier.at
  return tier.at + Math.floor((amount - tier.at) / tier.repeat) * tier.repeat
}

/** The lowest level of a tier above `amount`, Infinity where no meter can reach one. */
export const levelAbove = (tier: Pick<TierTerms, "at" | "repeat">, amount: number): number => {
  if (amount < tier.at) return tier.at
  if (tier.repeat === 0) return Number.POSITIVE_INFINITY
  const steps = Math.floor((amount - tier.at) / tier.repeat) + 1
  const level = tier.at + steps * tier.repeat
  return level <= AMOUNT_MAX ? level : Number.POSITIVE_INFINITY
}

/** What `base + n × perUnit` is in each unit. */
export const amountsOf = (
  { base, perUnit }: { readonly base: Amounts; readonly perUnit: Amounts },
  n: number,
): Amounts => ({
  usd: base.usd + n * perUnit.usd,
  tokens: base.tokens + n * perUnit.tokens,
  requests: base.requests + n * perUnit.requests,
})
