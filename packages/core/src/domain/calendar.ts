import { DAY_MS, type EpochMs, HOUR_MS } from "./time.ts"

/**
 * Offset of local time from UTC in milliseconds at an instant, from the platform's time zone data
 * (`Intl`, a pure function of that data).
 */
export const offsetAt = (timeZone: string, atMs: EpochMs): number => {
  if (timeZone === "UTC") return 0
  const parts = formatterOf(timeZone).formatToParts(atMs)
  const field: Record<string, number> = {}
  for (const { type, value } of parts) field[type] = Number(value)
  const days = daysOf(field.year ?? 1970, field.month ?? 1, field.day ?? 1)
  const seconds = (field.hour ?? 0) * 3600 + (field.minute ?? 0) * 60 + (field.second ?? 0)
  return days * DAY_MS + seconds * 1000 - Math.floor(atMs / 1000) * 1000
}

/** The first instant whose local date is `day` (days since 1970-01-01), also where midnight does not exist. */
export const firstInstantOf = (timeZone: string, day: number): EpochMs => {
  const local = day * DAY_MS
  if (timeZone === "UTC") return local
  const before = local - offsetAt(timeZone, local - 26 * HOUR_MS)
  const after = local - offsetAt(timeZone, local + 26 * HOUR_MS)
  const [early, late] = before < after ? [before, after] : [after, before]
  if (early + offsetAt(timeZone, early) === local) return early
  if (late + offsetAt(timeZone, late) === local) return late
  return transitionIn(timeZone, early, late)
}

/** The instant in `(fromMs, toMs]` from which the offset is that of `toMs`; whole milliseconds. */
export const transitionIn = (timeZone: string, fromMs: EpochMs, toMs: EpochMs): EpochMs => {
  const offset = offsetAt(timeZone, toMs)
  let low = fromMs
  let high = toMs
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(timeZone, middle) === offset) high = middle
    else low = middle
  }
  return high
}

/** Days since 1970-01-01 of a Gregorian date; `month` may lie outside 1 to 12. Source: H. Hinnant, days_from_civil. */
export const daysOf = (year: number, month: number, dayOfMonth: number): number => {
  const months = year * 12 + month - 1
  const m = ((months % 12) + 12) % 12
  const shifted = Math.floor(months / 12) - (m < 2 ? 1 : 0)
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * ((m + 10) % 12) + 2) / 5) + dayOfMonth - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** The Gregorian date of a day since 1970-01-01. Source: H. Hinnant, civil_from_days. */
export const civilOf = (day: number): { year: number; month: number; dayOfMonth: number } => {
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const doe = shifted - era * 146_097
  const yoe = Math.floor(
    (doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365,
  )
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100))
  const mp = Math.floor((5 * doy + 2) / 153)
  const month = mp < 10 ? mp + 3 : mp - 9
  return {
    year: yoe + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfMonth: doy - Math.floor((153 * mp + 2) / 5) + 1,
  }
}

const formatters = new Map<string, Intl.DateTimeFormat>()

const formatterOf = (timeZone: string): Intl.DateTimeFormat => {
  const known = formatters.get(timeZone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "iso8601",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  })
  formatters.set(timeZone, made)
  return made
}
