/** An amount as people write it: a decimal string, or a number. */
export type AmountJson = string | number

/** Periods of the calendar in one IANA time zone; UTC where none is named. */
interface ZonedJson {
  readonly timeZone?: string
}

/** Periods that need not start with their month or week; `startsOn` is the day, from 1. */
interface StartingJson extends ZonedJson {
  readonly startsOn?: number
}

/** How time is cut. Durations are texts of whole units, as in `1h30m`. */
export type WindowJson =
  | "hour"
  | "day"
  | "week"
  | "month"
  | "lifetime"
  | { readonly hour: ZonedJson }
  | { readonly day: ZonedJson }
  | { readonly week: StartingJson }
  | { readonly month: StartingJson }
  | { readonly every: string; readonly anchor?: string }
  | { readonly sliding: string; readonly buckets?: number }
  | { readonly lifetime: { readonly idle: string } }

/** A tier as people write it: a threshold, and what happens there. */
export interface TierJson {
  /** Percent of the limit (`80%`), or an amount in the budget's unit (`5usd`). */
  readonly at: AmountJson
  /** Channels that hear of it: all at once, or with `escalateAfter` one after the other. */
  readonly notify?: readonly string[]
  /** Of a latch: each further channel hears of it so long after the one before, until somebody acknowledges. */
  readonly escalateAfter?: string
  readonly message?: string
  readonly degrade?: string
  readonly block?: true
  readonly trip?: {
    readonly coolDown: string
    readonly maxCoolDown?: string
    readonly probation?: { readonly allow: AmountJson; readonly for: string }
  }
  readonly latch?: true
  readonly repeat?: string | false
}

/** A budget as people write it; `limit` names one unit. */
export interface BudgetJson {
  readonly id: string
  readonly per: readonly string[]
  readonly limit: {
    readonly usd?: AmountJson
    readonly usdNano?: AmountJson
    readonly tokens?: AmountJson
    readonly requests?: AmountJson
    readonly overrides?: Readonly<Record<string, AmountJson>>
  }
  readonly window: WindowJson
  readonly tiers: readonly TierJson[]
  readonly whenMissing?: "refuse" | "skip"
  readonly mode?: "enforce" | "observe"
  /** Hosts hold slices of it: at most this share of the limit each, for so long. */
  readonly lease?: { readonly share: string; readonly for: string }
  readonly match?: {
    readonly model?: readonly string[]
    readonly provider?: readonly string[]
    readonly subject?: Readonly<Record<string, readonly string[]>>
  }
}

/** A way out of a refusal, as people write it. */
export type FallbackJson =
  | { readonly model: string; readonly provider?: string; readonly next?: string }
  | { readonly wait: string; readonly next?: string }
  | { readonly answer: string }
  | { readonly custom: true; readonly next?: string }

/** A policy as people write it. */
export interface PolicyJson {
  readonly $schema?: string
  readonly budgets: readonly BudgetJson[]
  /** Prices are USD per million tokens. */
  readonly unknownModel:
    | "refuse"
    | "count-tokens-only"
    | { readonly price: { readonly inputUsd: AmountJson; readonly outputUsd: AmountJson } }
  readonly onStoreUnavailable:
    | "deny"
    | "allow"
    | { readonly degrade: string; readonly hosts: number }
  readonly maxOutputTokens?: number
  readonly minOutputTokens?: number
  readonly fallbacks?: Readonly<Record<string, FallbackJson>>
  readonly onRefused?: string
  readonly partitionBy?: string
}
