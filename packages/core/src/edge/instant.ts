import { parseDuration } from "../domain/time.ts"

/**
 * A duration from `fromMs`, such as `"-11m"`, or an ISO instant that names its zone.
 *
 * @returns epoch milliseconds, or undefined where the text is neither
 */
export const offsetOrInstant = (text: string, fromMs: number): number | undefined => {
  const isBack = text.startsWith("-")
  const offset = parseDuration(isBack ? text.slice(1) : text)
  if (offset === undefined) return parseInstant(text)
  return isBack ? fromMs - offset : fromMs + offset
}

/**
 * Reads `2026-01-15T10:20:00Z` or a date; a time without a zone would mean another instant on each machine.
 *
 * @returns epoch milliseconds, or undefined where the text is not such an instant
 */
export const parseInstant = (text: string): number | undefined => {
  const match = INSTANT.exec(text)
  const atMs = match === null ? Number.NaN : Date.parse(text)
  if (!Number.isFinite(atMs)) return undefined
  // A day that its month does not have is read as one of the next month.
  const day = Date.parse(`${match?.[1]}T00:00:00Z`)
  return new Date(day).toISOString().startsWith(match?.[1] ?? "?") ? atMs : undefined
}

const INSTANT =
  /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/
