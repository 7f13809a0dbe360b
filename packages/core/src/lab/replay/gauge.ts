import type { Line } from "../../domain/command.ts"
import type { Plan } from "../../domain/compile.ts"
import { dueOf } from "../../domain/due.ts"
import { evolveOne } from "../../domain/evolve.ts"
import { REPLACED } from "../../domain/handles.ts"
import {
  type Account,
  CLOSED,
  copyOfAccount,
  type Ledger,
  type Meter,
} from "../../domain/ledger.ts"
import { capOf, emptyMeter, isMeterOf, markOf, noted } from "../../domain/meter.ts"
import type { Mutable } from "../../domain/records.ts"
import { levelAbove, type Unit } from "../../domain/terms.ts"
import type { EpochMs } from "../../domain/time.ts"

/**
 * A meter of a ledger at hand, with all that decides about a plain call: amounts move in the meter itself. It is good
 * as long as no step has put another meter in its place.
 */
export interface Gauge {
  readonly line: Line
  readonly meter: Mutable<Meter>
  readonly unit: Unit
  readonly cap: number
  /** The lowest level of any tier that has not fired. */
  readonly nextLevel: number
  /** While settled and held lie below it, every call is let through and no level can be reached. */
  readonly ceiling: number
  /** From then on the step must look at a call that is made: a circuit moves, an end is to be told, the period is over. */
  readonly untilMs: EpochMs
  /** And at one that ends: it may do so in the period after. */
  readonly endsUntilMs: EpochMs
  /** The account as it was found; null where there is none. */
  readonly account: Account | null
  /** Nobody has used the period yet: a refusal may be read from it, an admission is the step's. */
  readonly isUnused: boolean
  /** Why its circuit refuses; null where it is closed. */
  readonly shut: "open" | "latched" | null
  readonly saidRefusing: boolean
  readonly saidOvershoot: boolean
  /** What refusals note, ahead of the meter's own notes: `write` brings it there. */
  refusals: number
  refusedAtMs: EpochMs | null
  busySinceMs: EpochMs | null
  isNoted: boolean
  /** How many calls of the columns run on it. */
  columns: number
}

/** A plan with its gauges; null where one of its lines is not plain. */
export interface AtHand {
  readonly plan: Plan
  gauges: readonly Gauge[] | null
  /** The soonest of those of its gauges. */
  untilMs: EpochMs
  endsUntilMs: EpochMs
  version: number
}

/** Gauges by plan and by meter: plans that share an account share its gauge. */
export class Gauges {
  readonly #ledger: Ledger
  readonly #byPlan = new WeakMap<Plan, AtHand>()
  readonly #byMeter = new WeakMap<Meter, Gauge>()
  #noted: Gauge[] = []
  /** Raised by whoever lets the step write. */
  version = 0

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  of(plan: Plan): AtHand {
    let hand = this.#byPlan.get(plan)
    if (hand === undefined) {
      hand = { plan, gauges: null, untilMs: 0, endsUntilMs: 0, version: -1 }
      this.#byPlan.set(plan, hand)
    }
    return hand
  }

