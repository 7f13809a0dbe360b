import type { Policy } from "../../domain/policy.ts"
import type { Rates } from "../../domain/price.ts"
import type { DurationMs, EpochMs } from "../../domain/time.ts"

/** Integers from `least` to `most`: as many of them at or below `median` as above. */
export interface Spread {
  readonly least: number
  readonly median: number
  readonly most: number
}

/** A part of all calls, in millionths, from one instant until another. */
export interface Share {
  readonly millionths: number
  readonly fromMs: EpochMs
  readonly untilMs: EpochMs
}

/** Rates from an instant on. */
export interface DatedRates {
  readonly fromMs: EpochMs
  readonly rates: Rates
}

/** What a provider bills for a model, and what those who count believe; oldest rates first. */
export interface FleetModel {
  readonly name: string
  readonly provider: string | null
  /** Tokens; null: nothing but the call's own limit bounds what it writes. */
  readonly maxOutput: number | null
  readonly billed: readonly DatedRates[]
  /** What the fuse's list says; empty: it does not know the model. */
  readonly listed: readonly DatedRates[]
  /** What the post-hoc counter's list says; empty: it counts nothing. */
  readonly counted: readonly DatedRates[]
}

/** When an actor makes its calls. */
export type Pace =
  /** One call after the other, at random intervals. */
  | { readonly kind: "human"; readonly everyMs: DurationMs }
  /** Tasks of some turns, each call carrying what was said before; children run beside their parent. */
  | {
      readonly kind: "agent"
      /** Between the beginnings of tasks, at random; null: one task. */
      readonly everyMs: DurationMs | null
      readonly turns: Spread
      /** Tokens that each turn adds to the input. */
      readonly grows: number
      readonly thinksMs: Spread
      readonly spawns: {
        readonly millionths: number
        readonly count: Spread
        readonly depth: number
      } | null
    }
  /** A list of items, some at once. */
  | { readonly kind: "batch"; readonly items: number; readonly parallel: number }
  /** Calls without end, some at once; with `doublesEveryMs` it begins with one and grows. */
  | {
      readonly kind: "loop"
      readonly parallel: number
      readonly thinksMs: Spread
      readonly doublesEveryMs: DurationMs | null
    }

/** Somebody who makes calls. */
export interface Actor {
  readonly name: string
  readonly kind: "human" | "agent" | "batch" | "loop" | "leaked-key"
  readonly count: number
  /** A value per dimension, with `{n}` and an agent's `{task}` to be filled in. */
  readonly subject: Readonly<Record<string, string>>
  readonly model: FleetModel
  readonly input: Spread
  readonly output: Spread
  readonly limit: number | null
  readonly takesMs: Spread
  readonly fromMs: EpochMs
  readonly untilMs: EpochMs
  readonly isWanted: boolean
  readonly refused: "skip" | "stop" | "retry" | "wait"
  readonly retryAfterMs: DurationMs
  readonly pace: Pace
  /** Calls that the provider answers with an error, and what it bills for them. */
  readonly fails:
    | (Share & {
        readonly retries: number
        readonly afterMs: DurationMs
        readonly bills: "nothing" | "input" | "all"
      })
    | null
  /** Calls whose answer is as long as it may be. */
  readonly injected: Share | null
  /** Calls whose client leaves half way. */
  readonly cancels: Share | null
}

/** What goes wrong with the machines; hosts count from 1. */
export type Fault =
  | { readonly kind: "store-outage"; readonly fromMs: EpochMs; readonly untilMs: EpochMs }
  | {
      readonly kind: "slow-store"
      /** It answers so much later. */
      readonly byMs: DurationMs
      readonly fromMs: EpochMs
      readonly untilMs: EpochMs
    }
  | {
      readonly kind: "host-crash"
      readonly host: number
      readonly fromMs: EpochMs
      readonly untilMs: EpochMs
    }
  | {
      readonly kind: "clock-skew"
      readonly host: number
      /** Positive: its clock is ahead. */
      readonly byMs: number
      readonly fromMs: EpochMs
      readonly untilMs: EpochMs
    }

/** How the post-hoc counter works. */
export interface CounterTerms {
  readonly delayMs: DurationMs
  readonly perHost: boolean
  readonly addsPerHost: boolean
  readonly resetsLateMs: DurationMs
  readonly renews: boolean
  readonly resumesMs: DurationMs | null
  readonly leaksHolds: boolean
  readonly storeDown: "allow" | "deny"
}

/** What people do who are paged. */
export interface People {
  readonly answerInMs: DurationMs
  readonly acknowledge: boolean
  /** Names of the actors that they stop. */
  readonly stop: readonly string[]
}

/** What must be so under the fuse. */
export interface Expectations {
  /** Nano-USD, by the provider's bill. */
  readonly spentAtMost: number | null
  readonly pagesAtLeast: number | null
  /** Millionths of an actor's calls that are refused at least once, by its name. */
  readonly refusedAtMost: ReadonlyMap<string, number>
}

/** A fleet, the policy that it runs under, and what goes wrong. */
export interface Fleet {
  readonly title: string
  readonly why: string | null
  readonly source: string | null
  readonly startMs: EpochMs
  readonly endMs: EpochMs
  readonly hosts: number
  readonly policy: Policy
  readonly models: ReadonlyMap<string, FleetModel>
  readonly actors: readonly Actor[]
  readonly faults: readonly Fault[]
  readonly people: People | null
  /** Nano-USD of a day above which the billing alert rings; null: there is none. */
  readonly alertAtNanoUsd: number | null
  readonly counter: CounterTerms
  readonly expect: Expectations
}
