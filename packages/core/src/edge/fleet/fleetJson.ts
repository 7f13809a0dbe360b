import type { PolicyJson } from "../policyJson.ts"

/** A decimal string, or a number. */
type AmountJson = string | number

/** A count: always the same, anywhere between two, or between two with as many below the middle one as above. */
export type SpreadJson =
  | number
  | readonly [least: number, most: number]
  | readonly [least: number, median: number, most: number]

/** A duration: always the same, anywhere between two, or with a median between them. */
export type DurationSpreadJson =
  | string
  | readonly [least: string, most: string]
  | readonly [least: string, median: string, most: string]

/** Prices in USD per million tokens; 0 of a model that costs nothing. */
export interface RatesJson {
  readonly input: AmountJson
  readonly output: AmountJson
  /** Dearer rates of the whole call, where its input is longer than `tokens`. */
  readonly above?: {
    readonly tokens: number
    readonly input: AmountJson
    readonly output: AmountJson
  }
}

/** What a provider bills for a model, and what those who count believe. */
export interface ModelJson extends RatesJson {
  readonly provider?: string
  /** The most that it writes; absent: nothing but the call's limit bounds it. */
  readonly maxOutput?: number
  /** New prices of the provider, each from `at` on. */
  readonly later?: readonly (RatesJson & { readonly at: string })[]
  /** What the fuse's price list says; absent: the truth, at all times. */
  readonly listed?: RatesJson | "unknown"
  /** What the post-hoc counter's list says; absent: what the fuse's says. */
  readonly counted?: RatesJson | "free"
}

/** Somebody who makes calls, as often as `count` says. */
export interface ActorJson {
  readonly name: string
  readonly kind: "human" | "agent" | "batch" | "loop" | "leaked-key"
  readonly count?: number
  /**
   * Who pays: a value per dimension; `{n}` is the number of this one, `{task}` that of an agent's task. `{{n}}` is
   * the text `{n}` itself.
   */
  readonly subject: Readonly<Record<string, string>>
  readonly model: string
  readonly input: SpreadJson
  readonly output: SpreadJson
  /** The limit of output tokens that it asks for; absent: the policy's, or the model's. */
  readonly limit?: number
  readonly takes: DurationSpreadJson
  readonly from?: string
  readonly until?: string
  /** Whether its calls do what somebody wants; default: those of loops and leaked keys do not. */
  readonly wanted?: boolean
  readonly refused?: "skip" | "stop" | "retry" | "wait"
  readonly retryAfter?: string
  readonly every?: string
  readonly turns?: SpreadJson
  readonly grows?: number
  readonly thinks?: DurationSpreadJson
  readonly spawns?: {
    readonly share: string
    readonly count: SpreadJson
    readonly depth: number
  }
  readonly items?: number
  readonly parallel?: number
  readonly doublesEvery?: string
  readonly fails?: {
    readonly share: string
    readonly retries: number
    readonly after: string
    readonly bills: "nothing" | "input" | "all"
    readonly from?: string
    readonly until?: string
  }
  readonly injected?: { readonly share: string; readonly from?: string; readonly until?: string }
  readonly cancels?: { readonly share: string }
}

/** What goes wrong with the machines. */
export type FaultJson =
  | { readonly kind: "store-outage"; readonly at: string; readonly lasts: string }
  | {
      readonly kind: "slow-store"
      readonly by: string
      readonly at: string
      readonly lasts: string
    }
  | {
      readonly kind: "host-crash"
      readonly host: number
      readonly at: string
      readonly lasts: string
    }
  | {
      readonly kind: "clock-skew"
      readonly host: number
      readonly by: string
      readonly at?: string
      readonly lasts?: string
    }

/** How the post-hoc counter works, that the fuse is compared with. */
export interface CounterJson {
  /** Spend reaches it this much later. */
  readonly delay?: string
  /** Each host counts for itself. */
  readonly perHost?: true
  /** Each host adds what one has spent. */
  readonly addsPerHost?: true
  /** Its periods begin this much late. */
  readonly resetsLate?: string
  /** Each refusal begins the block anew. */
  readonly renews?: true
  /** What stopped for spend goes on by itself after this long, and counts from nothing. */
  readonly resumes?: string
  /** It holds the worst case of each call, and keeps it where the client has gone. */
  readonly leaksHolds?: true
  /** What it does while the store is silent; default: lets everything through. */
  readonly storeDown?: "allow" | "deny"
}

/** A fleet, the policy that it runs under, and what goes wrong: as people write it. */
export interface FleetJson {
  readonly $schema?: string
  readonly title: string
  readonly why?: string
  readonly source?: string
  readonly start: string
  readonly lasts: string
  readonly hosts?: number
  readonly policy: PolicyJson
  readonly models: Readonly<Record<string, ModelJson>>
  readonly actors: readonly ActorJson[]
  readonly faults?: readonly FaultJson[]
  /** Who is paged: how soon they answer, and what they do. */
  readonly people?: {
    readonly answerIn: string
    readonly acknowledge?: boolean
    readonly stop?: readonly string[]
  }
  /** A billing alert that looks at each day's bill when the day is over. */
  readonly alert?: { readonly usd: AmountJson }
  readonly counter?: CounterJson
  /** What must be so under the fuse. */
  readonly expect?: {
    readonly spentAtMost?: AmountJson
    readonly pagesAtLeast?: number
    /** Of an actor's calls, by its name: those that are refused at least once. */
    readonly refusedAtMost?: Readonly<Record<string, string>>
  }
}
