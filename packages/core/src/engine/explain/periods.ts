import { offsetAt } from "../../domain/calendar.ts"
import { DAY_MS, type EpochMs, HOUR_MS } from "../../domain/time.ts"
import { periodAt, type Window, windowName } from "../../domain/window.ts"

/** Where every search begins. Rules of the clock come again each year, weekdays of a month's first within 28. */
export const FROM_MS: EpochMs = Date.UTC(2026, 0, 15)
/** Where it ends. */
export const UNTIL_MS: EpochMs = Date.UTC(2054, 0, 15)

/**
 * Until when what is spent at an instant counts against what is spent after it. Of a lifetime: whoever spends
 * again within `idle` spends in the same one.
 */
export const endOfPeriod = (window: Window, atMs: EpochMs): EpochMs => {
  switch (window.kind) {
    case "lifetime":
      return atMs + window.idleMs
    case "hour": {
      const phaseMs = hourPhase(window.timeZone)
      return phaseMs === null
        ? endByCalendar(window, atMs)
        : atMs + HOUR_MS - modulo(atMs + phaseMs)
    }
    case "day":
    case "week":
    case "month":
      return endByCalendar(window, atMs)
    case "fixed":
    case "sliding":
      return periodAt(window, atMs).endMs
  }
}

/** How far an hour of a time zone is from one of UTC; null where a change of its clock is a part of an hour. */
export const hourPhase = (timeZone: string): number | null => {
  const known = phases.get(timeZone)
  if (known !== undefined) return known
  const found = new Set<number>()
  for (let day = 0; day < 2 * 366; day += 1)
    found.add(modulo(offsetAt(timeZone, FROM_MS + day * DAY_MS)))
  const [first] = found
  const phase = found.size === 1 && first !== undefined ? first : null
  phases.set(timeZone, phase)
  return phase
}

const phases = new Map<string, number | null>()

/** A time zone is asked slowly, and for the same periods again and again: their ends are kept in order. */
const endByCalendar = (window: Window, atMs: EpochMs): EpochMs => {
  if (atMs < FROM_MS || atMs >= UNTIL_MS) return periodAt(window, atMs).endMs
  const ends = endsOf(window)
  let last = ends.at(-1) ?? periodAt(window, FROM_MS).endMs
  if (ends.length === 0) ends.push(last)
  while (last <= atMs) {
    last = periodAt(window, last).endMs
    ends.push(last)
  }
  let low = 0
  let high = ends.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle] ?? 0) > atMs) high = middle
    else low = middle + 1
  }
  return ends[low] ?? last
}

const endsOf = (window: Window): EpochMs[] => {
  const name = windowName(window)
  const known = kept.get(name) ?? []
  kept.set(name, known)
  return known
}

const kept = new Map<string, EpochMs[]>()

const modulo = (value: number): number => ((value % HOUR_MS) + HOUR_MS) % HOUR_MS
