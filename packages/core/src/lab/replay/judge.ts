import { REFUSAL_REASONS, type RefusalReason } from "../../domain/outcome.ts"
import type { EpochMs } from "../../domain/time.ts"
import { type Gauge, type Gauges, QUICK_MAX } from "./gauge.ts"

/*
 * What the step answers to a call where every account is plain, by numbers alone: how much is granted, or which
 * budgets refuse and what they note of it. Whatever else it meets, it answers that the step must decide. A law holds
 * replays with and without it to the same report.
 */

/** A refusal, as far as a report tells of it. */
export interface Refusal {
  reason: RefusalReason
  /** The budgets whose lines stood in the way. */
  budgets: string[]
}

/** What a call costs: `base` and `granted` times `perUsd` and one token. */
export interface Asked {
  usd: number
  tokens: number
  perUsd: number
  least: number
  most: number
}

/** Nothing is granted: it is refused, or the step must decide. */
export const REFUSED = -1
export const UNDECIDED = -2

/** Decides one call after the other. */
export class Judge {
  readonly #gauges: Gauges
  /** Fallbacks are walked by the run. */
  readonly #hasFallbacks: boolean
  readonly #reasons: (RefusalReason | null)[] = []
  /** Why the last one was refused: one object for all. */
  readonly refusal: Refusal = { reason: "busy", budgets: [] }

  constructor(gauges: Gauges, hasFallbacks: boolean) {
    this.#gauges = gauges
    this.#hasFallbacks = hasFallbacks
  }

  /** @returns the output tokens granted, `REFUSED` or `UNDECIDED` */
  decide(gauges: readonly Gauge[], nowMs: EpochMs, asked: Asked): number {
    let granted = asked.most
    let isRefused = false
    let isUnused = false
    for (let at = 0; at < gauges.length; at += 1) {
      const gauge = gauges[at] as Gauge
      if (nowMs >= gauge.untilMs || gauge.meter.settled + gauge.meter.held > QUICK_MAX)
        return UNDECIDED
      const reason = reasonOf(gauge, asked)
      this.#reasons[at] = reason
      if (gauge.isUnused) isUnused = true
      if (reason !== null) isRefused = true
      else granted = Math.min(granted, fitOf(gauge, asked))
    }
    if (isRefused) return this.#refuse(gauges, nowMs) ? REFUSED : UNDECIDED
    if (isUnused || asked.usd + granted * asked.perUsd > QUICK_MAX) return UNDECIDED
    for (const gauge of gauges) this.admit(gauge)
    return granted
  }

  /** An admission ends a row of refusals. */
  admit(gauge: Gauge): void {
    if (gauge.refusals === 0 && gauge.busySinceMs === null) return
    gauge.refusals = 0
    gauge.refusedAtMs = null
    gauge.busySinceMs = null
    this.#gauges.note(gauge)
  }

  /** @returns false where the step must say something; then nothing was noted */
  #refuse(gauges: readonly Gauge[], nowMs: EpochMs): boolean {
    if (this.#hasFallbacks) return false
    const { refusal } = this
    let named = 0
    let rank: number = REFUSAL_REASONS.length
    let isShut = false
    for (let at = 0; at < gauges.length; at += 1) {
      const reason = this.#reasons[at] ?? null
      if (reason === null) continue
      const gauge = gauges[at] as Gauge
      if (gauge.meter.settled + gauge.meter.held > gauge.cap && !gauge.saidOvershoot) return false
      if (gauge.shut !== null) isShut = true
      rank = Math.min(rank, REFUSAL_REASONS.indexOf(reason))
      refusal.budgets[named] = gauge.line.terms.budget
      named += 1
    }
    // A length that is set, even to what it is, costs more than all of the rest.
    if (refusal.budgets.length !== named) refusal.budgets.length = named
    refusal.reason = REFUSAL_REASONS[rank] ?? "busy"
    return isShut || this.#note(gauges, nowMs)
  }

  #note(gauges: readonly Gauge[], nowMs: EpochMs): boolean {
    for (let at = 0; at < gauges.length; at += 1)
      if (says(gauges[at] as Gauge, this.#reasons[at] ?? null, nowMs)) return false
    for (let at = 0; at < gauges.length; at += 1) {
      const gauge = gauges[at] as Gauge
      const reason = this.#reasons[at]
      if (reason === "busy" && (gauge.busySinceMs === null || nowMs < gauge.busySinceMs))
        gauge.busySinceMs = nowMs
      else if (reason === "exhausted" && counts(gauge, nowMs)) {
        gauge.refusals = Math.min(gauge.refusals + 1, REFUSALS_KEPT)
        gauge.refusedAtMs = nowMs
      } else continue
      this.#gauges.note(gauge)
    }
    return true
  }
}

const reasonOf = (gauge: Gauge, asked: Asked): RefusalReason | null => {
  const { shut, cap, unit, meter } = gauge
  if (shut !== null) return shut
  const { least } = asked
  const cost =
    unit === "usd" ? asked.usd + least * asked.perUsd : unit === "tokens" ? asked.tokens + least : 1
  if (cost === 0) return null
  if (cost > cap) return "too-large"
  if (meter.settled + cost > cap) return "exhausted"
  return meter.settled + meter.held + cost > cap ? "busy" : null
}

const fitOf = ({ cap, unit, meter }: Gauge, asked: Asked): number => {
  const each = unit === "usd" ? asked.perUsd : unit === "tokens" ? 1 : 0
  if (each === 0) return asked.most
  const base = unit === "usd" ? asked.usd : asked.tokens
  const room = cap - meter.settled - meter.held - base
  if (each * asked.most <= room) return asked.most
  return Math.max(asked.least, Math.floor(room / each))
}

/** Whether something is to be said for the first time, or a level is reached by refusals alone. */
const says = (gauge: Gauge, reason: RefusalReason | null, nowMs: EpochMs): boolean => {
  if (reason === "busy") {
    const sinceMs = Math.min(gauge.busySinceMs ?? nowMs, nowMs)
    return nowMs - sinceMs >= BUSY_MS && !gauge.saidRefusing
  }
  if (reason !== "exhausted") return false
  const { cap, nextLevel, meter } = gauge
  if (!gauge.saidRefusing) return true
  if (nextLevel > cap) return false
  const nearlyAll = (cap - meter.settled) * 100 < cap
  return nearlyAll || (gauge.refusals + 1 >= REFUSALS_FIRE && meter.settled * 10 >= cap * 9)
}

const counts = ({ refusedAtMs }: Gauge, nowMs: EpochMs): boolean =>
  refusedAtMs === null || Math.abs(nowMs - refusedAtMs) >= COUNTED_EACH_MS

/** The step's own. */
const BUSY_MS = 60_000
const REFUSALS_FIRE = 10
const REFUSALS_KEPT = 1_000_000
const COUNTED_EACH_MS = 1_000
