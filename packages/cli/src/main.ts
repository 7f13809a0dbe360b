import { createRequire } from "node:module"
import { Command, CommanderError } from "commander"
import { demoCommand } from "./commands/demo.ts"
import { doctorCommand } from "./commands/doctor.ts"
import { explainCommand } from "./commands/explain.ts"
import { playCommand } from "./commands/play.ts"
import { priceCommand } from "./commands/price.ts"
import { CliError, type Io, processIo } from "./io.ts"

/**
 * Runs the command line.
 *
 * @returns the exit code: 0 all well, 1 an expectation was not met, 2 bad input or a bad command
 */
export const main = async (argv: readonly string[], io: Io = processIo()): Promise<number> => {
  const wantsColor = !argv.includes("--no-color")
  const own: Io = wantsColor ? io : { ...io, hasColor: false }
  const program = new Command("spendfuse")
  let code = 0
  program
    .description("A fuse for AI spend: prove a policy, price usage, watch the incident stop.")
    .version(versionOf(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print the help of a command")
    .option("--no-color", "no colours, as with NO_COLOR set; there are none outside a terminal")
    .configureOutput({ writeOut: own.out, writeErr: own.err })
    .configureHelp({ helpWidth: Math.min(100, Math.max(60, own.columns)) })
    .exitOverride()
    .showHelpAfterError("(try `spendfuse --help`)")
    .addHelpText("after", EXAMPLES)
  for (const add of [demoCommand, doctorCommand, explainCommand, playCommand, priceCommand])
    add(program, own, (result) => {
      code = result
    })
  try {
    await program.parseAsync([...argv], { from: "user" })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof CliError)) throw error
    own.err(`${error.message}\n`)
    return 2
  }
}

const EXAMPLES = `
Examples:
  $ spendfuse demo                            an agent loops towards $72,000, four ways
  $ spendfuse explain policy.json             what a policy does, and the worst bill it permits
  $ spendfuse play tests/*.jsonc              does the policy do what these files say?
  $ spendfuse price < usage.ndjson            what did these responses cost?
  $ spendfuse doctor --store redis://host      which store is in use, and is it well?

Exit codes: 0 all well, 1 an expectation was not met, 2 bad input or a bad command.`

const versionOf = (): string => {
  const { version } = createRequire(import.meta.url)("../package.json") as { version: string }
  return version
}
