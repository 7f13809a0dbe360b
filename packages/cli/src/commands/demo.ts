import { writeFileSync } from "node:fs"
import type { Command } from "commander"
import { playBurst } from "../demo/burst.ts"
import { type Frame, type Incident, playIncident, type ToldEvent } from "../demo/incident.ts"
import { eventText, frameText, summaryText } from "../demo/picture.ts"
import { reportHtml } from "../demo/report.ts"
import type { Io } from "../io.ts"

const REPORT = "spendfuse-demo.html"
const DRAWN_EACH = 6

/** `spendfuse demo`: the incident, four ways side by side. */
export const demoCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  program
    .command("demo")
    .option("--json", "one JSON object, last on the standard output")
    .option("--report <file>", `where the HTML report goes (default: ${REPORT}, none with --json)`)
    .description(
      "an agent loops for 18 virtual hours towards $72,000: no guard, a billing alert, a post-hoc counter, Spendfuse",
    )
    .action(async (options: { json?: boolean; report?: string }) => {
      const incident = await playIncident(await livePicture(io, options.json === true))
      const burst = await playBurst()
      const report = options.report ?? (options.json === true ? null : REPORT)
      if (report !== null) writeFileSync(report, reportHtml(incident, burst))
      if (options.json === true) io.out(`${JSON.stringify(jsonOf(incident, burst))}\n`)
      else {
        io.out(`${summaryText(incident, burst)}\n\nAlerts as they would arrive:\n`)
        io.out(`${incident.events.map(eventText).join("\n")}\n`)
        if (report !== null) io.out(`\nThe report with its plots: ${report}\n`)
      }
      exit(0)
    })
}

/** Draws on a terminal; elsewhere it says now and then how far it is. */
const livePicture = async (
  io: Io,
  quiet: boolean,
): Promise<(frame: Frame, events: readonly ToldEvent[]) => void> => {
  let drawn = 0
  let startMs: number | null = null
  const { createLogUpdate } = await import("log-update")
  const update = io.isTerminal && !quiet ? createLogUpdate(process.stdout) : null
  return (frame, events) => {
    startMs ??= frame.atMs
    drawn += 1
    if (update !== null && drawn % DRAWN_EACH === 0) update(frameText(frame, events, startMs))
    if (update === null && !quiet && drawn % 120 === 0)
      io.err(`${drawn / 40} of 18 virtual hours\n`)
  }
}

const jsonOf = (incident: Incident, burst: Awaited<ReturnType<typeof playBurst>>) => {
  const last = incident.frames.at(-1)
  return {
    budgets: incident.budgets,
    unguardedNano: last?.unguarded ?? 0,
    alertOnlyNano: last?.alertOnly ?? 0,
    postHocNano: last?.postHoc ?? 0,
    guardedNano: last?.guarded ?? 0,
    events: incident.events.map(({ atMs, channel, event }) => ({
      at: new Date(atMs).toISOString(),
      channel,
      event,
    })),
    burst,
  }
}
