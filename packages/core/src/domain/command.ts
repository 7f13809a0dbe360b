import type { Amounts, Terms } from "./terms.ts"
import type { DurationMs, EpochMs } from "./time.ts"
import type { Period } from "./window.ts"

/** `source` is one engine process, `n` counts its commands up from 1 in each division. */
export interface CommandId {
  readonly source: string
  readonly n: number
}

/** One account's share of a command. Its amount is that of the terms' unit. */
export interface Line {
  readonly account: string
  readonly division: string
  readonly period: Period
  readonly terms: Terms
}

/** How many bound units a call needs and may use (output tokens, say). */
export interface Units {
  readonly least: number
  readonly most: number
}

interface Head {
  readonly id: CommandId
  /** All numbers of the source up to this one are answered. */
  readonly done: number
  readonly division: string
}

interface ByPerson {
  readonly by: string
  readonly why: string
}

/** Holds the bound of a call on all its lines, or on none: `base` and `perUnit` for each of `units`. */
export interface Reserve extends Head {
  readonly kind: "reserve"
  readonly issuedAtMs: EpochMs
  readonly lines: readonly Line[]
  /** Keys of the switches that must not be off. */
  readonly switches: readonly string[]
  readonly base: Amounts
  readonly perUnit: Amounts
  readonly units: Units
  readonly expiresAtMs: EpochMs
  readonly via: string | null
  /** Refusals that the engine answered from memory since its last Reserve. */
  readonly swallowed: number
}

/** Raises a running hold by `base` and `perUnit` for each of `units`; `expiresAtMs` null keeps its end. */
export interface Extend extends Head {
  readonly kind: "extend"
  readonly reservation: CommandId
  readonly issuedAtMs: EpochMs
  readonly base: Amounts
  readonly perUnit: Amounts
  readonly units: Units
  readonly expiresAtMs: EpochMs | null
}

/** Says what a reservation used so far, in total; the final one frees the rest of its hold. */
export interface Settle extends Head {
  readonly kind: "settle"
  readonly reservation: CommandId
  /** Rises with each settle of the reservation; an older one changes nothing. */
  readonly seq: number
  /** What was used so far. */
  readonly actual: Amounts
  readonly final: boolean
}

/** Gives a hold back: the call did not happen, or no further part of it will. */
export interface Release extends Head {
  readonly kind: "release"
  readonly reservation: CommandId
}

/**
 * Counts what was spent without a hold; `ends` names the reservation that it takes the place of. Never
 * refused.
 */
export interface Charge extends Head {
  readonly kind: "charge"
  readonly lines: readonly Line[]
  readonly amounts: Amounts
  readonly ends: CommandId | null
}

/** Corrects what is settled on one line, by a person. */
export interface Adjust extends Head, ByPerson {
  readonly kind: "adjust"
  readonly line: Line
  /** Positive or negative, in the unit of the line's terms. */
  readonly amount: number
}

/**
 * A person has seen the account up to an amount, in its line's unit: its cap moves up, its circuit closes.
 * `allow` permits a small step more.
 */
export interface Acknowledge extends Head, ByPerson {
  readonly kind: "acknowledge"
  readonly account: string
  readonly generation: number
  readonly upTo: number
  readonly allow: number | null
  /** The account's line at the engine's instant, so that `allow` has a meter. */
  readonly line: Line | null
}

/** Opens the circuit of an account, by a person. */
export interface Trip extends Head, ByPerson {
  readonly kind: "trip"
  readonly account: string
  readonly coolDownMs: DurationMs
}

/** Turns a switch off or on, by a person; `untilMs` null is until somebody turns it back. */
export interface SwitchTo extends Head, ByPerson {
  readonly kind: "switch"
  readonly switch: string
  readonly state: "off" | "on"
  readonly untilMs: EpochMs | null
}

/** Ends overdue holds and moves the circuits whose time is over, with no other work. */
export interface Expire extends Head {
  readonly kind: "expire"
}

/** Everything that a store can be asked to do. */
export type Command =
  | Reserve
  | Extend
  | Settle
  | Release
  | Charge
  | Adjust
  | Acknowledge
  | Trip
  | SwitchTo
  | Expire

/** No reservation runs longer. */
export const RESERVATION_MAX_MS: DurationMs = 7 * 86_400_000
/** A Reserve or raising Extend may be this far from the store's clock. */
export const SKEW_MAX_MS: DurationMs = 600_000
/** Commands of one source and division that may be unanswered at once. */
export const IN_FLIGHT_MAX = 1_024
/** Overdue reservations that end before each new command. */
export const SWEEP_MAX = 16
/** Overdue reservations that one Expire ends, and accounts that it moves: so few that no store is long about it. */
export const EXPIRE_MAX = 128
/** A source is forgotten this long after its last command. */
export const SOURCE_KEPT_MS: DurationMs = 86_400_000
/** Lines of one command. */
export const LINES_MAX = 32
