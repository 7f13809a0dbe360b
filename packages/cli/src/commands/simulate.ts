import type { FleetReport } from "@spendfuse/core/lab"
import type { Command } from "commander"
import { incidentNames } from "../incidents.ts"
import { CliError, type Io } from "../io.ts"
import { tableText } from "../operator/table.ts"
import { writePage } from "../page/page.ts"
import { paintOf } from "../paint.ts"
import { collected } from "../replay/options.ts"
import { allText, type NamedReport } from "../simulate/allText.ts"
import { expectationsOf } from "../simulate/expectations.ts"
import { fleetPage } from "../simulate/fleetPage.ts"
import { fleetText, type Look } from "../simulate/fleetText.ts"
import { type PlayOptions, playFleet } from "../simulate/playFleet.ts"
import { type NamedFleet, readFleet } from "../simulate/readFleet.ts"
import { type Runs, runsOf, runsText } from "../simulate/runs.ts"
import { waysOf } from "../simulate/ways.ts"

interface SimulateFlags {
  readonly list?: boolean
  readonly all?: boolean
  readonly seed: string
  readonly runs: string
  readonly way?: readonly string[]
  readonly json?: boolean
  readonly html?: string
  readonly callsMax: string
}

/** `spendfuse simulate FLEET…`: fleets of callers in virtual time, under each way to guard them. */
export const simulateCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  program
    .command("simulate")
    .argument(
      "[fleet...]",
      "fleet files (JSON, comments allowed), `-`, or incidents of the library",
    )
    .option("--list", "the incidents of the library")
    .option("--all", "every incident of the library, in one table")
    .option("--seed <number>", "what is drawn; the same gives the same bytes", "1")
    .option("--runs <count>", "from so many seeds: least, median and most of each figure", "1")
    .option("--way <name>", "unguarded, alert, counter or spendfuse; again for more", collected)
    .option("--json", "one JSON object for each fleet")
    .option("--html <file>", "write a page with a plot, which loads nothing")
    .option("--calls-max <count>", "calls that a fleet may ask for under one way", "5000000")
    .summary("what a fleet would spend: people, agents, loops, outages, four ways")
    .description(
      "Play a fleet in virtual time: people, agents, batch jobs, loops, leaked keys, price changes, crashes, outages. Four ways to guard it see the same fleet: none, a billing alert, a post-hoc counter, and Spendfuse.",
    )
    .addHelpText("after", HELP)
    .action((given: string[], flags: SimulateFlags) => {
      if (flags.list === true) listIncidents(io)
      else exit(simulateAll(io, namesOf(given, flags), flags))
    })
}

const HELP = `
Examples:
  $ spendfuse simulate --list
  $ spendfuse simulate agent-loop
  $ spendfuse simulate fleet.jsonc --seed 7 --html report.html
  $ spendfuse simulate fleet.jsonc --runs 20
  $ spendfuse simulate --all
  $ spendfuse simulate fleet.jsonc --json | jq '.ways[] | { way, billedNanoUsd }'

A name of the library is that incident; \`./NAME\` is a file. Amounts in the JSON are integers of nano-USD.
Exit codes: 0 played, and every expectation met, 1 one was missed, 2 a file cannot be read, is not a fleet,
or asks for more calls than it may.`

const listIncidents = (io: Io): void => {
  const all = incidentNames().map((name) => readFleet(io, name))
  io.out(
    `${tableText<NamedFleet>(
      [
        { head: "incident", cell: ({ name }) => name },
        { head: "what happens", cell: ({ fleet }) => fleet.title, flows: "at spaces" },
      ],
      all,
      io.columns,
    )}\n`,
  )
}

const namesOf = (
  given: readonly string[],
  { all, html, runs }: SimulateFlags,
): readonly string[] => {
  if (all === true && given.length > 0)
    throw new CliError("`--all` plays the library; leave out the other fleets, or `--all`")
  const names = all === true ? incidentNames() : given
  if (names.length === 0)
    throw new CliError("no fleet is named; give a file, a name that `--list` shows, or `--all`")
  if (html !== undefined && (names.length > 1 || runs !== "1"))
    throw new CliError(
      "`--html` shows one run of one fleet; leave out `--runs` and all but one fleet",
    )
  return names
}

/** @returns the exit code; a fleet that is at fault stops none of the others */
const simulateAll = (io: Io, names: readonly string[], flags: SimulateFlags): number => {
  const seed = wholeOf("--seed 7", flags.seed, 0)
  const runs = wholeOf("--runs 20", flags.runs, 1)
  const options = {
    ways: waysOf(flags.way ?? []),
    callsMax: wholeOf("--calls-max 20000000", flags.callsMax, 1),
  }
  const seeds = Array.from({ length: runs }, (_, at) => seed + at)
  const isTable = flags.all === true && flags.json !== true && runs === 1
  const reports: NamedReport[] = []
  let code = 0
  for (const name of names)
    try {
      const named = readFleet(io, name)
      const played = playSeeds(io, named, seeds, options)
      code = Math.max(code, played.missed.length === 0 ? 0 : 1)
      if ("seeds" in played) tellRuns(io, named, played, flags)
      else if (isTable) reports.push({ name, report: played })
      else tellReport(io, named, played, flags, name !== names[0])
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      io.err(`${error.message}\n`)
      code = 2
    }
  if (isTable) io.out(`${allText(reports, lookOf(io))}\n`)
  return code
}

const playSeeds = (
  io: Io,
  named: NamedFleet,
  seeds: readonly number[],
  options: PlayOptions,
): FleetReport | Runs => {
  const [only] = seeds
  return only !== undefined && seeds.length === 1
    ? playFleet(io, named, only, options)
    : runsOf(seeds, (seed) => playFleet(io, named, seed, options))
}

const tellRuns = (
  io: Io,
  { name, fleet }: NamedFleet,
  runs: Runs,
  { json }: SimulateFlags,
): void => {
  const { title, why, source } = fleet
  if (json === true) io.out(`${JSON.stringify({ fleet: name, title, why, source, ...runs })}\n`)
  else io.out(`${runsText(fleet, runs, lookOf(io))}\n`)
}

const tellReport = (
  io: Io,
  { name, fleet }: NamedFleet,
  report: FleetReport,
  { json, html }: SimulateFlags,
  isNext: boolean,
): void => {
  if (html !== undefined) writePage(html, fleetPage(fleet, report), "--html")
  const { why, source } = fleet
  const expectations = expectationsOf(fleet, report)
  if (json === true)
    io.out(`${JSON.stringify({ fleet: name, why, source, ...report, expectations })}\n`)
  else io.out(`${isNext ? "\n" : ""}${fleetText(fleet, report, lookOf(io))}\n`)
}

const lookOf = (io: Io): Look => ({ paint: paintOf(io), columns: io.columns })

/** @param example the flag as it may be written @throws CliError */
const wholeOf = (example: string, text: string, least: number): number => {
  const value = Number(text)
  if (/^\d{1,9}$/.test(text) && value >= least) return value
  const [flag = ""] = example.split(" ")
  throw new CliError(
    `\`${flag} ${text.slice(0, 40)}\` is not a whole number from ${least} to 999999999; write e.g. ${example}`,
  )
}
