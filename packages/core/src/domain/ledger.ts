import type { Command, CommandId, Line } from "./command.ts"
import { Expiries } from "./expiries.ts"
import type { Numbered } from "./numbered.ts"
import type { Outcome } from "./outcome.ts"
import { Recent } from "./recent.ts"
import { Reservations } from "./reservations.ts"
import { Rounds } from "./rounds.ts"
import type { Amounts, Probation, Terms, TierTerms } from "./terms.ts"
import type { DurationMs, EpochMs } from "./time.ts"
import { Timed } from "./timed.ts"
import type { Period } from "./window.ts"

/** Whether an account admits. `generation` counts openings; `told` are the channels that heard of this one. */
export type Circuit =
  | {
      readonly state: "closed"
      readonly generation: number
      readonly observed: boolean
      /** When it closed; 0 where it never opened. */
      readonly sinceMs: EpochMs
    }
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
  | (Opening & { readonly state: "latched"; readonly escalation: Escalation | null })

interface Opening {
  readonly generation: number
  /** The generation that took it from closed: what opened since then is one incident. */
  readonly since: number
  /** Moved by a line that only observes: an enforcing line starts closed. */
  readonly observed: boolean
  readonly told: readonly string[]
  /** Start of the period whose meter caused it; null for an operator's hand. */
  readonly causeStartMs: EpochMs | null
}

/** Channels that hear of a latch one after the other, as long as nobody acknowledges it. */
export interface Escalation {
  /** When it began, and when the next channel is due; each further one `everyMs` later. */
  readonly sinceMs: EpochMs
  readonly untilMs: EpochMs
  readonly everyMs: DurationMs
  /** Those that wait, in their order; never empty. */
  readonly channels: readonly string[]
}

/** A circuit that never opened; one for all. */
export const CLOSED: Circuit = Object.freeze({
  state: "closed",
  generation: 0,
  observed: false,
  sinceMs: 0,
})

/** The circuit as it counts: long after it closed its openings are forgotten, and counted from the start. */
export const remembered = (circuit: Circuit, nowMs: EpochMs): Circuit =>
  circuit.state === "closed" && nowMs - circuit.sinceMs >= OPENINGS_KEPT_MS ? CLOSED : circuit

/** A page of a month ago closes nothing of today. */
const OPENINGS_KEPT_MS: DurationMs = 32 * 86_400_000

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
  readonly notes: Notes
  /** The last use, of windows that forget by it (sliding, lifetime); 0 for the others. */
  readonly usedAtMs: EpochMs
  /** Sliding windows and lifetimes: the first use; 0 for the others. */
  readonly bornAtMs: EpochMs
}

/** What a meter remembers beside its amounts: for most of them nothing, and that is one for all. */
export interface Notes {
  /** Sliding windows only: what was settled, by the bucket of its reservation. */
  readonly buckets: readonly Bucket[]
  readonly marks: readonly Mark[]
  /** The highest amount whose levels a person has acknowledged; with `allow` it lapses at its end, null is the period's. */
  readonly acknowledged: number
  readonly acknowledgedUntilMs: EpochMs | null
  /** Stands until it is reached and acknowledged, or another takes its place. */
  readonly allow: AllowLevel | null
  /** Refusals for `exhausted` since the last admission, and when the last one was counted. */
  readonly refusals: number
  readonly refusedAtMs: EpochMs | null
  /** The first refusal for `busy` since the last admission. */
  readonly busySinceMs: EpochMs | null
  /** What was said once for this meter: `refusing`, `overshoot`, `overflow`, `would-refuse REASON`. */
  readonly said: readonly string[]
  /** Channels that heard of this meter while the circuit was closed: its period's end is told to them. */
  readonly told: readonly string[]
  /** How many ends were told: a level that comes after one begins another incident. */
  readonly ends: number
}

const NOTHING: readonly never[] = Object.freeze([])

/** The notes of a meter that nothing has happened to yet. */
export const NO_NOTES: Notes = Object.freeze({
  buckets: NOTHING,
  marks: NOTHING,
  acknowledged: 0,
  acknowledgedUntilMs: null,
  allow: null,
  refusals: 0,
  refusedAtMs: null,
  busySinceMs: null,
  said: NOTHING,
  told: NOTHING,
  ends: 0,
})

/** What a sliding window settled in one of its buckets, in the line's unit. */
export interface Bucket {
  readonly period: Period
  readonly settled: number
}

/** One budget for one subject: its circuit, and what its periods used. */
export interface Account {
  readonly key: string
  readonly division: string
  readonly circuit: Circuit
  /** By start, ascending; one for sliding and lifetime windows. */
  readonly meters: readonly Meter[]
}

