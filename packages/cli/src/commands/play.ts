import {
  decodeScenario,
  type OpenStore,
  type Played,
  play,
  playedMemory,
  type Scenario,
} from "@spendfuse/core/lab"
import { memoryStore } from "@spendfuse/store-memory"
import Table from "cli-table3"
import type { Command } from "commander"
import { checkKind } from "../fileKind.ts"
import { CliError, type Io } from "../io.ts"
import { readJsonc } from "../jsonc.ts"
import { paintOf } from "../paint.ts"

interface PlayFlags {
  readonly json?: boolean
  readonly table?: boolean
}

/** `spendfuse play FILE…`: scenario files on the memory store. */
export const playCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  program
    .command("play")
    .argument("<file...>", "scenario files (JSON, comments allowed); `-` is the standard input")
    .option("--json", "one line of JSON per step: { step, at, outcome, events, met }")
    .option("--table", "one row per step")
    .summary("play scenario files: does the policy do what they say?")
    .description(
      "Play scenario files in virtual time and check what each step must show. Steps that run in parallel are played in two orders.",
    )
    .addHelpText("after", EXAMPLES)
    .action(async (files: string[], flags: PlayFlags) => {
      let code = 0
      for (const file of files) code = Math.max(code, await playFile(io, file, flags))
      exit(code)
    })
}

const EXAMPLES = `
Examples:
  $ spendfuse play tests/hourly-cap.jsonc
  $ spendfuse play --table tests/*.jsonc
  $ spendfuse play --json tests/hourly-cap.jsonc | jq 'select(.met | not)'

Exit codes: 0 all expectations met, 1 one was not, 2 a file cannot be read or is not a scenario.`

/** @returns the exit code that the file alone asks for */
const playFile = async (io: Io, file: string, flags: PlayFlags): Promise<number> => {
  try {
    const scenario = scenarioOf(io, file)
    const played = await playBothWays(scenario)
    report(io, file === "-" ? "<stdin>" : file, scenario, played, flags)
    return played.every(({ met }) => met) ? 0 : 1
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    io.err(`${error.message}\n`)
    return 2
  }
}

const scenarioOf = (io: Io, file: string): Scenario => {
  const json = readJsonc(io, file)
  checkKind("scenario", json, file)
  const decoded = decodeScenario(json.value)
  if (decoded.ok) return decoded.scenario
  throw json.complaint(decoded.problems)
}

const openMemory: OpenStore = playedMemory(memoryStore)

/** The order of what comes at once is free: a step is met where it is in the file's order and in the reverse. */
const playBothWays = async (scenario: Scenario): Promise<readonly Played[]> => {
  const played = await play(scenario, openMemory)
  if (scenario.steps.every(({ verb }) => verb !== "parallel")) return played
  const reversed = await play(scenario, openMemory, { order: (steps) => [...steps].reverse() })
  return played.map((step, at) => {
    const other = reversed[at]
    return step.met && other !== undefined && !other.met
      ? { ...step, met: false, missed: other.missed }
      : step
  })
}

const report = (
  io: Io,
  file: string,
  scenario: Scenario,
  played: readonly Played[],
  flags: PlayFlags,
): void => {
  const bad = played.filter(({ met }) => !met)
  const paint = paintOf(io)
  const say = flags.json === true ? io.err : io.out
  if (flags.json === true) {
    for (const { step, at, outcome, events, met } of played)
      io.out(`${text({ step, at, outcome, events, met })}\n`)
  } else {
    const verdict = bad.length === 0 ? paint.green("ok  ") : paint.red("FAIL")
    io.out(`${verdict} ${file}: ${scenario.title}\n`)
    if (flags.table === true) io.out(`${table(scenario, played)}\n`)
  }
  for (const { step, missed, outcome } of bad)
    for (const { field, expected, found } of missed) {
      const why = field === "allowed" && found === false ? ` (${howOf(outcome)})` : ""
      say(
        `     ${file}: steps[${step}].expect.${field}: is ${text(found)}${why}, expected ${text(expected)}\n`,
      )
    }
}

const table = (scenario: Scenario, played: readonly Played[]): string => {
  const rows = new Table({
    head: ["step", "at", "does", "outcome", "events", ""],
    style: { head: [], border: [] },
  })
  for (const { step, at, outcome, events, met } of played) {
    const { verb, json } = scenario.steps[step] ?? { verb: "", json: {} as Record<string, unknown> }
    const what = typeof json[verb] === "string" ? `${verb} ${json[verb]}` : verb
    rows.push([
      String(step),
      at.slice(0, 23),
      what,
      howOf(outcome),
      events.join("\n"),
      met ? "" : "not met",
    ])
  }
  return rows.toString()
}

const howOf = ({ reason, error, kind }: Played["outcome"]): string =>
  String(reason ?? error ?? kind)

/** JSON has no infinity: a cap that is none is `null`. */
const text = (value: unknown): string => JSON.stringify(value) ?? "nothing"
