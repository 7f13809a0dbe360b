import { pageHtml } from "../page/page.ts"
import {
  escapeHtml,
  figuresHtml,
  legendHtml,
  type Tone,
  tableHtml,
  toldHtml,
} from "../page/parts.ts"
import type { Burst } from "./burst.ts"
import { TICK_MS } from "./clock.ts"
import type { Frame, Incident } from "./incident.ts"
import { REPORT_PLOTS } from "./reportPlots.ts"
import { burstText, summaryRows } from "./summary.ts"
import { alertText, cyclesOf, dollars, exactDollars, timeText, WAYS } from "./words.ts"

/** The report as one HTML page with nothing to load: figures, plots, budgets, alerts. */
export const reportHtml = (incident: Incident, burst: Burst): string =>
  pageHtml({
    heading: "An agent loops for 18 hours",
    body: bodyHtml(incident, burst),
    footer:
      "Made by <code>spendfuse demo</code>. Times are virtual and in UTC. Amounts are bounds kept to the nano-dollar.",
    data: dataOf(incident),
    script: REPORT_PLOTS,
  })

const bodyHtml = (incident: Incident, burst: Burst): string =>
  `<p>It calls two providers through their official SDKs, ten pairs of calls each 90 seconds, whatever they answer. In virtual time, against a stand-in for the providers, priced by the price list. Four ways to watch it, side by side.</p>
${waysHtml(incident)}
<h2>Spent so far</h2>
<p>On a logarithmic scale. The billing alert lies on the line without a guard: it looks at the bill when the day is over.</p>
${legendHtml(WAY_TONES)}<div class="plot" id="ways"></div>
<h2>The hour's budget under Spendfuse</h2>
<p>80 % is a heads-up in Slack; at 100 % the circuit opens for an hour and PagerDuty rings. Spend touches the cap and never passes it.</p>
${legendHtml(HOUR_TONES)}<div class="plot" id="hour"></div>
<h2>The day's budget under Spendfuse</h2>
<p>At twice the day the circuit latches until a person acknowledges. Half an hour later someone allows $100 more: the cap moves up by that, the agent resumes, and the circuit latches again.</p>
${legendHtml(DAY_TONES)}<div class="plot" id="day"></div>
<h2>In figures</h2>
${tablesHtml(incident, burst)}
<h2>Alerts as they arrived</h2>
<ol>${alertsHtml(incident)}</ol>`

const WAY_TONES: readonly Tone[] = [
  ["no guard", "--bare", "line"],
  ["billing alert", "--alert", "dashed"],
  ["post-hoc counter", "--post", "line"],
  ["Spendfuse", "--fuse", "line"],
]
const HOUR_TONES: readonly Tone[] = [
  ["spent in the hour", "--fuse", "line"],
  ["cap, $250", "--cap", "dashed"],
  ["circuit open", "--open", "band"],
]
const DAY_TONES: readonly Tone[] = [
  ["spent in the day", "--fuse", "line"],
  ["cap, $2,000 until acknowledged", "--cap", "dashed"],
  ["circuit latched", "--latched", "band"],
]

const waysHtml = ({ frames }: Incident): string => {
  const last = frames.at(-1)
  return figuresHtml(
    WAYS.map(({ way, name }, at) => {
      const [, tone] = WAY_TONES[at] ?? ["", "--bare"]
      return { value: dollars(last?.[way] ?? 0), name, tone }
    }),
  )
}

const tablesHtml = (incident: Incident, burst: Burst): string =>
  `${tableHtml(
    ["way", "spent", "worst hour", "stopped"],
    summaryRows(incident).map(({ name, spent, worstHour, stopped }) => [
      name,
      spent,
      worstHour,
      stopped,
    ]),
    [1, 2],
  )}
<h2>To the nano-dollar</h2>
<p>Looked at before each call and after each turn: what was settled and what was held together.</p>
${tableHtml(
  ["budget", "cap", "most ever spent and held"],
  incident.budgets.map(({ id, capNano, maxSpentNano }) => [
    id,
    exactDollars(capNano),
    exactDollars(maxSpentNano),
  ]),
  [1, 2],
)}
<h2>A burst for the last dollar</h2>
<p>${escapeHtml(burstText(burst))}</p>`

const alertsHtml = ({ events }: Incident): string =>
  cyclesOf(events)
    .flatMap(({ events: told, more, untilMs }) => [
      ...told.map((one) => toldHtml(one.channel, timeText(one.atMs), one.channel, alertText(one))),
      ...(more === 0
        ? []
        : [`<li class="more">… and the same ${more} more times, until ${timeText(untilMs)}</li>`]),
    ])
    .join("")

const dataOf = ({ frames, budgets }: Incident) => {
  const column = (pick: (frame: Frame) => number): readonly number[] =>
    frames.map((frame) => Math.round(pick(frame) / 1e7) / 100)
  const hourCap = budgets.find(({ id }) => id === "hour")?.capNano ?? 0
  return {
    at: frames.map(({ atMs }) => atMs / 1000),
    ways: WAYS.map(({ way }) => column((frame) => frame[way])),
    hour: [column(({ hourSpent }) => hourSpent), column(() => hourCap)],
    day: [column(({ guarded }) => guarded), column(({ dayCap }) => dayCap)],
    hourBands: bandsOf(frames, ({ circuits }) => circuits.hour),
    dayBands: bandsOf(frames, ({ circuits }) => circuits.day),
  }
}

/** When a circuit was not closed, in epoch seconds. */
const bandsOf = (frames: readonly Frame[], stateOf: (frame: Frame) => string) => {
  const bands: { from: number; until: number; state: string }[] = []
  for (const frame of frames) {
    const state = stateOf(frame)
    const from = frame.atMs / 1000
    const last = bands.at(-1)
    if (state === "closed") continue
    if (last?.state === state && last.until === from) last.until = from + TICK_MS / 1000
    else bands.push({ from, until: from + TICK_MS / 1000, state })
  }
  return bands
}
