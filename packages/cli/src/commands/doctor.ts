import type { StoreCheck, StoreInspection } from "@spendfuse/core/ports"
import Table from "cli-table3"
import type { Command } from "commander"
import { inspectStore } from "../doctor/inspectStore.ts"
import { PolicyCheck } from "../doctor/policyCheck.ts"
import type { Io } from "../io.ts"
import { type Paint, paintOf } from "../paint.ts"
import { readPolicyFile } from "../policyFile.ts"
import { type StoreFlags, withStore } from "../store/openStore.ts"

interface DoctorFlags extends StoreFlags {
  readonly policy?: string
  readonly json?: boolean
}

/** `spendfuse doctor`: which store is in use, and whether it keeps its promises. */
export const doctorCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  withStore(program.command("doctor"))
    .option("--policy <file>", "also compare the accounts with this policy")
    .option("--json", "one JSON object: { facts, checks: [{ name, state, found, means, mend }] }")
    .summary("which store is in use, and is it well?")
    .description(
      "Say which store is really in use, and look at what a fuse needs of it: counters, settings, copies, clock, schema. It never writes.",
    )
    .addHelpText("after", EXAMPLES)
    .action(async (flags: DoctorFlags) => {
      const policy = flags.policy === undefined ? undefined : policyCheckOf(io, flags.policy)
      const { facts, checks } = await inspectStore(flags, policy?.see)
      const all = policy === undefined ? checks : [...checks, policy.check]
      io.out(
        flags.json === true
          ? `${JSON.stringify({ facts, checks: all })}\n`
          : `${inWords({ facts, checks: all }, io)}\n`,
      )
      exit(all.some(({ state }) => state === "fail") ? 1 : 0)
    })
}

const EXAMPLES = `
Examples:
  $ spendfuse doctor --store redis://localhost:6379
  $ SPENDFUSE_STORE_URL=postgres://localhost/app spendfuse doctor --policy policy.json
  $ spendfuse doctor --store file:spend.spendfuse-journal
  $ spendfuse doctor --store 'redis-sentinel://:PASSWORD@s1:26379,s2:26379#mymaster'
  $ spendfuse doctor --json | jq '.checks[] | select(.state != "ok")'

Give a URL with a password in SPENDFUSE_STORE_URL: others see the arguments of a command.
Exit codes: 0 no check failed, 1 one did, 2 bad input, or the store cannot be looked at.`

const policyCheckOf = (io: Io, file: string): PolicyCheck =>
  new PolicyCheck(readPolicyFile(io, file).policy, Date.now())

const inWords = ({ facts, checks }: StoreInspection, io: Io): string => {
  const paint = paintOf(io)
  const table = new Table({ head: ["check", "", "found"], style: { head: [], border: [] } })
  for (const { name, state, found } of checks) table.push([name, stateIn(paint, state), found])
  const width = Math.max(...Object.keys(facts).map(({ length }) => length))
  return [
    ...Object.entries(facts).map(([name, value]) => `${paint.dim(name.padEnd(width))}  ${value}`),
    "",
    table.toString(),
    ...checks.flatMap((check) => advice(paint, check)),
    "",
    verdict(checks),
  ].join("\n")
}

const advice = (paint: Paint, { name, state, means, mend }: StoreCheck): readonly string[] =>
  state === "ok"
    ? []
    : ["", `${stateIn(paint, state)} ${paint.bold(name)}`, `  ${means}`, `  To do: ${mend}.`]

const stateIn = (paint: Paint, state: StoreCheck["state"]): string =>
  ({ ok: paint.green, warn: paint.yellow, fail: paint.red })[state](state)

const verdict = (checks: readonly StoreCheck[]): string => {
  const count = (state: StoreCheck["state"]): number =>
    checks.filter((one) => one.state === state).length
  return `${count("ok")} ok, ${count("warn")} to know of, ${count("fail")} failed`
}
