import { HOUR_MS } from "../../domain/time.ts"
import { periodAt, type Window } from "../../domain/window.ts"

const NEW_YORK: Window = { kind: "day", timeZone: "America/New_York" }
const LORD_HOWE: Window = { kind: "hour", timeZone: "Australia/Lord_Howe" }

/**
 * Two hours before the next day that is not 24 hours long, in New York, or near the next hour that is not
 * one, on Lord Howe Island, whichever comes first.
 */
export const dayOfChange = (afterMs: number): number => {
  let day = periodAt(NEW_YORK, afterMs + 24 * HOUR_MS)
  for (;;) {
    const hour = changedHour(day.startMs, day.endMs)
    if (day.endMs - day.startMs !== 24 * HOUR_MS) return day.startMs - 2 * HOUR_MS
    if (hour !== null) return hour - 3 * HOUR_MS
    day = periodAt(NEW_YORK, day.endMs)
  }
}

/** Half an hour too long or too short: the clocks of Lord Howe Island change by that. */
const changedHour = (fromMs: number, toMs: number): number | null => {
  const day = periodAt({ kind: "day", timeZone: LORD_HOWE.timeZone }, fromMs)
  if (day.endMs - day.startMs === 24 * HOUR_MS) return null
  for (let atMs = day.startMs; atMs < Math.max(toMs, day.endMs); ) {
    const { startMs, endMs } = periodAt(LORD_HOWE, atMs)
    if (endMs - startMs !== HOUR_MS) return startMs
    atMs = endMs
  }
  return null
}
