import type { Plan } from "../../domain/compile.ts"
import { putReservation } from "../../domain/records.ts"
import { Soonest } from "../../domain/soonest.ts"
import { sourceKey } from "../../domain/source.ts"
import { NOTHING } from "../../domain/terms.ts"
import type { EpochMs } from "../../domain/time.ts"
import type { Let, Run } from "../run.ts"
import { Columns, type Running } from "./columns.ts"
import { type AtHand, type Gauge, Gauges, isInPlace } from "./gauge.ts"

/** A call that runs near an edge: its hold, by numbers or by the step, and what it will have used. */
export interface End extends Running {
  readonly hand: AtHand
  /** Where the step holds it. */
  readonly let: Let | null
  readonly requests: number
  /** It uses more than it holds. */
  readonly isOver: boolean
}

/**
 * All calls that run, and virtual time. Far from every edge they are in columns; near one they end each at its
 * instant. Before the step looks at the ledger, all that was put off is done.
 */
export class RunningCalls {
  readonly #run: Run
  readonly gauges: Gauges
  readonly #ends = new Soonest<End>(isBefore)
  readonly #columns = new Columns()
  #added = 0
  #over = 0
  #nextTickMs = Number.NEGATIVE_INFINITY
  #written = 0

  constructor(run: Run) {
    this.#run = run
    this.gauges = new Gauges(run.ledger)
  }

  /** Whether a call may be put into columns at all: one that uses more than it holds moves edges. */
  get isCalm(): boolean {
    return this.#over === 0
  }

  /** Goes on to an instant: ends what is due near an edge, and lets circuits and periods move once a minute. */
  goTo(atMs: EpochMs): void {
    const run = this.#run
    if (this.#nextTickMs === Number.NEGATIVE_INFINITY)
      this.#nextTickMs = atMs - (atMs % TICK_MS) + TICK_MS
    for (;;) {
      const next = this.#ends.first
      if (this.#nextTickMs <= atMs && (next === undefined || this.#nextTickMs <= next.endMs)) {
        this.#tick()
        continue
      }
      if (next === undefined || next.endMs > atMs) break
      this.#ends.dropFirst()
      run.advance(next.endMs)
      this.#end(next)
    }
    run.advance(atMs)
  }

  /** Ends all. */
  finish(): void {
    this.#leaveColumns(always)
    while (this.#ends.first !== undefined) this.goTo(this.#ends.first.endMs)
    this.#expire()
  }

  /** Puts a call into columns. */
  addCalm(hand: AtHand, gauges: readonly Gauge[], running: Running): void {
    this.#added += 1
    running.order = this.#added
    this.#columns.add(hand, gauges, running)
  }

  /** Ends it at its instant: at once where that is now. What it holds is held already. */
  add(end: End): void {
    if (end.isOver) this.#over += 1
    if (end.endMs <= this.#run.nowMs) this.#end(end)
    else {
      this.#added += 1
      end.order = this.#added
      this.#ends.add(end)
    }
    if (this.#columns.isEmpty) return
    if (end.isOver) this.#leaveColumns(always)
    else if (end.hand.gauges?.some(isNear) === true) this.#leaveColumns(isHot)
  }

  /** Meters are exact from here on, for these gauges. */
  catchUp(gauges: readonly Gauge[]): boolean {
    for (const gauge of gauges)
      if (gauge.columns > 0) {
        this.#columns.endUntil(this.#run.nowMs)
        return true
      }
    return false
  }

  /** Before the step decides anything. */
  beforeStep(): void {
    this.#leaveColumns(always)
    this.gauges.write()
    this.gauges.version += 1
  }

  /** What ends by now is ended; what runs on is from now on an end of its own. */
  #leaveColumns(isOut: (gauge: Gauge) => boolean): void {
    if (this.#columns.isEmpty) return
    this.#columns.endUntil(this.#run.nowMs)
    this.#columns.takeOut(isOut, (hand, running) =>
      this.#ends.add({ ...running, hand, let: null, requests: 1, isOver: false }),
    )
  }

  #tick(): void {
    this.#run.advance(this.#nextTickMs)
    this.#expire()
    this.#nextTickMs += TICK_MS
  }

  #expire(): void {
    this.#columns.endUntil(this.#run.nowMs)
    this.gauges.write()
    this.#run.expire()
    this.gauges.version += 1
    this.#leaveColumns(isGone)
  }

  #end(end: End): void {
    if (end.isOver) this.#over -= 1
    const { spent: usd, used: tokens, requests, hand } = end
    if (end.let === null) {
      const gauges = this.gauges.current(hand)
      if (gauges !== null && settle(gauges, end, this.#run.nowMs)) return
    }
    this.beforeStep()
    if (end.let !== null) this.#run.settle(end.let, { amounts: { usd, tokens, requests } })
    else this.#endByStep(end)
  }

  /** Writes the hold down as the step would have, and lets it settle it. */
  #endByStep({ hand, granted, usd, tokens, spent, used, requests }: End): void {
    const { plan } = hand
    const { ledger, nowMs } = this.#run
    this.#written += 1
    const id = { source: WRITTEN_BY, n: this.#written }
    const held = { usd, tokens, requests }
    const { division, lines, switches } = plan
    const none = { seq: 0, settled: NOTHING, actual: NOTHING, lives: null, skipped: [], via: null }
    const expiresAtMs = nowMs + TICK_MS
    const state = "running" as const
    const record = { id, division, lines, switches, granted, expiresAtMs, state, hold: held }
    putReservation(ledger, undefined, { ...record, ...none })
    const request = { subject: {} }
    const ruling: Let = { allowed: true, id, plan, request, via: null, granted, held, atMs: nowMs }
    this.#run.settle(ruling, { amounts: { usd: spent, tokens: used, requests } })
    ledger.sources.delete(sourceKey(WRITTEN_BY, plan.division))
  }
}

/** What was used takes the place of what was held; false where the step must do it, and then nothing was changed. */
const settle = (gauges: readonly Gauge[], end: End, nowMs: EpochMs): boolean => {
  if (end.isOver) return false
  for (const { meter, unit, nextLevel, cap, endsUntilMs } of gauges) {
    const actual = unit === "usd" ? end.spent : unit === "tokens" ? end.used : end.requests
    if (nowMs >= endsUntilMs || meter.settled + actual >= nextLevel) return false
    if (meter.settled + meter.held > cap) return false
  }
  for (const { meter, unit } of gauges) {
    meter.settled += unit === "usd" ? end.spent : unit === "tokens" ? end.used : end.requests
    meter.held -= unit === "usd" ? end.usd : unit === "tokens" ? end.tokens : end.requests
  }
  return true
}

const isBefore = (one: End, other: End): boolean =>
  one.endMs !== other.endMs ? one.endMs < other.endMs : one.order < other.order

const always = (): boolean => true
const isGone = (gauge: Gauge): boolean => !isInPlace(gauge)
/** An edge has come near: from now on it matters when calls end. */
const isHot = ({ meter, ceiling }: Gauge): boolean => meter.settled + meter.held >= ceiling
const isNear = (gauge: Gauge): boolean => gauge.columns > 0 && isHot(gauge)

const TICK_MS = 60_000
const WRITTEN_BY = "written"
/** A plan that nothing has. */
export const NO_PLAN: Plan = { division: "*", lines: [], switches: [] }
