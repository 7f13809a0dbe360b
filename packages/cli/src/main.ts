import { createRequire } from "node:module"
import { Command, CommanderError } from "commander"
import { accountsCommand } from "./commands/accounts.ts"
import { ackCommand } from "./commands/ack.ts"
import { deadLettersCommand } from "./commands/deadLetters.ts"
import { demoCommand } from "./commands/demo.ts"
import { dispatchCommand } from "./commands/dispatch.ts"
import { doctorCommand } from "./commands/doctor.ts"
import { auditCommand, eventsCommand } from "./commands/events.ts"
import { explainCommand } from "./commands/explain.ts"
import { gatewayCommand } from "./commands/gateway.ts"
import { playCommand } from "./commands/play.ts"
import { priceCommand } from "./commands/price.ts"
import { replayCommand } from "./commands/replay.ts"
import { simulateCommand } from "./commands/simulate.ts"
import { suggestCommand } from "./commands/suggest.ts"
import { switchCommand } from "./commands/switch.ts"
import { tripCommand } from "./commands/trip.ts"
import { CliError, type Io, processIo } from "./io.ts"

/**
 * Runs the command line.
 *
 * @returns the exit code: 0 all well, 1 an expectation was not met or a command was not done, 2 bad input or a
 *   bad command
 */
export const main = async (argv: readonly string[], io: Io = processIo()): Promise<number> => {
  const wantsColor = !argv.includes("--no-color")
  const own: Io = wantsColor ? io : { ...io, hasColor: false }
  const program = new Command("spendfuse")
  let code = 0
  program
    .description(
      "A fuse for AI spend: see who spends, stop it, let it go on; prove a policy, price usage.",
    )
    .version(versionOf(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print the help of a command")
    .option("--no-color", "no colours, as with NO_COLOR set; there are none outside a terminal")
    .configureOutput({ writeOut: own.out, writeErr: own.err })
    .configureHelp({ helpWidth: Math.min(100, Math.max(60, own.columns)) })
    .exitOverride()
    .showHelpAfterError("(try `spendfuse --help`)")
    .addHelpText("after", EXAMPLES)
  for (const add of COMMANDS)
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

/** In the order of the help. */
const COMMANDS = [
  accountsCommand,
  eventsCommand,
  auditCommand,
  ackCommand,
  tripCommand,
  switchCommand,
  deadLettersCommand,
  dispatchCommand,
  gatewayCommand,
  demoCommand,
  doctorCommand,
  explainCommand,
  playCommand,
  priceCommand,
  replayCommand,
  simulateCommand,
  suggestCommand,
]

const EXAMPLES = `
Examples:
  $ spendfuse accounts                        who spends, how fast, how far from the cap
  $ spendfuse ack day/agent-7                 let it go on, by a small step
  $ spendfuse demo                            an agent loops towards $72,000, four ways
  $ spendfuse explain policy.json             what a policy does, and the worst bill it permits
  $ spendfuse gateway --config spendfuse.json  a guarded base URL for every client
  $ spendfuse play tests/*.jsonc              does the policy do what these files say?
  $ spendfuse simulate agent-loop             what a fleet would spend, four ways
  $ spendfuse price < usage.ndjson            what did these responses cost?
  $ spendfuse doctor --store redis://host      which store is in use, and is it well?

Exit codes: 0 all well, 1 an expectation was not met or a command was not done, 2 bad input or a bad command.`

const versionOf = (): string => {
  const { version } = createRequire(import.meta.url)("../package.json") as { version: string }
  return version
}
