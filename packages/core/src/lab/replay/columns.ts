import type { EpochMs } from "../../domain/time.ts"
import type { AtHand, Gauge } from "./gauge.ts"

/** A call that runs and cannot touch an edge: what it holds, and what it will have used. */
export interface Running {
  endMs: EpochMs
  /** Of two that end at once, the one that began first is first. */
  order: number
  usd: number
  tokens: number
  granted: number
  spent: number
  used: number
}

/**
 * Calls that run, a column for each of their figures. They use no more than they hold, and all that is held stays
 * below every edge of their meters: so nobody can tell when or in which order they end, and they are ended all
 * together when somebody looks.
 */
export class Columns {
  #count = 0
  #figures = new Float64Array(FIGURES * FIRST_ROOM)
  readonly #hands: AtHand[] = []
  readonly #gauges: (readonly Gauge[])[] = []

  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** It holds from now on. */
  add(hand: AtHand, gauges: readonly Gauge[], running: Running): void {
    const at = this.#count * FIGURES
    if (at === this.#figures.length) this.#grow()
    const figures = this.#figures
    figures[at] = running.endMs
    figures[at + ORDER] = running.order
    figures[at + USD] = running.usd
    figures[at + TOKENS] = running.tokens
    figures[at + GRANTED] = running.granted
    figures[at + SPENT] = running.spent
    figures[at + USED] = running.used
    this.#hands[this.#count] = hand
    this.#gauges[this.#count] = gauges
    this.#count += 1
    for (const gauge of gauges) gauge.columns += 1
  }

  /** Ends what is due by then. */
  endUntil(nowMs: EpochMs): void {
    const figures = this.#figures
    let kept = 0
    for (let at = 0; at < this.#count; at += 1) {
      if ((figures[at * FIGURES] as number) > nowMs) {
        if (kept < at) this.#move(at, kept)
        kept += 1
        continue
      }
      this.#end(at)
    }
    this.#count = kept
  }

  /** Takes out those that run on a gauge of which this is true. They hold on. */
  takeOut(isOut: (gauge: Gauge) => boolean, take: (hand: AtHand, running: Running) => void): void {
    let kept = 0
    for (let at = 0; at < this.#count; at += 1) {
      const gauges = this.#gauges[at] as readonly Gauge[]
      if (gauges.some(isOut)) {
        for (const gauge of gauges) gauge.columns -= 1
        take(this.#hands[at] as AtHand, this.#running(at))
        continue
      }
      if (kept < at) this.#move(at, kept)
      kept += 1
    }
    this.#count = kept
  }

  #end(at: number): void {
    const figures = this.#figures
    const from = at * FIGURES
    for (const gauge of this.#gauges[at] as readonly Gauge[]) {
      const { meter, unit } = gauge
      gauge.columns -= 1
      if (unit === "usd") {
        meter.settled += figures[from + SPENT] as number
        meter.held -= figures[from + USD] as number
      } else if (unit === "tokens") {
        meter.settled += figures[from + USED] as number
        meter.held -= figures[from + TOKENS] as number
      } else {
        meter.settled += 1
        meter.held -= 1
      }
    }
  }

  #running(at: number): Running {
    const from = at * FIGURES
    const [endMs, order, usd, tokens, granted, spent, used] = this.#figures.subarray(
      from,
      from + FIGURES,
    ) as unknown as readonly [number, number, number, number, number, number, number]
    return { endMs, order, usd, tokens, granted, spent, used }
  }

  #move(from: number, to: number): void {
    const figures = this.#figures
    for (let at = 0; at < FIGURES; at += 1)
      figures[to * FIGURES + at] = figures[from * FIGURES + at] as number
    this.#hands[to] = this.#hands[from] as AtHand
    this.#gauges[to] = this.#gauges[from] as readonly Gauge[]
  }

  #grow(): void {
    const grown = new Float64Array(2 * this.#figures.length)
    grown.set(this.#figures)
    this.#figures = grown
  }
}

/** Places of the figures of one call; its end is the first. */
const ORDER = 1
const USD = 2
const TOKENS = 3
const GRANTED = 4
const SPENT = 5
const USED = 6
const FIGURES = 7
const FIRST_ROOM = 1_024
