import type { Unit } from "./terms.ts"
import type { DurationMs } from "./time.ts"
import type { Window } from "./window.ts"

/** A threshold: percent of the limit, or an amount in the budget's unit (nano-USD for `usd`). */
export type Threshold = { readonly percent: number } | { readonly amount: number }

/** One tier of a budget, decoded. At most one blocking effect. */
export interface Tier {
  readonly at: Threshold
  /** Further levels at each further share of the limit, in percent; blocking tiers repeat by 100 unless they say otherwise, 0 is never. */
  readonly repeatPercent?: number
  readonly effect?:
    | { readonly kind: "block" | "latch" }
    | {
        readonly kind: "trip"
        readonly coolDownMs: DurationMs
        readonly maxCoolDownMs?: DurationMs
        readonly probation?: { readonly allow: Threshold; readonly forMs: DurationMs }
      }
  /** A fallback's name. */
  readonly degrade?: string
  readonly notify?: readonly string[]
  readonly message?: string
}

/** A line of the policy. */
export interface Budget {
  readonly id: string
  /** The dimensions it counts by. */
  readonly per: readonly string[]
  readonly unit: Unit
  /** In the unit: nano-USD, tokens or requests; above 0. */
  readonly limit: number
  /** Limits of single accounts, by the value of the last of `per`. */
  readonly overrides?: ReadonlyMap<string, number>
  readonly window: Window
  readonly tiers: readonly Tier[]
  readonly whenMissing?: "refuse" | "skip"
  readonly observe?: boolean
}

/** What compiling needs of a policy; a decoded, valid one. */
export interface Policy {
  readonly budgets: readonly Budget[]
  /** Of each fallback, itself and those after it in its chain. */
  readonly fallbackChains?: ReadonlyMap<string, readonly string[]>
  readonly partitionBy?: string
}
