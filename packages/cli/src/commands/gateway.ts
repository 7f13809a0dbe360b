import type { Command } from "commander"
import { loadConfig } from "../gateway/loadConfig.ts"
import { runGateway } from "../gateway/runGateway.ts"
import type { Io } from "../io.ts"

interface GatewayFlags {
  readonly config: string
  readonly check?: boolean
}

/** `spendfuse gateway`: a guarded base URL for every client. */
export const gatewayCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  program
    .command("gateway")
    .requiredOption("--config <file>", "the gateway's config (JSON, comments allowed)")
    .option("--check", "read the config, its policy and the variables it names, and end")
    .summary("put a guarded base URL in front of every client")
    .description(
      "Serve the APIs of OpenAI, Anthropic and Google at a base URL of your own: callers have virtual keys, each call is reserved before and settled after, and the providers' keys stay here. The log is one line of JSON for each call, on the standard output.",
    )
    .addHelpText("after", EXAMPLES)
    .action(async ({ config, check }: GatewayFlags) => {
      if (check === true) {
        loadConfig(io, config, process.env)
        io.out(`${config}: ok\n`)
        return exit(0)
      }
      await runGateway(io, { path: config, env: process.env, ending: io.ending })
      exit(0)
    })
}

const EXAMPLES = `
Examples:
  $ spendfuse gateway --config spendfuse.json
  $ spendfuse gateway --config spendfuse.json --check
  $ OPENAI_BASE_URL=http://127.0.0.1:8787/v1 OPENAI_API_KEY=$VIRTUAL_KEY python agent.py

SIGHUP, and a change of the files, reads the config and its policy anew; a bad one leaves the old in force.
SIGTERM ends it well: running calls may finish, for as long as \`limits.drainMs\` says (30 seconds).
Exit codes: 0 it was ended, 2 bad input, or it cannot start.`
