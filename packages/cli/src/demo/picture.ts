import { formatUsd } from "@spendfuse/core"
import Table from "cli-table3"
import type { Burst } from "./burst.ts"
import { type Frame, type Incident, TICK_MS, TICKS, type ToldEvent } from "./incident.ts"

const BAR = 36
const LAST_EVENTS = 5

/** The live picture: what each way has spent by now, the fuse's circuits, and the last alerts. */
export const frameText = (frame: Frame, events: readonly ToldEvent[], startMs: number): string => {
  const hours = (frame.atMs - startMs) / 3_600_000
  const most = TICKS * 100e9
  const rows: readonly (readonly [string, number])[] = [
    ["no guard", frame.unguarded],
    ["billing alert", frame.alertOnly],
    ["post-hoc count", frame.postHoc],
    ["Spendfuse", frame.guarded],
  ]
  return [
    `An agent loops. ${hours.toFixed(1)} of ${((TICKS * TICK_MS) / 3_600_000).toFixed(0)} virtual hours`,
    "",
    ...rows.map(
      ([name, nano]) => `${name.padEnd(15)} ${bar(nano / most)} ${usd(nano).padStart(9)}`,
    ),
    "",
    `hour  ${usd(frame.hourSpent).padStart(7)} of $250     circuit ${frame.circuits.hour}`,
    `day   ${usd(frame.guarded).padStart(7)} of $2,000   circuit ${frame.circuits.day}`,
    "",
    ...events.slice(-LAST_EVENTS).map(eventText),
  ].join("\n")
}

/** The table at the end. */
export const summaryText = (incident: Incident, burst: Burst): string => {
  const last = incident.frames.at(-1)
  const ways = new Table({
    head: ["way", "spent", "worst hour", "stopped"],
    style: { head: [], border: [] },
  })
  ways.push(
    ["no guard", usd(last?.unguarded ?? 0), usd(4_000e9), "never"],
    [
      "billing alert ($1,000 a day)",
      usd(last?.alertOnly ?? 0),
      usd(4_000e9),
      "too late: the alert looks at midnight",
    ],
    [
      "post-hoc counter",
      usd(last?.postHoc ?? 0),
      usd(incident.postHocHourMaxNano),
      "each hour, after it was passed",
    ],
    [
      "Spendfuse",
      usd(last?.guarded ?? 0),
      usd(incident.budgets[0]?.maxSpentNano ?? 0),
      "before it is passed; latched at twice the day",
    ],
  )
  const caps = new Table({
    head: ["budget", "cap", "most ever spent or held"],
    style: { head: [], border: [] },
  })
  for (const { id, capNano, maxSpentNano } of incident.budgets)
    caps.push([id, `$${formatUsd(capNano)}`, `$${formatUsd(maxSpentNano)}`])
  return [
    ways.toString(),
    caps.toString(),
    `A burst of ${burst.calls} calls on $10: ${(burst.spentRatio * 100).toFixed(1)} % of it used, ${burst.falseRefusals} refused that would have fit.`,
  ].join("\n")
}

/** An alert as it would arrive. */
export const eventText = ({ atMs, channel, event }: ToldEvent): string =>
  `${new Date(atMs).toISOString().slice(11, 19)} ${channel.padEnd(9)} ${event}`

const bar = (share: number): string => {
  const full = Math.min(BAR, Math.round(share * BAR))
  return "█".repeat(full) + "·".repeat(BAR - full)
}

const usd = (nano: number): string => `$${Math.round(nano / 1e9).toLocaleString("en-US")}`
