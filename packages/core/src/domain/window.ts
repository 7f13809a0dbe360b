import { civilOf, daysOf, firstInstantOf, offsetAt, transitionIn } from "./calendar.ts"
import { DAY_MS, type DurationMs, type EpochMs, FOREVER_MS, HOUR_MS } from "./time.ts"

/** How a budget cuts time; `timeZone` is an IANA name, weeks start on `startsOn` 1 (Monday) to 7, months on day 1 to 28. */
export type Window =
  | { readonly kind: "hour"; readonly timeZone: string }
  | { readonly kind: "day"; readonly timeZone: string }
  | { readonly kind: "week" | "month"; readonly timeZone: string; readonly startsOn: number }
  | { readonly kind: "fixed"; readonly everyMs: DurationMs; readonly anchorMs: EpochMs }
  | { readonly kind: "sliding"; readonly lengthMs: DurationMs; readonly buckets: number }
  | { readonly kind: "lifetime"; readonly idleMs: DurationMs }

/** One concrete window `[startMs, endMs)`; its meter is kept until `keptUntilMs`, when one more period is over. */
export interface Period {
  readonly startMs: EpochMs
  readonly endMs: EpochMs
  readonly keptUntilMs: EpochMs
}

/**
 * The period of `window` that holds the instant `atMs`. Laws W1–W3: every instant lies in exactly one
 * period, periods touch, and a day has 23 to 25 hours around a change of the clock.
 *
 * For a sliding window it is the life of the bucket: from the bucket's start until the whole bucket has left.
 */
export const periodAt = (window: Window, atMs: EpochMs): Period => {
  const known = last.get(window)
  if (known !== undefined && isCurrent(window, known, atMs)) return known
  const made = cut(window, atMs)
  last.set(window, made)
  return made
}

/** The same window is cut at the same place again and again, and its meters share the period. */
const last = new WeakMap<Window, Period>()

const isCurrent = (window: Window, { startMs, endMs }: Period, atMs: EpochMs): boolean =>
  startMs <= atMs && atMs < (window.kind === "sliding" ? startMs + bucketLength(window) : endMs)

const cut = (window: Window, atMs: EpochMs): Period => {
  switch (window.kind) {
    case "hour":
      return kept(window, hourAt(window.timeZone, atMs))
    case "day":
    case "week":
    case "month":
      return kept(window, calendarAt(window, atMs))
    case "fixed": {
      const startMs = atMs - modulo(atMs - window.anchorMs, window.everyMs)
      return { startMs, endMs: startMs + window.everyMs, keptUntilMs: startMs + 2 * window.everyMs }
    }
    case "sliding": {
      const bucketMs = bucketLength(window)
      const startMs = atMs - modulo(atMs, bucketMs)
      const endMs = startMs + bucketMs + window.lengthMs
      return { startMs, endMs, keptUntilMs: endMs + window.lengthMs }
    }
    case "lifetime":
      return { startMs: 0, endMs: FOREVER_MS, keptUntilMs: FOREVER_MS }
  }
}

/** One name for one way to cut time. */
export const windowName = (window: Window): string => {
  switch (window.kind) {
    case "hour":
    case "day":
      return `${window.kind} ${window.timeZone}`
    case "week":
    case "month":
      return `${window.kind} ${window.timeZone} ${window.startsOn}`
    case "fixed":
      return `fixed ${window.everyMs} ${window.anchorMs}`
    case "sliding":
      return `sliding ${window.lengthMs} ${window.buckets}`
    case "lifetime":
      return `lifetime ${window.idleMs}`
  }
}

/** Length of one bucket of a sliding window, rounded up to a whole millisecond. */
export const bucketLength = (window: { lengthMs: DurationMs; buckets: number }): DurationMs =>
  Math.ceil(window.lengthMs / window.buckets)

interface Span {
  readonly startMs: EpochMs
  readonly endMs: EpochMs
}

const kept = (window: CalendarWindow | Extract<Window, { kind: "hour" }>, span: Span): Period => {
  const next =
    window.kind === "hour" ? hourAt(window.timeZone, span.endMs) : calendarAt(window, span.endMs)
  return { ...span, keptUntilMs: next.endMs }
}

type CalendarWindow = Exclude<Window, { kind: "hour" | "fixed" | "sliding" | "lifetime" }>

const calendarAt = (window: CalendarWindow, atMs: EpochMs): Span => {
  const localDay = Math.floor((atMs + offsetAt(window.timeZone, atMs)) / DAY_MS)
  const [first, next] = daysAround(window, localDay)
  const startMs = firstInstantOf(window.timeZone, first)
  const endMs = firstInstantOf(window.timeZone, next)
  // A clock set back across midnight shows the old date again: those minutes belong to the day already begun.
  if (atMs >= endMs) return calendarSpan(window, next)
  return { startMs, endMs }
}

const calendarSpan = (window: CalendarWindow, day: number): Span => {
  const [first, next] = daysAround(window, day)
  return {
    startMs: firstInstantOf(window.timeZone, first),
    endMs: firstInstantOf(window.timeZone, next),
  }
}

/** First local day of the period that holds `day`, and of the one after it; days since 1970-01-01. */
const daysAround = (window: CalendarWindow, day: number): readonly [number, number] => {
  if (window.kind === "day") return [day, day + 1]
  if (window.kind === "week") {
    const first = day - modulo(day + 3 - (window.startsOn - 1), 7)
    return [first, first + 7]
  }
  const { year, month, dayOfMonth } = civilOf(day)
  const back = dayOfMonth < window.startsOn ? 1 : 0
  return [
    daysOf(year, month - back, window.startsOn),
    daysOf(year, month - back + 1, window.startsOn),
  ]
}

const hourAt = (timeZone: string, atMs: EpochMs): Span => {
  const offset = offsetAt(timeZone, atMs)
  let startMs = atMs - modulo(atMs + offset, HOUR_MS)
  let endMs = startMs + HOUR_MS
  // Only a change by a part of an hour (Lord Howe) cuts an hour short.
  if (modulo(offsetAt(timeZone, startMs) - offset, HOUR_MS) !== 0)
    startMs = transitionIn(timeZone, startMs, atMs)
  if (modulo(offsetAt(timeZone, endMs - 1) - offset, HOUR_MS) !== 0)
    endMs = transitionIn(timeZone, atMs, endMs - 1)
  return { startMs, endMs }
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by
