const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const LAST_INSTANT_MS = 8_640_000_000_000_000

/** An instant for people, in UTC: `11:20 UTC`, with its day where that is not the day of `nowMs`. */
export const timeText = (atMs: number, nowMs: number): string => {
  const text = isoText(atMs)
  const time = `${text.slice(11, 16)} UTC`
  return text.slice(0, 10) === isoText(nowMs).slice(0, 10) ? time : `${text.slice(0, 10)} ${time}`
}

/** ISO 8601; an instant that no calendar has is shown as the last one. */
export const isoText = (atMs: number): string =>
  new Date(Math.min(Math.max(atMs, 0), LAST_INSTANT_MS)).toISOString()

/** A length of time for people, in its largest unit: `45 s`, `20 min`, `3 h`, `2 days`. */
export const lengthText = (ms: number): string => {
  if (ms < 2 * MINUTE_MS) return `${Math.max(1, Math.round(ms / 1_000))} s`
  if (ms < 2 * HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`
  if (ms < 2 * DAY_MS) return `${Math.round(ms / HOUR_MS)} h`
  return `${Math.round(ms / DAY_MS)} days`
}
