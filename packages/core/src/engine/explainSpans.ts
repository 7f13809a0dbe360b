import { DAY_MS, type DurationMs, type EpochMs, HOUR_MS } from "../domain/time.ts"
import { bucketLength, periodAt, type Window } from "../domain/window.ts"

/** What a bill is read by: calendar hours, days and months of one time zone, and any sixty minutes. */
export type BillSpan = "hour" | "any-hour" | "day" | "month"

interface Span {
  readonly startMs: EpochMs
  readonly endMs: EpochMs
}

/**
 * How many times the cap of an account may be spent within one span: the most periods that a span can
 * touch, whatever its place in the calendar. Looks at 28 years of months, so at
 * every weekday that one can begin with, and at the changes of the clock; never too low.
 *
 * @param timeZone the calendar that the spans are cut by
 */
export const periodsTouched = (window: Window, span: BillSpan, timeZone: string): number => {
  switch (window.kind) {
    case "fixed":
      return cutsTouched(window.everyMs, window.anchorMs, span, timeZone)
    case "sliding": {
      const bucketMs = bucketLength(window)
      const together = Math.floor(window.lengthMs / bucketMs) + 1
      return Math.ceil(cutsTouched(bucketMs, 0, span, timeZone) / together)
    }
    case "lifetime":
      return Math.floor((longest(span, timeZone) - 1) / window.idleMs) + 1
    default:
      return calendarTouched(window, span, timeZone)
  }
}

type CalendarWindow = Exclude<Window, { kind: "fixed" | "sliding" | "lifetime" }>

const calendarTouched = (window: CalendarWindow, span: BillSpan, timeZone: string): number => {
  const mostOfAnHour = window.kind === "hour" && hasPartHours(window.timeZone) ? 3 : 2
  if (span === "any-hour") return mostOfAnHour
  const isSame = window.timeZone === timeZone
  if (span === "hour") return isSame || hoursMeet(window, timeZone) ? 1 : mostOfAnHour
  if (span === "day" && isSame && window.kind !== "hour") return 1
  const { days, months } = calendarOf(timeZone)
  const spans = span === "month" ? months : isSame ? longestOf(days) : days
  return spans.reduce((most, each) => Math.max(most, touchedBy(window, each)), 1)
}

const touchedBy = (window: CalendarWindow, { startMs, endMs }: Span): number => {
  const first = periodAt(window, startMs)
  const last = periodAt(window, endMs - 1)
  if (window.kind === "month") return walked(window, first, last)
  const lengthMs = { hour: HOUR_MS, day: DAY_MS, week: 7 * DAY_MS }[window.kind]
  const apart = (last.startMs - first.startMs) / lengthMs
  return 1 + (window.kind === "hour" ? Math.ceil(apart) : Math.round(apart))
}

const walked = (window: CalendarWindow, first: Span, last: Span): number => {
  let count = 1
  for (let at = first; at.startMs < last.startMs; at = periodAt(window, at.endMs)) count += 1
  return count
}

/** Of cuts of one length: the span that begins as late in a cut as its calendar lets it. */
const cutsTouched = (
  everyMs: DurationMs,
  anchorMs: EpochMs,
  span: BillSpan,
  timeZone: string,
): number => {
  const { firstMs, gridMs } = gridOf(span, timeZone)
  const step = gcd(everyMs, gridMs)
  const phase = everyMs - step + modulo(firstMs - anchorMs, step)
  return Math.floor((phase + longest(span, timeZone) - 1) / everyMs) + 1
}

/** Where spans begin: at one instant and a number of steps of the grid from there. */
const gridOf = (span: BillSpan, timeZone: string): { firstMs: EpochMs; gridMs: DurationMs } => {
  if (span === "any-hour") return { firstMs: 0, gridMs: 1 }
  const { days, months, gridMs } = calendarOf(timeZone)
  const [first] = span === "month" ? months : days
  const firstMs = first?.startMs ?? 0
  if (span === "hour") return { firstMs, gridMs: gcd(HOUR_MS, gridMs) }
  return { firstMs, gridMs }
}

const longest = (span: BillSpan, timeZone: string): DurationMs => {
  if (span === "hour" || span === "any-hour") return HOUR_MS
  const { days, months } = calendarOf(timeZone)
  return lengthOf(longestOf(span === "month" ? months : days)[0])
}

const longestOf = (spans: readonly Span[]): readonly Span[] => {
  const found = spans.reduce<Span | undefined>(
    (best, each) => (lengthOf(each) > lengthOf(best) ? each : best),
    undefined,
  )
  return found === undefined ? [] : [found]
}

const lengthOf = (span: Span | undefined): DurationMs =>
  span === undefined ? 0 : span.endMs - span.startMs

/** Lord Howe Island sets its clocks by half an hour: a part of an hour is an hour's period there. */
const hasPartHours = (timeZone: string): boolean => calendarOf(timeZone).hasPartHours

const hoursMeet = (window: CalendarWindow, timeZone: string): boolean =>
  window.kind !== "hour" ||
  (!hasPartHours(window.timeZone) &&
    calendarOf(timeZone).days.every(({ startMs }) => periodAt(window, startMs).startMs === startMs))

interface Calendar {
  readonly days: readonly Span[]
  readonly months: readonly Span[]
  /** Every day begins a number of these after the first. */
  readonly gridMs: DurationMs
  readonly hasPartHours: boolean
}

const FROM_MS = Date.UTC(2026, 0, 15)
/** Rules of the clock come again each year; the weekdays of a month's first after 28. */
const DAYS_UNTIL_MS = Date.UTC(2029, 0, 15)
const MONTHS_UNTIL_MS = Date.UTC(2054, 0, 15)

const calendars = new Map<string, Calendar>()

const calendarOf = (timeZone: string): Calendar => {
  const known = calendars.get(timeZone)
  if (known !== undefined) return known
  const days = spansOf({ kind: "day", timeZone }, DAYS_UNTIL_MS)
  const months = spansOf({ kind: "month", timeZone, startsOn: 1 }, MONTHS_UNTIL_MS)
  const [first] = days
  const calendar = {
    days,
    months,
    gridMs: days.reduce((grid, { startMs }) => gcd(grid, startMs - (first?.startMs ?? 0)), 0),
    hasPartHours: days.some((day) => lengthOf(day) % HOUR_MS !== 0),
  }
  calendars.set(timeZone, calendar)
  return calendar
}

const spansOf = (window: Window, untilMs: EpochMs): readonly Span[] => {
  const spans: Span[] = []
  let atMs = periodAt(window, FROM_MS).endMs
  while (atMs < untilMs) {
    const { startMs, endMs } = periodAt(window, atMs)
    spans.push({ startMs, endMs })
    atMs = endMs
  }
  return spans
}

const gcd = (one: number, other: number): number => (other === 0 ? one : gcd(other, one % other))

const modulo = (value: number, by: number): number => ((value % by) + by) % by
