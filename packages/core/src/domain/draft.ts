import type { CommandId, Line, Reserve, Settle } from "./command.ts"
import type { DomainEvent } from "./event.ts"
import {
  type Account,
  CLOSED,
  copyOfAccount,
  type Entry,
  type Ledger,
  type Meter,
  type Reservation,
  remembered,
  type Switch,
} from "./ledger.ts"
import { emptyMeter, isIdle, isMeterOf, noted } from "./meter.ts"
import type { Outcome } from "./outcome.ts"
import { sourceKey } from "./source.ts"
import type { EpochMs } from "./time.ts"

/**
 * What a decision writes: the state after it of every record it touched, or for the common case the
 * movements alone. Free of rules, so that a journal of changes rebuilds the same ledger under any later
 * version; `null` removes.
 */
export type Change =
  | { readonly kind: "account"; readonly key: string; readonly value: Account | null }
  | {
      readonly kind: "reservation"
      readonly id: CommandId
      readonly division: string
      readonly value: Reservation | null
    }
  | { readonly kind: "switch"; readonly key: string; readonly value: Switch | null }
  | { readonly kind: "source"; readonly key: string; readonly value: null }
  | Answered
  | Marked
  | Reserved
  | Settled

/** A command was answered: its outcome above `done`, or none where it is not kept. */
export interface Answered {
  readonly kind: "answered"
  readonly key: string
  readonly n: number
  readonly done: number
  readonly atMs: EpochMs
  /** The source was not known, or had been silent for a day: it starts anew. */
  readonly fresh: boolean
  readonly entry: Entry | null
}

/** How a reservation ended, on its Reserve's number. */
export interface Marked {
  readonly kind: "marked"
  readonly key: string
  readonly n: number
  readonly atMs: EpochMs
  /** The source is not known: it starts with this number. */
  readonly fresh: boolean
  readonly ended: "settled" | "released"
}

/** A Reserve that only holds: no level, no circuit, no word to say. Each line's meter holds its share more. */
export interface Reserved {
  readonly kind: "reserved"
  readonly command: Reserve
  readonly outcome: Extract<Outcome, { kind: "reserved" }>
  readonly atMs: EpochMs
  readonly fresh: boolean
}

/** A final Settle that only moves: what was used takes the place of what was held. */
export interface Settled {
  readonly kind: "settled"
  readonly command: Settle
  readonly outcome: Extract<Outcome, { kind: "settled" }>
  readonly atMs: EpochMs
  readonly fresh: boolean
  /** The Reserve is unanswered: its number remembers how it ended. */
  readonly marks: boolean
}

/** A view of a ledger with a decision's own writes on top. The ledger below is only read. */
export class Draft {
  readonly ledger: Ledger
  readonly nowMs: EpochMs
  readonly events: DomainEvent[] = []
  readonly #accounts = new Map<string, Account>()
  readonly #reservations = new Map<string, Change & { kind: "reservation" }>()
  readonly #switches = new Map<string, Switch | null>()
  readonly #marks: (Answered | Marked)[] = []

  constructor(ledger: Ledger, nowMs: EpochMs) {
    this.ledger = ledger
    this.nowMs = nowMs
  }

