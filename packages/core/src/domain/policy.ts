import type { RuleAdds, RuleClaim, RuleFacts } from "./rule.ts"
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
  /** Channels that hear of it: at once, or with `escalateAfterMs` in this order. */
  readonly notify?: readonly string[]
  /** Of a latch with two channels or more: each further one hears of it so long after the one before, until it is acknowledged. */
  readonly escalateAfterMs?: DurationMs
  readonly message?: string
}

/** What narrows a budget to some requests: patterns with `*` for any run of characters, one of each named field must match. */
export interface Match {
  readonly model?: readonly string[]
  readonly provider?: readonly string[]
  /** By dimension, patterns of the subject's value; a subject without the dimension does not match. */
  readonly subject?: Readonly<Record<string, readonly string[]>>
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
  readonly match?: Match
  /** The rule that it is of: it binds only the requests that the rule adds it to. */
  readonly rule?: string
  /** Absent: every call asks the store. */
  readonly lease?: Lease
}

/** How a host may hold a slice of a budget's accounts and decide by itself. */
export interface Lease {
  /** Of the limit, at most; above 0, at most 25. */
  readonly sharePercent: number
  /** Life of what is held without a heartbeat. */
  readonly forMs: DurationMs
}

/** A named way out that tiers and refusals may use; `next` is tried where it is refused itself. */
export type Fallback =
  | {
      readonly kind: "model"
      readonly model: string
      readonly provider?: string
      readonly next?: string
    }
  /** Wait this long at most for the refusal to end, then ask again. */
  | { readonly kind: "wait"; readonly forMs: DurationMs; readonly next?: string }
  /** A canned text, given instead of the call. */
  | { readonly kind: "answer"; readonly text: string }
  /** A handler of the host, by the fallback's own name. */
  | { readonly kind: "custom"; readonly next?: string }

/** What a model without a known price means. There is no silent zero. */
export type UnknownModel =
  | { readonly kind: "refuse" }
  /** Nano-USD per million tokens. */
  | { readonly kind: "price"; readonly inputPerMillion: number; readonly outputPerMillion: number }
  | { readonly kind: "count-tokens-only" }

/** What a store that does not answer means. */
export type OnStoreUnavailable =
  | { readonly kind: "deny" }
  | { readonly kind: "allow" }
  | { readonly kind: "degrade"; readonly sharePercent: number; readonly hosts: number }

/** What compiling needs of a policy. */
export interface BudgetPolicy {
  readonly budgets: readonly Budget[]
  /** Of each fallback, itself and those after it in its chain. */
  readonly fallbackChains?: ReadonlyMap<string, readonly string[]>
  readonly partitionBy?: string
  /** A host's own limits; see `LimitFor`. */
  readonly limitFor?: LimitFor
}

/** Whose limit is asked for: a budget and the values of its `per`, in that order. */
export interface LimitedAccount {
  readonly budget: string
  readonly per: readonly string[]
  readonly values: readonly string[]
}

/**
 * A host's own limit of one account, in the budget's unit (nano-USD for `usd`), an integer above 0;
 * `undefined` where the policy's holds. It wins over `limit.overrides`.
 */
export type LimitFor = (account: LimitedAccount) => number | undefined

/** A decoded, valid policy. */
export interface Policy extends BudgetPolicy {
  readonly unknownModel: UnknownModel
  readonly onStoreUnavailable: OnStoreUnavailable
  /** What a call without an output limit of its own is bounded to, in tokens. */
  readonly maxOutputTokens: number | null
  /** A grant never clamps a call below this many output tokens. */
  readonly minOutputTokens: number
  readonly fallbacks: ReadonlyMap<string, Fallback>
  /** The fallback that a refusal starts with, where no degrade tier names one; null for none. */
  readonly onRefused: string | null
  /** The host's own rules; their budgets are among the policy's. */
  readonly rules?: readonly Rule[]
}

/** A host's own addition to the plans of a policy, decoded. */
export interface Rule {
  readonly name: string
  /** Their ids are `name:id`. */
  readonly budgets: readonly Budget[]
  readonly claims: readonly RuleClaim[]
  readonly apply: (facts: RuleFacts) => RuleAdds
}
