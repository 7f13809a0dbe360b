import type { KIND_NAMES } from "./kinds.ts"

/** What a caller may do, before it has names and numbers; amounts are steps of the history's scale. */
export type Move =
  | {
      readonly kind: "reserve"
      /** Places of the pool. */
      readonly picks: readonly number[]
      readonly variant: number
      readonly base: number
      /** Beside the amount that the steps make. */
      readonly off: number
      readonly requests: number
      readonly per: number
      readonly least: number
      readonly more: number
      readonly lifeMs: number
      readonly via: string | null
      /** Of the issuing clock against the store's. */
      readonly issuedMs: number
      readonly swallowed: number
    }
  | {
      readonly kind: "settle"
      /** The reservation meant, counted back from the latest. */
      readonly of: number
      readonly actual: number
      readonly off: number
      readonly requests: number
      readonly final: boolean
      readonly seq: number
    }
  | {
      readonly kind: "extend"
      readonly of: number
      readonly base: number
      readonly off: number
      readonly per: number
      readonly most: number
      readonly lifeMs: number | null
    }
  | { readonly kind: "release"; readonly of: number }
  | {
      readonly kind: "charge"
      readonly picks: readonly number[]
      readonly variant: number
      readonly amount: number
      readonly off: number
      readonly backMs: number
      readonly ends: number | null
    }
  | {
      readonly kind: "adjust"
      readonly pick: number
      readonly amount: number
      readonly backMs: number
    }
  | {
      readonly kind: "acknowledge"
      readonly pick: number
      readonly upTo: number
      readonly allow: number | null
      readonly generation: number
    }
  | { readonly kind: "trip"; readonly pick: number; readonly coolDownMs: number }
  | { readonly kind: "switch"; readonly state: "on" | "off"; readonly untilMs: number | null }
  | { readonly kind: "expire" }
  /** The same command again, or another one under its number. */
  | { readonly kind: "again"; readonly of: number; readonly other: boolean }
  /** A source that nobody knows, in the middle of its numbers. */
  | { readonly kind: "stranger"; readonly pick: number }

/**
 * An instant of the store's clock, as far from an edge as `ms` says. `named` are ends that commands name: of
 * holds, switches, cool-downs; `later` is from now on.
 */
export type Time =
  | { readonly kind: "later" | "named" | "period" | "kept"; readonly ms: number }
  | { readonly kind: "since"; readonly lengthMs: number; readonly ms: number }

/** One move, by whom, where, and when. */
export interface Step {
  readonly move: Move
  readonly source: number
  readonly division: number
  readonly time: Time
  /** The next command begins another batch. */
  readonly flush: boolean
  readonly done: boolean
  /** Numbers passed over. */
  readonly skip: number
}

/** A history before it has names: the accounts it is about, the size of its amounts, and its steps. */
export interface History {
  readonly odd: string
  readonly scale: number
  readonly pool: readonly (typeof KIND_NAMES)[number][]
  readonly startMs: number
  readonly steps: readonly Step[]
}
