import { countText, dollarsText } from "../figures.ts"
import { pageHtml } from "../page/page.ts"
import {
  escapeHtml,
  figuresHtml,
  legendHtml,
  type Tone,
  tableHtml,
  toldHtml,
} from "../page/parts.ts"
import { REPLAY_PLOTS } from "./pagePlots.ts"
import type { Reading } from "./readLog.ts"
import { remarksOf } from "./remarks.ts"
import {
  both,
  checkedText,
  FIGURES,
  instantText,
  type Named,
  payerText,
  shortText,
} from "./reportText.ts"

/** The report as one HTML page with nothing to load: figures, plots, budgets, what was told. */
export const replayPage = (reading: Reading, all: readonly Named[]): string =>
  pageHtml({
    heading: "A history replayed",
    body: bodyHtml(reading, all),
    footer: "Made by <code>spendfuse replay</code>. Times are in UTC.",
    data: all.map(dataOf),
    script: REPLAY_PLOTS,
  })

const bodyHtml = (reading: Reading, all: readonly Named[]): string =>
  `<p>${countText(reading.read, "row")} (${escapeHtml(reading.format)}), ${countText(reading.bad.count, "bad row")} left out. In virtual time, calls overlapping as they did.</p>${remarksOf(
    reading,
  )
    .map((sentence) => `<p>${escapeHtml(sentence)}</p>`)
    .join("")}
${all.map(sumsHtml).join("")}
${all.map(plotHtml).join("")}
<h2>In figures</h2>
${tableHtml(
  ["", ...all.map(({ name }) => name)],
  FIGURES.map(({ what, of }) => [what, ...all.map(({ report }) => of(report))]),
)}
${all.map(budgetsHtml).join("")}
${all.map(tellingHtml).join("")}
<h2>Who was refused most</h2>
${payersHtml(all)}`

const sumsHtml = ({ name, report }: Named): string => {
  const { asked, served, refused, legitimate } = report
  return `<h2>${escapeHtml(name)}</h2>${figuresHtml([
    { value: dollarsText(asked.nanoUsd), name: "asked for", tone: "--alert" },
    { value: dollarsText(served.nanoUsd), name: "served", tone: "--fuse" },
    { value: dollarsText(refused.nanoUsd), name: "refused", tone: "--bare" },
    { value: dollarsText(legitimate.nanoUsd), name: "refused though legitimate", tone: "--post" },
  ])}`
}

const TONES = [
  ["asked for", "--open", "band"],
  ["served", "--fuse"],
  ["refused", "--bare"],
] as const satisfies readonly Tone[]

const plotHtml = ({ name, report }: Named, at: number): string =>
  `<h2>${escapeHtml(name)}: money by time</h2><p>Per ${stepText(report.timeline.stepMs)}.</p>${legendHtml(TONES)}<div class="plot" id="plot-${at}" role="img" aria-label="${escapeHtml(name)}: asked for, served and refused by time"></div>`

const stepText = (stepMs: number): string => {
  const minutes = stepMs / 60_000
  if (minutes === 1) return "minute"
  return minutes < 120 ? countText(minutes, "minute") : countText(Math.round(minutes / 60), "hour")
}

const budgetsHtml = ({ name, report, checked }: Named): string =>
  `<h2>${escapeHtml(name)}: budgets</h2>${tableHtml(
    ["budget", "stood in the way of", "median period", "95 %", "most", "lowest limit"],
    report.budgets.map(({ id, refused, demand, unit, setting }) => [
      id,
      both(refused),
      ...[demand.median, demand.p95, demand.most].map((one) => shortText(one, unit)),
      setting === null
        ? "never blocks"
        : shortText(checked?.limits[id] ?? setting.cheapestLimit, unit),
    ]),
  )}${checkedText({ checked })
    .map((sentence) => `<p>${escapeHtml(sentence)}</p>`)
    .join("")}`

const tellingHtml = ({ name, report }: Named): string =>
  report.toldFirst.length === 0
    ? `<h2>${escapeHtml(name)}: told</h2><p>Nobody would have been told anything.</p>`
    : `<h2>${escapeHtml(name)}: told</h2><ol>${report.toldFirst
        .slice(0, LISTED)
        .map(({ atMs, kind, name: what, account }) =>
          toldHtml(
            kind === "page" ? "pagerDuty" : "slack",
            instantText(atMs).slice(5),
            kind,
            `${what}, ${account}`,
          ),
        )
        .join("")}</ol>`

const LISTED = 100

const payersHtml = (all: readonly Named[]): string =>
  tableHtml(
    ["payer", "asked for", "refused"],
    (all[0]?.report.topPayers ?? []).map(({ subject, asked, refused }) => [
      payerText(subject),
      both(asked),
      both(refused),
    ]),
  )

const dataOf = ({ report: { timeline } }: Named) => ({
  at: timeline.asked.map((_, place) => (timeline.startMs + place * timeline.stepMs) / 1000),
  series: [timeline.asked, timeline.spent, timeline.refused].map((sums) =>
    sums.map((nano) => Math.round(nano / 1e5) / 1e4),
  ),
})
