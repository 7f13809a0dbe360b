import { libraryPrices } from "@spendfuse/core/prices"
import type { Command } from "commander"
import type { Io } from "../io.ts"
import { priceLine } from "../price/priceLine.ts"

/** `spendfuse price`: NDJSON in, NDJSON out, one line each, in order. */
export const priceCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  program
    .command("price")
    .argument(
      "[file]",
      "NDJSON of { provider, model, at, body | usage }; the standard input unless given",
    )
    .description(
      "price provider responses exactly; { nanoUsd, lines, source } or { error } for each line",
    )
    .option("--strict", "exit code 1 where a line has an error")
    .action(async (file: string | undefined, options: { strict?: boolean }) => {
      const prices = libraryPrices()
      const lines = file === undefined || file === "-" ? io.lines() : io.read(file).split("\n")
      let failed = 0
      for await (const line of lines) {
        if (line.trim() === "") continue
        const answer = priceLine(line, prices)
        if ("error" in answer) failed += 1
        io.out(`${JSON.stringify(answer)}\n`)
      }
      exit(options.strict === true && failed > 0 ? 1 : 0)
    })
}
