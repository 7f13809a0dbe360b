import { amountText, decodePolicy, explainPolicy, type PolicyExplanation } from "@spendfuse/core"
import Table from "cli-table3"
import type { Command } from "commander"
import { CliError, type Io } from "../io.ts"
import { readJsonc } from "../jsonc.ts"

/** `spendfuse explain POLICY`: what a policy will do, and the worst bill that it permits. */
export const explainCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  program
    .command("explain")
    .argument("<policy>", "a policy file (JSON, comments allowed); `-` is the standard input")
    .option("--json", "one JSON object")
    .description(
      "say in plain words what a policy does, in which order it refuses, and the worst bill it permits",
    )
    .action((file: string, options: { json?: boolean }) => {
      const decoded = decodePolicy(readJsonc(io, file))
      if (!decoded.ok)
        throw new CliError(
          decoded.problems
            .map(({ path, message }) => `${file}: ${path === "" ? "" : `${path}: `}${message}`)
            .join("\n"),
        )
      const explanation = explainPolicy(decoded.policy)
      const { warnings } = decoded
      io.out(
        options.json === true
          ? `${JSON.stringify({ ...explanation, warnings })}\n`
          : `${inWords(explanation, warnings)}\n`,
      )
      exit(0)
    })
}

const inWords = (explanation: PolicyExplanation, warnings: readonly string[]): string => {
  const { budgets, general, refusalOrder, worstBills } = explanation
  const bills = new Table({
    head: ["worst bill per", "calendar hour", "any 60 minutes", "day", "month (31 days)"],
    style: { head: [], border: [] },
  })
  for (const { per, unit, perHour, perAnyHour, perDay, perMonth } of worstBills) {
    const cells = [perHour, perAnyHour, perDay, perMonth].map((amount) =>
      amount === null ? "unbounded" : amountText(amount, unit),
    )
    bills.push([per.join(" and "), ...cells])
  }
  return [
    ...budgets.flatMap(({ id, sentences }) => [`${id}`, ...sentences.map((one) => `  ${one}`), ""]),
    ...general,
    "",
    `Order of refusals: ${refusalOrder.join(", ")}.`,
    "",
    bills.toString(),
    "Bounds hold while nobody acknowledges, for estimates that bound what the provider bills.",
    ...warnings.map((warning) => `warning: ${warning}`),
  ].join("\n")
}
