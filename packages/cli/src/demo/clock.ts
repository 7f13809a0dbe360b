export const SECOND_MS = 1_000
export const HOUR_MS = 3_600_000

/** A pair of calls costs $9 + $1; ten pairs each 90 seconds are $4,000 an hour: $72,000 in 18 hours. */
export const TICK_MS: number = 90 * SECOND_MS
export const TICKS = 720
export const PAIRS = 10
/** Six in the morning, so that the 18 hours end with the day and its bill. */
export const START_MS: number = Date.UTC(2026, 0, 15, 6)

export const HOURLY_NANO = 250_000_000_000
export const DAILY_NANO = 1_000_000_000_000

/** Virtual time: it moves by ticks alone. */
export interface Clock {
  atMs: number
}
