import type { Command, CommandId, Line } from "./command.ts"
import { Expiries } from "./expiries.ts"
import type { Outcome } from "./outcome.ts"
import { Rounds } from "./rounds.ts"
import type { Amounts, Probation, Terms, TierTerms } from "./terms.ts"
import type { DurationMs, EpochMs } from "./time.ts"
import type { Period } from "./window.ts"

/** Whether an account admits. `generation` counts openings; `told` are the channels that heard of this one. */
export type Circuit =
  | { readonly state: "closed"; readonly generation: number; readonly observed: boolean }
  | (Opening & {
      readonly state: "open"
      readonly untilMs: EpochMs
      readonly coolDownMs: DurationMs
      readonly maxCoolDownMs: DurationMs
      readonly probation: Probation | null
    })
  | (Opening & {
      readonly state: "half-open"
      readonly untilMs: EpochMs
      readonly coolDownMs: DurationMs
      readonly maxCoolDownMs: DurationMs
      readonly probation: Probation
      /** The meter that was current at its start, and the amount that may be reached in it. */
      readonly meterStartMs: EpochMs | null
      readonly allowance: number
    })
  | (Opening & { readonly state: "latched" })

interface Opening {
  readonly generation: number
  /** Moved by a line that only observes: an enforcing line starts closed. */
  readonly observed: boolean
  readonly told: readonly string[]
  /** Start of the period whose meter caused it; null for an operator's hand. */
  readonly causeStartMs: EpochMs | null
}

export const CLOSED: Circuit = Object.freeze({ state: "closed", generation: 0, observed: false })

/** The highest level of one tier that has fired. A tier is known by its first amount and its repeat. */
export interface Mark {
  readonly at: number
  readonly repeat: number
  readonly fired: number
  /** Counts re-armings of a sliding window. */
  readonly arming: number
}

/** A level of a person's own making, set by Acknowledge with `allow`. */
export interface AllowLevel {
  readonly amount: number
  readonly tier: TierTerms
  readonly fired: boolean
}

/** What an account has used in one period; amounts in the unit of its terms. */
export interface Meter {
  readonly period: Period
  /** The terms it was last used under. */
  readonly terms: Terms
  readonly settled: number
  readonly held: number
  /** Sliding windows only: what was settled, by the bucket of its reservation. */
  readonly buckets: readonly Bucket[]
  readonly marks: readonly Mark[]
  /** The highest amount whose levels a person has acknowledged. */
  readonly acknowledged: number
  readonly allow: AllowLevel | null
  /** Refusals for `exhausted` since the last admission, and when the last one was counted. */
  readonly refusals: number
  readonly refusedAtMs: EpochMs | null
  /** The first refusal for `busy` since the last admission. */
  readonly busySinceMs: EpochMs | null
  /** What was said once for this meter: `refusing`, `overshoot`, `overflow`, `would-refuse REASON`. */
  readonly said: readonly string[]
  /** Lifetime windows only: the last use, and the first. */
  readonly usedAtMs: EpochMs
  readonly bornAtMs: EpochMs
}

export interface Bucket {
  readonly period: Period
  readonly settled: number
}

export interface Account {
  readonly key: string
  readonly division: string
  readonly circuit: Circuit
  /** By start, ascending; one for sliding and lifetime windows. */
  readonly meters: readonly Meter[]
}

export interface Reservation {
  readonly id: string
  readonly division: string
  readonly lines: readonly HeldLine[]
  readonly switches: readonly string[]
  /** The bound units granted so far (output tokens, say). */
  readonly granted: number
  readonly expiresAtMs: EpochMs
  readonly state: "running" | "expired"
  readonly seq: number
  readonly actual: Amounts
  readonly via: string | null
}

export interface HeldLine extends Line {
  /** All that was held for the line, and all that was settled for it. */
  readonly hold: number
  readonly settled: number
}

export interface Source {
  /** All numbers up to it are answered. */
  readonly done: number
  readonly lastAtMs: EpochMs
  readonly entries: ReadonlyMap<number, Entry>
}

/** An outcome above `done`; `ended` says how a reservation ended before its Reserve was answered. */
export interface Entry {
  /** The command itself, to tell a resend from a conflict; null where only a Release or Charge has named it. */
  readonly command: Command | null
  readonly outcome: Outcome | null
  readonly ended: "settled" | "released" | null
}

export interface Switch {
  readonly untilMs: EpochMs | null
}

/** All that a store keeps for deciding. */
export interface Ledger {
  readonly accounts: Map<string, Account>
  readonly reservations: Map<string, Reservation>
  readonly sources: Map<string, Source>
  readonly switches: Map<string, Switch>
  /** When running reservations end; derived from `reservations`. */
  readonly expiries: Expiries
  /** Where forgetting stands; derived, and without a meaning of its own. */
  readonly rounds: Rounds
}

export const emptyLedger = (): Ledger => ({
  accounts: new Map(),
  reservations: new Map(),
  sources: new Map(),
  switches: new Map(),
  expiries: new Expiries(),
  rounds: new Rounds(),
})

/** What a ledger must not lose: all but what is derived. */
export type KeptLedger = Omit<Ledger, "expiries" | "rounds">

/** A ledger from what was kept of one. */
export const ledgerOf = (kept: KeptLedger): Ledger => {
  const expiries = new Expiries()
  for (const reservation of kept.reservations.values()) expiries.put(undefined, reservation)
  const { accounts, reservations, sources, switches } = kept
  return { accounts, reservations, sources, switches, expiries, rounds: new Rounds() }
}

/** The name of a reservation: that of its Reserve. */
export const reservationKey = (id: CommandId): string => `${id.source}/${id.n}`

/** Numbers are counted per source and division. */
export const sourceKey = ({ id, division }: Pick<Command, "id" | "division">): string => {
  if (id.source !== last.source || division !== last.division)
    last = { source: id.source, division, key: `${id.source.length}:${id.source}/${division}` }
  return last.key
}

/** The same engine asks again and again: its last key is kept, and is the same whoever asks. */
let last = { source: "", division: "", key: "0:/" }
