/** What is added up per stretch of time. */
export const TIMELINE_SERIES = ["asked", "spent", "refused", "warnings", "pages"] as const

/** One of what is added up. */
export type TimelineSeries = (typeof TIMELINE_SERIES)[number]

/** Sums by time: money in nano-USD, warnings and pages as counts. */
export type TimelineReport = Readonly<Record<TimelineSeries, readonly number[]>> & {
  /** Start of the first stretch, epoch milliseconds. */
  readonly startMs: number
  /** Length of each. */
  readonly stepMs: number
}

/** At most 512 stretches of equal length: where time goes beyond them, they double. */
export class Timeline {
  readonly #sums: Record<TimelineSeries, Float64Array>
  #startMs: number | null = null
  #stepMs = FIRST_STEP_MS
  #used = 0
  /** Where the last instant lay, and what lies there too. */
  #at = 0
  #fromMs = 0
  #untilMs = 0

  constructor() {
    this.#sums = Object.fromEntries(
      TIMELINE_SERIES.map((name) => [name, new Float64Array(STRETCHES)]),
    ) as Record<TimelineSeries, Float64Array>
  }

  /** Where an instant lies; an earlier one than the first counts to the first. */
  at(atMs: number): number {
    if (atMs >= this.#fromMs && atMs < this.#untilMs) return this.#at
    this.#startMs ??= atMs - (atMs % FIRST_STEP_MS)
    let at = Math.floor((atMs - this.#startMs) / this.#stepMs)
    while (at >= STRETCHES) {
      this.#double()
      at = Math.floor((atMs - this.#startMs) / this.#stepMs)
    }
    if (at >= this.#used) this.#used = at + 1
    this.#at = Math.max(0, at)
    this.#fromMs = this.#startMs + this.#at * this.#stepMs
    this.#untilMs = this.#fromMs + this.#stepMs
    return this.#at
  }

  add(series: TimelineSeries, at: number, amount: number): void {
    const sums = this.#sums[series]
    sums[at] = (sums[at] ?? 0) + amount
  }

  report(): TimelineReport {
    const series = Object.fromEntries(
      TIMELINE_SERIES.map((name) => [name, [...this.#sums[name].subarray(0, this.#used)]]),
    ) as Record<TimelineSeries, number[]>
    return { startMs: this.#startMs ?? 0, stepMs: this.#stepMs, ...series }
  }

  #double(): void {
    for (const name of TIMELINE_SERIES) {
      const sums = this.#sums[name]
      for (let at = 0; at < STRETCHES / 2; at += 1)
        sums[at] = (sums[2 * at] ?? 0) + (sums[2 * at + 1] ?? 0)
      sums.fill(0, STRETCHES / 2)
    }
    this.#stepMs *= 2
    this.#used = Math.ceil(this.#used / 2)
  }
}

const STRETCHES = 512
const FIRST_STEP_MS = 60_000
