import type { Fleet, FleetReport, FuseReport, WayReport } from "@spendfuse/core/lab"
import { dollarsText } from "../figures.ts"
import { pageHtml } from "../page/page.ts"
import { escapeHtml, figuresHtml, legendHtml, tableHtml, toldHtml } from "../page/parts.ts"
import { ACTOR_FIGURES } from "./actors.ts"
import { BOUND_HEAD, boundRow, boundsOf, unboundText } from "./bounds.ts"
import { expectationsOf } from "./expectations.ts"
import { answeredText, ledgerText, spanText, WAY_FIGURES } from "./fleetText.ts"
import { FLEET_PLOT } from "./pagePlot.ts"
import { toldLines, toldSum } from "./told.ts"
import { beyondText, WAY_LOOKS, wayOf } from "./ways.ts"

/** The report as one HTML page with nothing to load. */
export const fleetPage = (fleet: Fleet, report: FleetReport): string =>
  pageHtml({
    heading: fleet.title,
    body: bodyHtml(fleet, report),
    footer: "Made by <code>spendfuse simulate</code>. Times are virtual and in UTC.",
    data: dataOf(report),
    script: FLEET_PLOT,
  })

const bodyHtml = (fleet: Fleet, report: FleetReport): string => {
  const fuse = wayOf(report, "spendfuse")
  const tones = report.ways.map(({ way }) => [WAY_LOOKS[way].name, WAY_LOOKS[way].tone] as const)
  return `${[
    fleet.why,
    fleet.source === null ? null : `Source: ${fleet.source}`,
    spanText(fleet, report.seed),
  ]
    .filter((text) => text !== null)
    .map(paragraph)
    .join("")}
${figuresHtml(
  report.ways.map(({ way, billedNanoUsd }) => ({
    ...WAY_LOOKS[way],
    value: dollarsText(billedNanoUsd),
  })),
)}
<h2>Spent so far</h2>
${isWide(report) ? paragraph("On a logarithmic scale.") : ""}
${legendHtml(tones)}<div class="plot" id="ways"></div>
<h2>In figures</h2>
${waysHtml(fleet, report)}
${fuse?.fuse == null ? "" : fuseHtml(fleet, fuse, fuse.fuse)}
${expectedHtml(fleet, report)}`
}

const paragraph = (text: string): string => `<p>${escapeHtml(text)}</p>`

const waysHtml = (fleet: Fleet, report: FleetReport): string =>
  `${tableHtml(
    [
      "way",
      ...WAY_FIGURES.map(({ head }) => head),
      ...(fleet.people === null ? [] : ["people came"]),
    ],
    report.ways.map((way) => [
      WAY_LOOKS[way.way].name,
      ...WAY_FIGURES.map(({ cell }) => cell(way)),
      ...(fleet.people === null ? [] : [answeredText(fleet, way)]),
    ]),
    WAY_FIGURES.map((_, at) => at + 1),
  )}${[beyondText(report)].flatMap((text) => (text === null ? [] : [paragraph(text)])).join("")}`

const fuseHtml = (fleet: Fleet, way: WayReport, fuse: FuseReport): string =>
  `<h2>Under Spendfuse, by actor</h2>
${tableHtml(
  ACTOR_FIGURES.map(({ head }) => head),
  way.actors.map((actor) =>
    ACTOR_FIGURES.map(({ cell, count }) => cell?.(actor) ?? String(count?.(actor) ?? 0)),
  ),
)}${ledgerText(fuse, way.billedNanoUsd).map(paragraph).join("")}
<h2>Refusals by reason</h2>
${tableHtml(["reason", "calls"], reasonsOf(way), [1])}
<h2>Told</h2>
<ol>${toldLines(fleet, fuse)
    .map((line) =>
      line.kind === "again"
        ? `<li class="more">${escapeHtml(line.what)}</li>`
        : toldHtml(
            line.kind === "page" ? "pagerDuty" : "slack",
            line.at,
            line.kind,
            `${line.channels}: ${line.what}`,
          ),
    )
    .join("")}</ol>
${paragraph(toldSum(fuse))}
<h2>The worst bills seen, and their bounds by calculation</h2>
${((text) => (text === null ? tableHtml(BOUND_HEAD, boundsOf(fleet, fuse).map(boundRow), [2, 3, 4]) : paragraph(text)))(unboundText(fleet, fuse))}`

/** Over all actors, the most frequent first. */
const reasonsOf = ({ actors }: WayReport): readonly (readonly string[])[] => {
  const counts = new Map<string, number>()
  for (const { reasons } of actors)
    for (const [reason, count] of Object.entries(reasons))
      counts.set(reason, (counts.get(reason) ?? 0) + count)
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([reason, count]) => [reason, count.toLocaleString("en-US")])
}

const expectedHtml = (fleet: Fleet, report: FleetReport): string => {
  const all = expectationsOf(fleet, report)
  if (all.length === 0) return ""
  return `<h2>Expected</h2>${tableHtml(
    ["", "field", "expected", "found"],
    all.map(({ isMet, path, expected, found }) => [
      isMet ? "met" : "MISSED",
      path,
      expected,
      found,
    ]),
  )}`
}

/** Where one way costs twenty times what another does, a scale of equal steps shows one line. */
const isWide = ({ ways }: FleetReport): boolean => {
  const spent = ways.map(({ billedNanoUsd }) => billedNanoUsd).filter((nano) => nano > 0)
  return spent.length > 1 && Math.max(...spent) >= 20 * Math.min(...spent)
}

const dataOf = (report: FleetReport) => {
  const { startMs, ways } = report
  const stepMs = ways[0]?.timeline.stepMs ?? 1
  const steps = ways[0]?.timeline.billed ?? []
  const isLog = isWide(report)
  return {
    isLog,
    at: steps.map((_, step) => (startMs + (step + 1) * stepMs) / 1000),
    lines: ways.map(({ way, timeline }) => ({
      ...WAY_LOOKS[way],
      // A logarithm of nothing is no point.
      spent: timeline.billed.map((nano) =>
        isLog && nano === 0 ? null : Math.round(nano / 1e5) / 1e4,
      ),
    })),
  }
}
