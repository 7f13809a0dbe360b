import { libraryPrices, staleSources } from "@spendfuse/core/prices"
import type { Command } from "commander"
import type { Io } from "../io.ts"
import { priceLine } from "../price/priceLine.ts"

/** `spendfuse price`: NDJSON in, NDJSON out, one line for each line, in order. */
export const priceCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  program
    .command("price")
    .argument(
      "[file]",
      "NDJSON of { provider, model, at, body | usage }; the standard input unless given, or `-`",
    )
    .description(
      "price provider responses exactly; { nanoUsd, lines, source } or { error } for each line",
    )
    .option("--strict", "exit code 1 where a line has an error")
    .option("--json", "one JSON object for each line, which it always writes")
    .addHelpText("after", HELP)
    .action(async (file: string | undefined, options: { strict?: boolean }) => {
      const prices = libraryPrices()
      for (const sentence of staleSources(prices.sources, Date.now())) io.err(`${sentence}\n`)
      let failed = 0
      for await (const line of io.lines(file ?? "-")) {
        const answer = priceLine(line, prices)
        if ("error" in answer) failed += 1
        io.out(`${JSON.stringify(answer)}\n`)
      }
      exit(options.strict === true && failed > 0 ? 1 : 0)
    })
}

const HELP = `
body is the provider's answer: an object, its text, a stream of events as text, or a list
of events. usage counts our components, such as { "inputTokens": 12 }. Each line has one
answer, an empty one too; amounts are decimal strings of nano-USD (1e-9 USD).

  $ spendfuse price calls.ndjson
  $ tail -f calls.ndjson | spendfuse price --strict`
