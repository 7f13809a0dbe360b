import { decodeScenario, type Played, play, type Scenario } from "@spendfuse/core/testing"
import Table from "cli-table3"
import type { Command } from "commander"
import { CliError, type Io } from "../io.ts"
import { readJsonc } from "../jsonc.ts"
import { openMemory } from "../play/memory.ts"

/** `spendfuse play FILE…`: scenario files on the memory store. */
export const playCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  program
    .command("play")
    .argument("<file...>", "scenario files (JSON, comments allowed)")
    .option("--json", "one line of JSON per step")
    .option("--table", "one row per step")
    .description(
      "play scenario files and check what each step must show; exit code 1 where one does not",
    )
    .action(async (files: string[], options: { json?: boolean; table?: boolean }) => {
      let missed = 0
      for (const file of files) {
        const scenario = scenarioOf(io, file)
        const played = await play(scenario, openMemory)
        missed += played.filter(({ met }) => !met).length
        report(io, file, scenario, played, options)
      }
      exit(missed === 0 ? 0 : 1)
    })
}

const scenarioOf = (io: Io, file: string): Scenario => {
  const decoded = decodeScenario(readJsonc(io, file))
  if (decoded.ok) return decoded.scenario
  throw new CliError(
    decoded.problems
      .map(({ path, message }) => `${file}: ${path === "" ? "" : `${path}: `}${message}`)
      .join("\n"),
  )
}

const report = (
  io: Io,
  file: string,
  scenario: Scenario,
  played: readonly Played[],
  options: { json?: boolean; table?: boolean },
): void => {
  if (options.json === true) {
    for (const { missed, ...line } of played)
      io.out(`${text(missed.length === 0 ? line : { ...line, missed })}\n`)
    return
  }
  const bad = played.filter(({ met }) => !met)
  io.out(`${bad.length === 0 ? "ok  " : "FAIL"} ${file}: ${scenario.title}\n`)
  if (options.table === true) io.out(`${table(scenario, played)}\n`)
  for (const { step, missed } of bad)
    for (const { field, expected, found } of missed)
      io.out(`     step ${step}: ${field} is ${text(found)}, expected ${text(expected)}\n`)
}

const table = (scenario: Scenario, played: readonly Played[]): string => {
  const rows = new Table({
    head: ["step", "at", "does", "outcome", "events", ""],
    style: { head: [], border: [] },
  })
  for (const { step, at, outcome, events, met } of played) {
    const { verb, json } = scenario.steps[step] ?? { verb: "", json: {} as Record<string, unknown> }
    const what = typeof json[verb] === "string" ? `${verb} ${json[verb]}` : verb
    const how = String(outcome.reason ?? outcome.error ?? outcome.kind)
    rows.push([String(step), at.slice(11, 23), what, how, events.join("\n"), met ? "" : "not met"])
  }
  return rows.toString()
}

const text = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    item === Number.POSITIVE_INFINITY ? "none" : item,
  ) ?? "nothing"