  /** The gauges as they are now. */
  current(hand: AtHand): readonly Gauge[] | null {
    if (hand.version === this.version) return hand.gauges
    hand.version = this.version
    if (hand.gauges?.every(this.#stands) === true) return hand.gauges
    const gauges = this.#find(hand.plan)
    hand.gauges = gauges
    hand.untilMs = soonest(gauges, ({ untilMs }) => untilMs)
    hand.endsUntilMs = soonest(gauges, ({ endsUntilMs }) => endsUntilMs)
    return gauges
  }

  /** Refusals were noted on it, or taken back. */
  note(gauge: Gauge): void {
    if (gauge.isNoted) return
    gauge.isNoted = true
    this.#noted.push(gauge)
  }

  /** Brings what was noted to the ledger, before a step reads it. */
  write(): void {
    if (this.#noted.length === 0) return
    for (const gauge of this.#noted) this.#write(gauge)
    this.#noted = []
    this.version += 1
  }

  #write({ line, refusals, refusedAtMs, busySinceMs }: Gauge): void {
    const account = this.#ledger.accounts.get(line.account)
    if (account === undefined) return
    const meters = account.meters.map((meter) =>
      isMeterOf(meter, line) ? noted(meter, { refusals, refusedAtMs, busySinceMs }) : meter,
    )
    const value = copyOfAccount({ ...account, meters })
    evolveOne(this.#ledger, { kind: "account", key: line.account, value })
  }

  readonly #stands = (gauge: Gauge): boolean =>
    gauge.isUnused
      ? this.#ledger.accounts.get(gauge.line.account) === (gauge.account ?? undefined)
      : isInPlace(gauge)

  #find({ lines }: Plan): readonly Gauge[] | null {
    if (this.#ledger.switches.size > 0) return null
    const gauges: Gauge[] = []
    for (const line of lines) {
      const gauge = this.#gauge(line)
      if (gauge === null) return null
      gauges.push(gauge)
    }
    return gauges
  }

  #gauge(line: Line): Gauge | null {
    const account = this.#ledger.accounts.get(line.account) ?? null
    const meter = account?.meters.find((other) => isMeterOf(other, line))
    if (meter === undefined) return gaugeOf(line, account, null)
    const known = this.#byMeter.get(meter)
    if (known !== undefined) return known
    const made = gaugeOf(line, account, meter)
    if (made !== null) this.#byMeter.set(meter, made)
    return made
  }
}

const soonest = (gauges: readonly Gauge[] | null, of: (gauge: Gauge) => EpochMs): EpochMs =>
  Math.min(...(gauges ?? []).map(of))

export const isInPlace = ({ meter }: Gauge): boolean => meter.period !== REPLACED

/** Null where the step must look each time: what slides, idles, observes, degrades, or is on probation. */
const gaugeOf = (line: Line, account: Account | null, found: Meter | null): Gauge | null => {
  const meter = found ?? emptyMeter(line, 0)
  const { terms, notes } = meter
  const circuit = account?.circuit ?? CLOSED
  if (terms !== line.terms || terms.observe || terms.slidingMs > 0 || terms.idleMs > 0) return null
  if (circuit.state === "half-open") return null
  if (circuit.state !== "closed" && circuit.observed) return null
  if (terms.tiers.some(({ degrade }) => degrade !== null)) return null
  if (notes.allow !== null || notes.acknowledged > 0) return null
  const shut = circuit.state === "closed" ? null : circuit.state
  const cap = capOf(meter, terms, 0)
  const nextLevel = nextLevelOf(meter)
  const endsUntilMs = endsUntilMsOf(account, meter)
  return {
    line,
    meter,
    unit: terms.unit,
    cap,
    nextLevel,
    ceiling:
      shut === null && found !== null
        ? Math.min(nextLevel, cap + 1, QUICK_MAX)
        : Number.NEGATIVE_INFINITY,
    untilMs: Math.min(endsUntilMs, meter.period.endMs),
    endsUntilMs,
    account,
    isUnused: found === null,
    shut,
    saidRefusing: notes.said.includes("refusing"),
    saidOvershoot: notes.said.includes("overshoot"),
    refusals: notes.refusals,
    refusedAtMs: notes.refusedAtMs,
    busySinceMs: notes.busySinceMs,
    isNoted: false,
    columns: 0,
  }
}

const nextLevelOf = (meter: Meter): number => {
  let next = Number.POSITIVE_INFINITY
  for (const tier of meter.terms.tiers)
    next = Math.min(next, levelAbove(tier, markOf(meter, tier).fired))
  return next
}

/** Until a meter of the account may be forgotten, or the account moves by itself. */
const endsUntilMsOf = (account: Account | null, own: Meter): EpochMs => {
  let untilMs = own.period.keptUntilMs
  if (account === null) return untilMs
  untilMs = Math.min(untilMs, dueOf(account) ?? Number.POSITIVE_INFINITY)
  for (const { period } of account.meters) untilMs = Math.min(untilMs, period.keptUntilMs)
  return untilMs
}

/** Far below 2^53, so that no sum of two can pass it. */
export const QUICK_MAX: number = 2 ** 50
