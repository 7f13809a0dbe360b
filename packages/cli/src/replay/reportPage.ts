import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { REPORT_STYLE } from "../demo/reportStyle.ts"
import { REPLAY_PLOTS } from "./pagePlots.ts"
import type { Reading } from "./readLog.ts"
import {
  both,
  checkedText,
  countText,
  dollarsText,
  FIGURES,
  instantText,
  type Named,
  payerText,
  shortText,
} from "./reportText.ts"

/** The report as one HTML page with nothing to load: figures, plots, budgets, what was told. */
export const replayPage = (reading: Reading, all: readonly Named[]): string => {
  const require = createRequire(import.meta.url)
  const style = readFileSync(require.resolve("uplot/dist/uPlot.min.css"), "utf8")
  const script = readFileSync(require.resolve("uplot/dist/uPlot.iife.min.js"), "utf8")
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spendfuse: a history replayed</title>
<style>${style}${REPORT_STYLE}</style></head><body><main>
<h1>A history replayed</h1>
<p>${countText(reading.read, "row")} (${escapeHtml(reading.format)}), ${countText(reading.bad.count, "bad row")} left out. In virtual time, calls overlapping as they did.</p>
${all.map(figuresHtml).join("")}
${all.map(plotHtml).join("")}
<h2>In figures</h2>
${tableHtml(
  ["", ...all.map(({ name }) => name)],
  FIGURES.map(({ what, of }) => [what, ...all.map(({ report }) => of(report))]),
)}
${all.map(budgetsHtml).join("")}
${all.map(toldHtml).join("")}
<h2>Who was refused most</h2>
${payersHtml(all)}
<footer>Made by <code>spendfuse replay</code>. Times are in UTC.</footer>
</main>
<script>${script}</script>
<script>const DATA = ${JSON.stringify(all.map(dataOf)).replace(/</g, "\\u003c")};${REPLAY_PLOTS}</script>
</body></html>
`
}

const figuresHtml = ({ name, report }: Named): string => {
  const { asked, served, refused, legitimate } = report
  const figures = [
    ["asked for", "--alert", asked.nanoUsd],
    ["served", "--fuse", served.nanoUsd],
    ["refused", "--bare", refused.nanoUsd],
    ["refused though legitimate", "--post", legitimate.nanoUsd],
  ] as const
  return `<h2>${escapeHtml(name)}</h2><div class="figures">${figures
    .map(
      ([what, tone, nano]) =>
        `<div class="figure" style="--tone: var(${tone})"><b>${dollarsText(nano)}</b><span>${what}</span></div>`,
    )
    .join("")}</div>`
}

const TONES = [
  ["asked for", "--alert"],
  ["served", "--fuse"],
  ["refused", "--bare"],
] as const

const plotHtml = ({ name, report }: Named, at: number): string =>
  `<h2>${escapeHtml(name)}: money by time</h2><p>Per ${stepText(report.timeline.stepMs)}.</p><div class="legend">${TONES.map(
    ([what, tone]) => `<span><i style="--tone: var(${tone})"></i>${what}</span>`,
  ).join("")}</div><div class="plot" id="plot-${at}"></div>`

const stepText = (stepMs: number): string => {
  const minutes = stepMs / 60_000
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

const toldHtml = ({ name, report }: Named): string =>
  report.toldFirst.length === 0
    ? ""
    : `<h2>${escapeHtml(name)}: told</h2><ol>${report.toldFirst
        .slice(0, LISTED)
        .map(
          ({ atMs, kind, name: what, account }) =>
            `<li class="${kind === "page" ? "pagerDuty" : "slack"}"><time>${instantText(atMs).slice(5)}</time><em>${kind}</em><span>${escapeHtml(`${what}, ${account}`)}</span></li>`,
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

const tableHtml = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<div class="scroll"><table><thead><tr>${head
    .map((one) => `<th>${escapeHtml(one)}</th>`)
    .join("")}</tr></thead><tbody>${rows
    .map((cells) => `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`)
    .join("")}</tbody></table></div>`

const dataOf = ({ report: { timeline } }: Named) => ({
  at: timeline.asked.map((_, place) => (timeline.startMs + place * timeline.stepMs) / 1000),
  series: [timeline.asked, timeline.spent, timeline.refused].map((sums) =>
    sums.map((nano) => Math.round(nano / 1e5) / 1e4),
  ),
})

const escapeHtml = (text: string): string =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;")
