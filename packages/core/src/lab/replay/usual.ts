import { HOUR_MS } from "../../domain/time.ts"

/**
 * Whether a payer is as usual: what it asked for in this hour, beside the median of its own last 48 hours in
 * which it asked for anything.
 */
export class Usual {
  readonly #hours: number[] = []
  #next = 0
  #hour = -1
  #sum = 0
  #median: number | null = null

  /** It asked for so much at this instant. */
  add(atMs: number, amount: number): void {
    const hour = Math.floor(atMs / HOUR_MS)
    if (hour !== this.#hour) this.#turn(hour)
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

  #turn(hour: number): void {
    this.#median = null
    if (this.#hour >= 0) {
      this.#hours[this.#next] = this.#sum
      this.#next = (this.#next + 1) % HOURS_KEPT
    }
    this.#hour = hour
    this.#sum = 0
  }
}

const HOURS_KEPT = 48

/** The fewest of which one alone, as a first hour that began late, cannot be the median. */
const HOURS_NEEDED = 3