/** A hold that runs, or that expired and may still be corrected. */
export interface Reservation {
  readonly id: CommandId
  readonly division: string
  readonly lines: readonly Line[]
  readonly switches: readonly string[]
  /** The bound units granted so far (output tokens, say). */
  readonly granted: number
  readonly expiresAtMs: EpochMs
  readonly state: "running" | "expired"
  readonly seq: number
  /** All that was held for it; each line holds the amount of its own unit. */
  readonly hold: Amounts
  /** What is settled for it on each line: what its caller said, or what expiry assumed. */
  readonly settled: Amounts
  /** What its caller said so far. */
  readonly actual: Amounts
  /** Of lifetimes, by line: when the life began that it was held in. Null where no line has one. */
  readonly lives: readonly EpochMs[] | null
  /** Accounts whose period was no longer kept when something was to be settled there: passed over for good. */
  readonly skipped: readonly string[]
  readonly via: string | null
}

/** One engine process, as far as its numbered commands are known. */
export interface Source {
  /** All numbers up to it are answered. */
  readonly done: number
  readonly lastAtMs: EpochMs
  /** False where only marks name it: its first command, with `done` 0, makes it known. */
  readonly isKnown: boolean
  readonly entries: Numbered<Entry>
}

/** An outcome above `done`; `ended` says how a reservation ended before its Reserve was answered. */
export interface Entry {
  /** The command itself, to tell a resend from a conflict; null where only a Release or Charge has named it. */
  readonly command: Command | null
  readonly outcome: Outcome | null
  readonly ended: "settled" | "released" | null
}

/** A switch that is off; `untilMs` null is until somebody turns it on. */
export interface Switch {
  readonly untilMs: EpochMs | null
}

/** A line's meter at hand, and what bounds it as long as nothing but its amounts moves. */
export interface Handle {
  /** Its period is over as soon as another meter has taken its place. */
  readonly meter: Meter
  readonly limits: Limits
  /** From then on another meter of the account may be forgotten, or the end of one is to be told. */
  readonly plainUntilMs: EpochMs
}

/** What bounds a meter of these terms and notes. */
export interface Limits {
  readonly unit: Terms["unit"]
  readonly idleMs: DurationMs
  readonly cap: number
  /** The lowest level of any tier that has not fired. */
  readonly nextLevel: number
  /** Where only fallbacks are admitted. */
  readonly degradeAt: number
}

/** By the list of lines itself; the last one asked for is at hand. */
class HandlesByLines {
  readonly #all = new WeakMap<readonly Line[], readonly Handle[]>()
  #lastLines: readonly Line[] | undefined
  #last: readonly Handle[] | undefined
  /** The list whose meters were found in place, and no account was written since. */
  current: readonly Line[] | undefined

  get(lines: readonly Line[]): readonly Handle[] | undefined {
    if (lines === this.#lastLines) return this.#last
    this.#last = this.#all.get(lines)
    this.#lastLines = lines
    return this.#last
  }

  /** Only lists that were looked at get here, and nobody changes them afterwards. */
  readonly knows = (lines: readonly Line[]): boolean => this.get(lines) !== undefined

  set(lines: readonly Line[], handles: readonly Handle[]): void {
    this.#all.set(lines, handles)
    this.#lastLines = lines
    this.#last = handles
  }
}

/** All that a store keeps for deciding. What is derived has no meaning of its own. */
export interface Ledger {
  readonly accounts: Map<string, Account>
  readonly reservations: Reservations<Reservation>
  readonly sources: Map<string, Source>
  readonly switches: Map<string, Switch>
  /** When running reservations end; derived from `reservations`. */
  readonly expiries: Expiries<Reservation>
  /** Accounts that move by themselves; derived. */
  readonly timed: Timed
  /** Where forgetting stands; derived. */
  readonly rounds: Rounds
  /** Meters at hand, by the lines that name them; derived from `accounts`. */
  readonly handles: HandlesByLines
}

/** A ledger that nothing has happened to. */
export const emptyLedger = (): Ledger => {
  const reservations = new Reservations<Reservation>()
  return {
    accounts: new Map(),
    reservations,
    sources: new Recent(),
    switches: new Map(),
    expiries: new Expiries(
      (division) => reservations.of(division),
      (one) => reservations.get(one.id, one.division) === one,
    ),
    timed: new Timed(),
    rounds: new Rounds(),
    handles: new HandlesByLines(),
  }
}

/** Meters move in place: a copy stays as it is. */
export const copyOfAccount = ({ key, division, circuit, meters }: Account): Account => ({
  key,
  division,
  circuit: circuit.generation === 0 ? CLOSED : circuit,
  meters: meters.map(copyOfMeter),
})

/** All meters have their fields in one order: that is what makes moving them cheap. */
const copyOfMeter = (meter: Meter): Meter => ({
  period: meter.period,
  terms: meter.terms,
  settled: meter.settled,
  held: meter.held,
  notes: isQuiet(meter.notes) ? NO_NOTES : meter.notes,
  usedAtMs: meter.usedAtMs,
  bornAtMs: meter.bornAtMs,
})

const isQuiet = (notes: Notes): boolean =>
  notes === NO_NOTES ||
  (notes.buckets.length === 0 &&
    notes.marks.length === 0 &&
    notes.acknowledged === 0 &&
    notes.acknowledgedUntilMs === null &&
    notes.allow === null &&
    notes.refusals === 0 &&
    notes.refusedAtMs === null &&
    notes.busySinceMs === null &&
    notes.said.length === 0 &&
    notes.told.length === 0 &&
    notes.ends === 0)
