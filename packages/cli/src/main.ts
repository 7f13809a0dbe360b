import { Command, CommanderError } from "commander"
import { demoCommand } from "./commands/demo.ts"
import { explainCommand } from "./commands/explain.ts"
import { playCommand } from "./commands/play.ts"
import { priceCommand } from "./commands/price.ts"
import { CliError, type Io, processIo } from "./io.ts"

/**
 * Runs the command line.
 *
 * @returns the exit code: 0 all well, 1 an expectation was not met, 2 bad input
 */
export const main = async (argv: readonly string[], io: Io = processIo()): Promise<number> => {
  const program = new Command("spendfuse")
  let code = 0
  program
    .description("A fuse for AI spend: prove a policy, price usage, watch the incident stop")
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .exitOverride()
    .showHelpAfterError("(try `spendfuse --help`)")
  for (const add of [demoCommand, explainCommand, playCommand, priceCommand])
    add(program, io, (result) => {
      code = result
    })
  try {
    await program.parseAsync([...argv], { from: "user" })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (error instanceof CliError) {
      io.err(`${error.message}\n`)
      return 2
    }
    throw error
  }
}
