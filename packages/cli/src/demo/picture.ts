import type { Paint } from "../paint.ts"
import { DAILY_NANO, HOUR_MS, HOURLY_NANO, TICK_MS, TICKS } from "./clock.ts"
import type { ToldEvent } from "./guarded.ts"
import type { Frame } from "./incident.ts"
import { alertText, dollars, timeText, WAYS } from "./words.ts"

const LAST_EVENTS = 6
const MOST_NANO = 72_000_000_000_000
const HOURS = (TICKS * TICK_MS) / HOUR_MS

/** The live picture: what each way has spent by now, the fuse's budgets and circuits, the last alerts. */
export const frameText = (
  frame: Frame,
  events: readonly ToldEvent[],
  startMs: number,
  { paint, columns }: { readonly paint: Paint; readonly columns: number },
): string => {
  const wide = Math.max(10, Math.min(48, columns - 36))
  const hours = (frame.atMs - startMs) / HOUR_MS
  const row = (name: string, share: number, amount: string, mark: (text: string) => string) =>
    `  ${name.padEnd(17)}${mark(bar(share, wide))} ${amount}`
  const ways = WAYS.map(({ way, name }) =>
    row(
      name,
      frame[way] / MOST_NANO,
      dollars(frame[way]).padStart(8),
      way === "guarded" ? paint.green : way === "postHoc" ? paint.yellow : paint.red,
    ),
  )
  const cap = Math.max(frame.dayCap, 2 * DAILY_NANO)
  return [
    `${paint.bold("An agent loops.")} ${timeText(frame.atMs).slice(0, 5)}, ${hours.toFixed(1)} of ${HOURS} virtual hours`,
    "",
    ...ways,
    "",
    paint.bold("Spendfuse's budgets"),
    row(
      "hour, cap $250",
      frame.hourSpent / HOURLY_NANO,
      circuitText(frame.circuits.hour, paint),
      paint.blue,
    ),
    row(
      `day, cap ${dollars(cap)}`,
      frame.guarded / cap,
      circuitText(frame.circuits.day, paint),
      paint.blue,
    ),
    "",
    paint.bold("Alerts as they arrive"),
    ...events.slice(-LAST_EVENTS).map((event) => cut(`  ${eventText(event)}`, columns)),
  ].join("\n")
}

/** One line for an alert: when, to whom, what. */
export const eventText = (told: ToldEvent): string =>
  `${timeText(told.atMs)}  ${told.channel.padEnd(9)}  ${alertText(told)}`

const circuitText = (state: string, paint: Paint): string => {
  const mark = state === "closed" ? paint.green : state === "latched" ? paint.red : paint.yellow
  return mark(`● ${state}`)
}

/** Eighths of a block, so that small amounts are seen. */
const bar = (share: number, wide: number): string => {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * wide * 8)
  const full = Math.floor(eighths / 8)
  const rest = eighths % 8 === 0 ? "" : (EIGHTHS[eighths % 8] ?? "")
  return `${"█".repeat(full)}${rest}`.padEnd(wide, "·")
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

const cut = (text: string, columns: number): string =>
  text.length <= columns ? text : `${text.slice(0, Math.max(1, columns - 1))}…`
