/** Milliseconds since 1970-01-01T00:00:00Z, an integer. */
export type EpochMs = number

/** A length of time in milliseconds, an integer above 0. */
export type DurationMs = number

/** A second, in milliseconds. */
export const SECOND_MS: DurationMs = 1_000
/** A minute, in milliseconds. */
export const MINUTE_MS: DurationMs = 60_000
/** An hour, in milliseconds. */
export const HOUR_MS: DurationMs = 3_600_000
/** A day of 24 hours, in milliseconds; a calendar day may be longer or shorter. */
export const DAY_MS: DurationMs = 86_400_000

/** The last instant of the calendar, used as the end of a period that never ends. */
export const FOREVER_MS: EpochMs = 8_640_000_000_000_000

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
}

/**
 * Reads a duration such as `"1h30m"`, `"250ms"` or `"2d"`.
 *
 * @returns milliseconds, or `undefined` where the text is not a duration of whole units
 * @example parseDuration("1h30m") // => 5400000
 */
export const parseDuration = (text: string): number | undefined => {
  if (!/^(?:\d{1,12}(?:ms|[smhdw]))+$/.test(text)) return undefined
  let total = 0
  for (const part of text.matchAll(/(\d+)(ms|[smhdw])/g)) {
    total += Number(part[1]) * (UNIT_MS[part[2] ?? ""] ?? 0)
  }
  return total <= FOREVER_MS ? total : undefined
}
