import type { Command } from "commander"
import { type Burst, playBurst } from "../demo/burst.ts"
import { TICKS } from "../demo/clock.ts"
import type { ToldEvent } from "../demo/guarded.ts"
import { type Frame, type Incident, playIncident } from "../demo/incident.ts"
import { frameText } from "../demo/picture.ts"
import { reportHtml } from "../demo/report.ts"
import { alertsText, summaryText } from "../demo/summary.ts"
import type { Io } from "../io.ts"
import { writePage } from "../page/page.ts"
import { paintOf } from "../paint.ts"

const REPORT = "spendfuse-demo.html"
const DRAWN_EACH = 4

interface DemoFlags {
  readonly json?: boolean
  readonly report?: string
}

/** `spendfuse demo`: the incident, four ways side by side. */
export const demoCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  program
    .command("demo")
    .option("--json", "one JSON object, last on the standard output")
    .option("--report <file>", `where the HTML report goes (default: ${REPORT}, none with --json)`)
    .summary("watch an agent loop towards $72,000, four ways")
    .description(
      "An agent loops for 18 virtual hours towards $72,000: without a guard, with a billing alert, with a post-hoc counter, and with Spendfuse. Real SDK clients call a stand-in for the providers; nothing leaves this machine, and no key is needed.",
    )
    .addHelpText("after", EXAMPLES)
    .action(async (flags: DemoFlags) => {
      const picture = livePicture(io, flags.json === true)
      const incident = await playIncident(await picture)
      const burst = await playBurst()
      const report = flags.report ?? (flags.json === true ? null : REPORT)
      if (report !== null) writePage(report, reportHtml(incident, burst), "--report")
      if (flags.json === true) io.out(`${JSON.stringify(jsonOf(incident, burst))}\n`)
      else io.out(`${endText(io, incident, burst, report)}\n`)
      exit(0)
    })
}

const EXAMPLES = `
Examples:
  $ spendfuse demo
  $ spendfuse demo --report incident.html
  $ spendfuse demo --json | jq '.guardedNano / 1e9'

Amounts in the JSON are integers of nano-USD (1e-9 USD).`

const endText = (io: Io, incident: Incident, burst: Burst, report: string | null): string => {
  const paint = paintOf(io)
  return [
    "",
    summaryText(incident, burst),
    "",
    paint.bold("Alerts as they arrived (UTC)"),
    alertsText(incident),
    ...(report === null ? [] : ["", `The report with its plots: ${paint.bold(report)}`]),
  ].join("\n")
}

/** Draws on a terminal; elsewhere it says now and then how far it is. */
const livePicture = async (
  io: Io,
  quiet: boolean,
): Promise<(frame: Frame, events: readonly ToldEvent[]) => void> => {
  if (quiet) return () => undefined
  const { columns } = io
  const paint = paintOf(io)
  let drawn = 0
  let startMs: number | null = null
  if (!io.isTerminal)
    return () => {
      drawn += 1
      if (drawn % 120 === 0) io.err(`${drawn / 40} of ${TICKS / 40} virtual hours\n`)
    }
  const { createLogUpdate } = await import("log-update")
  const update = createLogUpdate(process.stdout)
  return (frame, events) => {
    startMs ??= frame.atMs
    drawn += 1
    if (drawn % DRAWN_EACH === 0) update(frameText(frame, events, startMs, { paint, columns }))
  }
}

const jsonOf = (incident: Incident, burst: Burst) => {
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
