import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { Burst } from "./burst.ts"
import type { Incident } from "./incident.ts"
import { eventText, summaryText } from "./picture.ts"

/** The report as one HTML page with nothing to load: plots, budgets, alerts. */
export const reportHtml = (incident: Incident, burst: Burst): string => {
  const require = createRequire(import.meta.url)
  const script = readFileSync(require.resolve("uplot/dist/uPlot.iife.min.js"), "utf8")
  const style = readFileSync(require.resolve("uplot/dist/uPlot.min.css"), "utf8")
  const { frames } = incident
  const usd = (pick: (frame: Incident["frames"][number]) => number): readonly number[] =>
    frames.map((frame) => Math.round(pick(frame) / 1e7) / 100)
  const data = {
    at: frames.map(({ atMs }) => atMs / 1000),
    all: [
      usd((f) => f.unguarded),
      usd((f) => f.alertOnly),
      usd((f) => f.postHoc),
      usd((f) => f.guarded),
    ],
    hour: [usd((f) => f.hourSpent), frames.map(() => (incident.budgets[0]?.capNano ?? 0) / 1e9)],
  }
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Spendfuse: the incident</title>
<style>${style}
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff }
pre { overflow-x: auto; background: #f5f5f5; padding: 1rem; font-size: 13px; line-height: 1.3 }
</style></head><body>
<h1>An agent loops for 18 hours</h1>
<p>Real SDK clients against a stand-in for the providers, in virtual time. Dollars spent, four ways, on a logarithmic scale.</p>
<div id="all"></div>
<h2>The hour's budget under Spendfuse</h2>
<p>Spent in the running hour, and its cap.</p>
<div id="hour"></div>
<h2>In figures</h2>
<pre>${escapeHtml(summaryText(incident, burst))}</pre>
<h2>Alerts as they would arrive</h2>
<pre>${escapeHtml(incident.events.map(eventText).join("\n"))}</pre>
<script>${script}</script>
<script>
const data = ${JSON.stringify(data)};
const width = Math.min(960, document.body.clientWidth);
const line = (label, stroke, dash) => ({ label, stroke, width: 2, dash });
new uPlot({ width, height: 360, scales: { y: { distr: 3 } }, series: [{}, line("no guard", "#c0392b"), line("billing alert", "#e67e22", [6, 6]), line("post-hoc counter", "#8e44ad"), line("Spendfuse", "#1e8449")] }, [data.at, ...data.all.map((s) => s.map((v) => v || null))], document.getElementById("all"));
new uPlot({ width, height: 240, series: [{}, line("spent", "#1e8449"), line("cap", "#c0392b", [6, 6])] }, [data.at, ...data.hour], document.getElementById("hour"));
</script></body></html>
`
}

const escapeHtml = (text: string): string =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")
