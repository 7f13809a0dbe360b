import Table from "cli-table3"
import { againText } from "../cycles.ts"
import type { Burst } from "./burst.ts"
import { type Incident, worstHour } from "./incident.ts"
import { eventText } from "./picture.ts"
import { cyclesOf, dollars, exactDollars, timeText, WAYS } from "./words.ts"

/** One row of the table at the end, as text. */
export interface SummaryRow {
  readonly name: string
  readonly spent: string
  readonly worstHour: string
  readonly stopped: string
}

/** What each way did spend, and when it stopped. */
export const summaryRows = (incident: Incident): readonly SummaryRow[] => {
  const last = incident.frames.at(-1)
  const { alertRangAtMs, refused } = incident
  const rang =
    alertRangAtMs === null ? "never rang" : `rang at ${timeText(alertRangAtMs).slice(0, 5)}`
  const stopped = {
    unguarded: "never",
    alertOnly: `it ${rang}, with the day and the money gone`,
    postHoc: `each hour after it was passed; ${refused.postHoc.toLocaleString("en-US")} calls refused`,
    guarded: `before a cap is passed; ${refused.guarded.toLocaleString("en-US")} calls refused`,
  }
  return WAYS.map(({ way, name }) => ({
    name,
    spent: dollars(last?.[way] ?? 0),
    worstHour: dollars(worstHour(incident, way)),
    stopped: stopped[way],
  }))
}

/** The tables at the end. */
export const summaryText = (incident: Incident, burst: Burst): string => {
  const ways = new Table({
    head: ["way", "spent", "worst hour", "stopped"],
    colAligns: ["left", "right", "right", "left"],
    style: { head: [], border: [] },
  })
  for (const { name, spent, worstHour: worst, stopped } of summaryRows(incident))
    ways.push([name, spent, worst, stopped])
  const caps = new Table({
    head: ["budget", "cap", "most ever spent and held"],
    colAligns: ["left", "right", "right"],
    style: { head: [], border: [] },
  })
  for (const { id, capNano, maxSpentNano } of incident.budgets)
    caps.push([id, exactDollars(capNano), exactDollars(maxSpentNano)])
  return [ways.toString(), caps.toString(), burstText(burst)].join("\n")
}

/** What became of the burst, in one sentence. */
export const burstText = ({ calls, spentRatio, falseRefusals }: Burst): string =>
  `A burst of ${calls} calls at once on a budget of $10: ${(spentRatio * 100).toFixed(1)} % of it used, never more than it; ${falseRefusals} of the 100 that fit refused.`

/** All alerts, hours that tell the same story told once. */
export const alertsText = (incident: Incident): string =>
  cyclesOf(incident.events)
    .flatMap(({ events, more, untilMs }) => [
      ...events.map(eventText),
      ...(more === 0
        ? []
        : [`          … and the same ${againText(more)}, until ${timeText(untilMs)}`]),
    ])
    .join("\n")