  get changes(): readonly Change[] {
    const changes: Change[] = []
    for (const [key, value] of this.#accounts)
      changes.push({ kind: "account", key, value: copyOfAccount(value) })
    changes.push(...this.#reservations.values())
    for (const [key, value] of this.#switches) changes.push({ kind: "switch", key, value })
    // An answer may begin its source anew: a mark on one of its numbers comes after it.
    const answered = this.#marks.filter((mark) => mark.kind === "answered")
    changes.push(...answered)
    for (const mark of this.#marks)
      if (mark.kind === "marked")
        changes.push(
          answered.some(({ key }) => key === mark.key) ? { ...mark, fresh: false } : mark,
        )
    return changes
  }

  account(line: Pick<Line, "account" | "division">): Account {
    return (
      this.findAccount(line.account) ?? {
        key: line.account,
        division: line.division,
        circuit: CLOSED,
        meters: [],
      }
    )
  }

  findAccount(key: string): Account | undefined {
    const found = this.#accounts.get(key) ?? this.ledger.accounts.get(key)
    if (found === undefined) return undefined
    const circuit = remembered(found.circuit, this.nowMs)
    return circuit === found.circuit ? found : { ...found, circuit }
  }

  /** The line's meter as it stands now: empty where it was never used, or has been idle for a lifetime. */
  meter(line: Line): Meter {
    return this.findMeter(line) ?? emptyMeter(line, this.nowMs)
  }

  findMeter(line: Line): Meter | undefined {
    const account = this.findAccount(line.account)
    const meter = account?.meters.find((other) => isMeterOf(other, line))
    if (meter === undefined) return undefined
    return isIdle(meter, this.nowMs) ? undefined : meter
  }

  /** The meter that the ledger itself has: the same object until another takes its place. */
  ledgerMeter(line: Line): Meter | undefined {
    const account = this.ledger.accounts.get(line.account)
    return account?.meters.find((other) => isMeterOf(other, line))
  }

  /** Whether the line's period is still kept: until one more is over, or while something is held on it. */
  keeps(line: Line): boolean {
    if (this.nowMs < line.period.keptUntilMs) return true
    return line.terms.slidingMs === 0 && (this.findMeter(line)?.held ?? 0) > 0
  }

  putMeter(line: Line, meter: Meter): void {
    const account = this.account(line)
    const keep = (other: Meter): boolean =>
      !isMeterOf(other, line) && (other.held > 0 || this.nowMs < other.period.keptUntilMs)
    const next = this.#used(meter)
    const meters = [...account.meters.filter(keep), next]
    this.putAccount({
      ...account,
      meters: meters.sort((a, b) => a.period.startMs - b.period.startMs),
    })
  }

  /** Windows that forget by use remember it, and let go of the buckets that are no longer kept. */
  #used(meter: Meter): Meter {
    const { slidingMs, idleMs } = meter.terms
    if (slidingMs === 0 && idleMs === 0) return meter
    const kept = meter.notes.buckets.filter(({ period }) => this.nowMs < period.keptUntilMs)
    const used = { ...meter, usedAtMs: Math.max(meter.usedAtMs, this.nowMs) }
    return kept.length === meter.notes.buckets.length ? used : noted(used, { buckets: kept })
  }

  putAccount(value: Account): void {
    this.#accounts.set(value.key, value)
  }

  /** A running reservation is always known, an expired one as long as one of its periods. */
  reservation(id: CommandId, division: string): Reservation | undefined {
    const changed = this.#reservations.get(`${sourceKey(id.source, division)}/${id.n}`)
    const found = changed === undefined ? this.ledger.reservations.get(id, division) : changed.value
    return found == null || isOver(this, found) ? undefined : found
  }

  /** Whether a reservation's line still counts: its period is kept, and it is the life that was held in. */
  counts({ lives, state, hold, settled }: Reservation, line: Line, at: number): boolean {
    const { unit } = line.terms
    if (state === "running" && hold[unit] > settled[unit]) return true
    return lives !== null && line.terms.idleMs > 0
      ? this.findMeter(line)?.bornAtMs === lives[at]
      : this.keeps(line)
  }

  putReservation(value: Reservation): void {
    this.#changeReservation(value, value)
  }

  endReservation(of: Reservation): void {
    this.#changeReservation(of, null)
  }

  /** How a reservation ended, as its Reserve's number says. */
  endOf(source: string, n: number): Entry["ended"] {
    for (const mark of this.#marks)
      if (mark.kind === "marked" && mark.key === source && mark.n === n) return mark.ended
    return this.ledger.sources.get(source)?.entries.get(n)?.ended ?? null
  }

  mark(mark: Answered | Marked): void {
    this.#marks.push(mark)
  }

  /** The switch where it is off now. */
  switchedOff(key: string): Switch | undefined {
    const found = this.ledger.switches.get(key)
    if (found === undefined) return undefined
    return found.untilMs !== null && found.untilMs <= this.nowMs ? undefined : found
  }

  putSwitch(key: string, value: Switch | null): void {
    this.#switches.set(key, value)
  }

  #changeReservation({ id, division }: Reservation, value: Reservation | null): void {
    const key = `${sourceKey(id.source, division)}/${id.n}`
    this.#reservations.set(key, { kind: "reservation", id, division, value })
  }
}

/** An expired reservation is forgotten with the last of its periods. */
export const isOver = (draft: Draft, reservation: Reservation): boolean =>
  reservation.state === "expired" &&
  !reservation.lines.some((line, at) => draft.counts(reservation, line, at))
