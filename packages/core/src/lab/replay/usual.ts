import { type EpochMs, HOUR_MS } from "../../domain/time.ts"

/**
 * Whether a payer is as usual: what it asked for in this hour, beside the median of its own last 48 hours in
 * which it asked for anything.
 */
export class Usual {
  readonly #hours: number[] = []
  #next = 0
  #untilMs = Number.NEGATIVE_INFINITY
  #sum = 0
  #median: number | null = null

  /** It asked for so much at this instant; one of an hour that is over counts to the hour that runs. */
  add(atMs: EpochMs, amount: number): void {
    if (atMs >= this.#untilMs) this.#turn(atMs)
    this.#sum += amount
  }

  /** Of the call that was added last; null where the payer has too little past: fewer than three hours. */
  isUsual(): boolean | null {
    if (this.#hours.length < HOURS_NEEDED) return null
    if (this.#median === null) {
      const sorted = [...this.#hours].sort((one, other) => one - other)
      this.#median = sorted[sorted.length >> 1] ?? 0
    }
    return this.#sum <= this.#median
  }

  #turn(atMs: EpochMs): void {
    this.#median = null
    if (this.#untilMs > Number.NEGATIVE_INFINITY) {
      this.#hours[this.#next] = this.#sum
      this.#next = (this.#next + 1) % HOURS_KEPT
    }
    this.#untilMs = (Math.floor(atMs / HOUR_MS) + 1) * HOUR_MS
    this.#sum = 0
  }
}

const HOURS_KEPT = 48

/** The fewest of which one alone, as a first hour that began late, cannot be the median. */
const HOURS_NEEDED = 3
