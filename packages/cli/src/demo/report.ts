import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { Burst } from "./burst.ts"
import { TICK_MS } from "./clock.ts"
import type { Frame, Incident } from "./incident.ts"
import { REPORT_PLOTS } from "./reportPlots.ts"
import { REPORT_STYLE } from "./reportStyle.ts"
import { burstText, summaryRows } from "./summary.ts"
import { alertText, cyclesOf, dollars, exactDollars, timeText, WAYS } from "./words.ts"

/** The report as one HTML page with nothing to load: figures, plots, budgets, alerts. */
export const reportHtml = (incident: Incident, burst: Burst): string => {
  const require = createRequire(import.meta.url)
  const style = readFileSync(require.resolve("uplot/dist/uPlot.min.css"), "utf8")
  const script = readFileSync(require.resolve("uplot/dist/uPlot.iife.min.js"), "utf8")
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spendfuse: an agent loops for 18 hours</title>
<style>${style}${REPORT_STYLE}</style></head><body><main>
<h1>An agent loops for 18 hours</h1>
<p>It calls two providers through their official SDKs, ten pairs of calls each 90 seconds, whatever they answer. In virtual time, against a stand-in for the providers, priced by the price list. Four ways to watch it, side by side.</p>
${figuresHtml(incident)}
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
<ol>${alertsHtml(incident)}</ol>
<footer>Made by <code>spendfuse demo</code>. Times are virtual and in UTC. Amounts are bounds kept to the nano-dollar.</footer>
</main>
<script>${script}</script>
<script>const DATA = ${JSON.stringify(dataOf(incident))};${REPORT_PLOTS}</script>
</body></html>
`
}

type Tone = readonly [name: string, tone: string, shape: "line" | "dashed" | "band"]

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

const legendHtml = (tones: readonly Tone[]): string =>
  `<div class="legend">${tones
    .map(
      ([name, tone, shape]) =>
        `<span><i class="${shape}" style="--tone: var(${tone})"></i>${escapeHtml(name)}</span>`,
    )
    .join("")}</div>`

const figuresHtml = ({ frames }: Incident): string => {
  const last = frames.at(-1)
  const figures = WAYS.map(({ way, name }, at) => {
    const [, tone] = WAY_TONES[at] ?? ["", "--bare"]
    return `<div class="figure" style="--tone: var(${tone})"><b>${dollars(last?.[way] ?? 0)}</b><span>${escapeHtml(name)}</span></div>`
  })
  return `<div class="figures">${figures.join("")}</div>`
}

const tablesHtml = (incident: Incident, burst: Burst): string => {
  const ways = summaryRows(incident).map(
    ({ name, spent, worstHour, stopped }) =>
      `<tr><td>${escapeHtml(name)}</td><td class="number">${spent}</td><td class="number">${worstHour}</td><td>${escapeHtml(stopped)}</td></tr>`,
  )
  const caps = incident.budgets.map(
    ({ id, capNano, maxSpentNano }) =>
      `<tr><td>${escapeHtml(id)}</td><td class="number">${exactDollars(capNano)}</td><td class="number">${exactDollars(maxSpentNano)}</td></tr>`,
  )
  return `<div class="scroll"><table><thead><tr><th>way</th><th class="number">spent</th><th class="number">worst hour</th><th>stopped</th></tr></thead><tbody>${ways.join("")}</tbody></table></div>
<h2>To the nano-dollar</h2>
<p>Looked at before each call and after each turn: what was settled and what was held together.</p>
<div class="scroll"><table><thead><tr><th>budget</th><th class="number">cap</th><th class="number">most ever spent and held</th></tr></thead><tbody>${caps.join("")}</tbody></table></div>
<h2>A burst for the last dollar</h2>
<p>${escapeHtml(burstText(burst))}</p>`
}

const alertsHtml = ({ events }: Incident): string =>
  cyclesOf(events)
    .flatMap(({ events: told, more, untilMs }) => [
      ...told.map(
        (one) =>
          `<li class="${escapeHtml(one.channel)}"><time>${timeText(one.atMs)}</time><em>${escapeHtml(one.channel)}</em><span>${escapeHtml(alertText(one))}</span></li>`,
      ),
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

const escapeHtml = (text: string): string =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;")
