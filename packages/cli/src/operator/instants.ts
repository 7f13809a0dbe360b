import { lengthText } from "@spendfuse/adapters/notifier"
import { parseDuration } from "@spendfuse/core/domain"
import { CliError } from "../io.ts"

/** An instant in UTC, with its day where that is another: `14:03:05`, `11-24 23:59:00`. */
export const clockText = (atMs: number, nowMs: number): string => {
  const text = new Date(atMs).toISOString()
  const clock = text.slice(11, 19)
  if (text.slice(0, 10) === new Date(nowMs).toISOString().slice(0, 10)) return clock
  return text.slice(0, 4) === new Date(nowMs).toISOString().slice(0, 4)
    ? `${text.slice(5, 10)} ${clock}`
    : `${text.slice(0, 10)} ${clock}`
}

/** How far away: `2 min ago`, `in 20 min`, `now`. */
export const relativeText = (atMs: number, nowMs: number): string => {
  const awayMs = atMs - nowMs
  if (Math.abs(awayMs) < 500) return "now"
  return awayMs < 0 ? `${lengthText(-awayMs)} ago` : `in ${lengthText(awayMs)}`
}

/** Both: `14:03:05 UTC, 2 min ago`. */
export const instantText = (atMs: number, nowMs: number): string =>
  `${clockText(atMs, nowMs)} UTC, ${relativeText(atMs, nowMs)}`

/** A length of time of a flag, milliseconds. @throws CliError where it is none, or is longer than ten years */
export const durationOf = (flag: string, text: string): number => {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0 && ms <= TEN_YEARS_MS) return ms
  throw new CliError(
    `\`${flag} ${text.slice(0, 40)}\` is not a length of time; write e.g. 15m, 2h or 1h30m`,
  )
}

const TEN_YEARS_MS = 3_660 * 86_400_000
