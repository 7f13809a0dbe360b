import { civilOf, daysOf, offsetAt } from "../../domain/calendar.ts"
import { DAY_MS, type DurationMs, type EpochMs, HOUR_MS } from "../../domain/time.ts"
import { bucketLength, periodAt, type Window } from "../../domain/window.ts"
import type { Bound, Span } from "./cover.ts"
import { endOfPeriod, FROM_MS, hourPhase, UNTIL_MS } from "./periods.ts"

/** What a bill is read by: any sixty minutes; hours, days, weeks from Monday and months of one time zone. */
export const BILL_SPANS = ["hour", "any-hour", "day", "week", "month"] as const

/** One of `BILL_SPANS`. */
export type BillSpan = (typeof BILL_SPANS)[number]

/**
 * The spans that the most may be spent in: for every way that the budgets' periods can lie in a span of this
 * kind at least one. Of weeks and months those of 28 years, of days those of three, of hours and of periods
 * of odd lengths the first few thousand, from 2026 on.
 */
export const spansOf = (
  kind: BillSpan,
  bounds: readonly Bound[],
  timeZone: string,
): Iterable<Span> => {
  switch (kind) {
    case "hour":
      return hours(bounds, timeZone)
    case "any-hour":
      return anyHours(bounds)
    case "day":
      return calendarSpans({ kind, timeZone }, bounds)
    case "week":
    case "month":
      return calendarSpans({ kind, timeZone, startsOn: 1 }, bounds)
  }
}

/** How many periods of a kind are looked at. */
const MOST = {
  hour: 2_000,
  day: 3 * 366,
  week: 28 * 53,
  month: 28 * 12,
  fixed: 5_000,
  sliding: 5_000,
} as const

/** Periods that follow each other. */
const runs = function* (window: Exclude<Window, { kind: "lifetime" | "sliding" }>): Iterable<Span> {
  let startMs = endOfPeriod(window, FROM_MS)
  for (let count = 0; count < MOST[window.kind] && startMs < UNTIL_MS; count += 1) {
    const endMs = endOfPeriod(window, startMs)
    yield { startMs, endMs }
    startMs = endMs
  }
}

/** To budgets of one calendar one day of hours is as any other. */
const hours = function* (bounds: readonly Bound[], timeZone: string): Iterable<Span> {
  let left = isOneCalendar(bounds, timeZone) ? 25 : MOST.hour
  for (const span of runs({ kind: "hour", timeZone })) {
    if (left === 0) return
    left -= 1
    yield span
  }
}

/** What a span touches grows until its start leaves a period: so each begins a millisecond before an edge. */
const anyHours = function* (bounds: readonly Bound[]): Iterable<Span> {
  yield { startMs: FROM_MS, endMs: FROM_MS + HOUR_MS }
  const seen = new Set<EpochMs>()
  for (const { window } of bounds)
    for (const edgeMs of edgesOf(window)) {
      if (seen.has(edgeMs)) continue
      seen.add(edgeMs)
      yield { startMs: edgeMs - 1, endMs: edgeMs - 1 + HOUR_MS }
    }
}

const edgesOf = function* (window: Window): Iterable<EpochMs> {
  if (window.kind === "lifetime") return
  if (window.kind !== "sliding") {
    for (const { startMs } of runs(window)) yield startMs
    if (window.kind === "hour" && hourPhase(window.timeZone) === null) yield* oddEdges(window)
    return
  }
  const bucketMs = bucketLength(window)
  const { startMs } = periodAt(window, FROM_MS)
  for (let count = 0; count < MOST.sliding; count += 1) {
    yield startMs + count * bucketMs
    yield endOfPeriod(window, startMs + count * bucketMs)
  }
}

/** Hours of the days on which the clock changes by a part of an hour. */
const oddEdges = function* (window: Extract<Window, { kind: "hour" }>): Iterable<EpochMs> {
  for (const day of runs({ kind: "day", timeZone: window.timeZone })) {
    if (lengthOf(day) === DAY_MS) continue
    for (let atMs = day.startMs - HOUR_MS; atMs < day.endMs; atMs = endOfPeriod(window, atMs))
      yield endOfPeriod(window, atMs)
  }
}

/** Of spans that look alike to budgets of the same calendar, one. */
const calendarSpans = (
  window: Extract<Window, { kind: "day" | "week" | "month" }>,
  bounds: readonly Bound[],
): Iterable<Span> => {
  const { kind, timeZone } = window
  if (!isOneCalendar(bounds, timeZone)) return runs(window)
  const key = `${kind} ${timeZone}`
  const known = looks.get(key)
  if (known !== undefined) return known
  const found = new Map<string, Span>()
  for (const span of runs(window)) {
    const look = kind === "day" ? String(lengthOf(span)) : lookOf(span, timeZone)
    if (!found.has(look)) found.set(look, span)
  }
  looks.set(key, [...found.values()])
  return [...found.values()]
}

/** A process explains few calendars, and the same again. */
const looks = new Map<string, readonly Span[]>()

/** Every period begins with a day of the calendar, or lies in each of its days in the same way. */
const isOneCalendar = (bounds: readonly Bound[], timeZone: string): boolean =>
  bounds.every(({ window }) => {
    switch (window.kind) {
      case "lifetime":
        return true
      case "fixed":
        return timeZone === "UTC" && DAY_MS % window.everyMs === 0
      case "sliding":
        return timeZone === "UTC" && DAY_MS % bucketLength(window) === 0
      default:
        return window.timeZone === timeZone
    }
  })

const lengthOf = ({ startMs, endMs }: Span): DurationMs => endMs - startMs

/** What a calendar shows of a span: its first weekday, its place in its month, its length, its odd days. */
const lookOf = (span: Span, timeZone: string): string => {
  const day = Math.floor((span.startMs + offsetAt(timeZone, span.startMs)) / DAY_MS)
  const { year, month, dayOfMonth } = civilOf(day)
  const daysOfMonth = daysOf(year, month + 1, 1) - daysOf(year, month, 1)
  return [day % 7, dayOfMonth, daysOfMonth, lengthOf(span), oddDays(span, timeZone)].join(" ")
}

const oddDays = ({ startMs, endMs }: Span, timeZone: string): string => {
  if (timeZone === "UTC") return ""
  const odd: string[] = []
  const days: Window = { kind: "day", timeZone }
  for (let atMs = startMs, day = 0; atMs < endMs; day += 1) {
    const dayEndMs = endOfPeriod(days, atMs)
    if (dayEndMs - atMs !== DAY_MS) odd.push(`${day}:${dayEndMs - atMs}`)
    atMs = dayEndMs
  }
  return odd.join()
}
