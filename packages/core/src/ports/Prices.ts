import type { Usage, UsageComponent } from "../domain/usage.ts"

/** What is priced: a model of a provider, at an instant. */
export interface PricedModel {
  /** `openai`, `anthropic`, `google`, …; a host may leave it out where the model's name is enough. */
  readonly provider?: string
  readonly model: string
  /** Prices have effective dates. Epoch milliseconds. */
  readonly atMs: number
  /** As the provider names it: `default`, `standard`, `batch`, `flex`, `priority`; absent is the standard one. */
  readonly serviceTier?: string
}

/** One component's part of a cost. */
export interface PriceLine {
  readonly component: UsageComponent
  readonly count: number
  /** Nano-USD per million tokens, or per million pieces. */
  readonly nanoUsdPerMillion: number
}

/** Where a rate comes from: the library with the date of its data, an override, the provider's own charge. */
export interface PriceSource {
  readonly kind: "library" | "override" | "policy" | "provider"
  readonly name: string
  /** ISO date of the data, or null where it has none. */
  readonly asOf: string | null
}

/** What a usage costs and by whose rates, or why nobody knows. */
export type Priced =
  | {
      readonly kind: "priced"
      /** Computed exactly, rounded up once. */
      readonly nanoUsd: number
      readonly lines: readonly PriceLine[]
      readonly source: PriceSource
    }
  | Unpriced

/** Never a silent zero: what has no rate says so. */
export type Unpriced =
  | { readonly kind: "unknown-model"; readonly detail: string }
  /** The model is known; this component, unit or service tier has no rate. */
  | { readonly kind: "unknown-rate"; readonly detail: string }
  /** A count is negative, fractional, not a number, or the cost would pass 2^53 − 1. */
  | { readonly kind: "invalid-usage"; readonly detail: string }

/** What a call may use at most, before it is made. */
export interface CallBounds {
  /** Upper bound of all input tokens, cached or not. */
  readonly inputTokens: number
  /** Choices made at once (`n`); output is bounded per choice. */
  readonly choices: number
  readonly audio: boolean
  readonly images: boolean
  /** Whole images and searches the call may make, at most. */
  readonly imageCount: number
  readonly searches: number
  /** False where it writes nothing, as embeddings do; true unless given. */
  readonly hasOutput?: boolean
}

/** The most that a call can cost and by whose rates, or why nobody knows. */
export type WorstCase =
  | {
      readonly kind: "bounded"
      /** Cost of everything but the output, at the dearest applicable rates (cache write, long context). */
      readonly baseNanoUsd: number
      /** Dearest rate of one output token, times the choices; rounded up to a whole nano-USD. */
      readonly perOutputTokenNanoUsd: number
      readonly source: PriceSource
    }
  | Unpriced

/**
 * What calls cost. Answers are values, never exceptions: the policy decides about what is unknown.
 *
 * Laws: P1 exact against rationals; P2 rounds up once; P3 `worstCase` ≥ `cost` of anything the call can
 * use; P4 more usage never costs less.
 */
export interface Prices {
  readonly cost: (model: PricedModel, usage: Usage) => Priced
  readonly worstCase: (model: PricedModel, bounds: CallBounds) => WorstCase
  /** The model's own maximum of output tokens, where it is known. */
  readonly maxOutputTokens: (model: PricedModel) => number | null
  /** Where the rates come from and how old they are. */
  readonly sources: readonly PriceSource[]
}
