import { amountText, decodePolicy, explainPolicy, type PolicyExplanation } from "@spendfuse/core"
import Table from "cli-table3"
import type { Command } from "commander"
import type { Io } from "../io.ts"
import { readJsonc } from "../jsonc.ts"
import { type Paint, paintOf } from "../paint.ts"

/** `spendfuse explain POLICY`: what a policy will do, and the worst bill that it permits. */
export const explainCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  program
    .command("explain")
    .argument("<policy>", "a policy file (JSON, comments allowed); `-` is the standard input")
    .option("--json", "one JSON object")
    .summary("what a policy does, and the worst bill that it permits")
    .description(
      "Say in plain words what each budget, tier and circuit of a policy does, in which order it refuses, and the most that it lets anyone spend per hour, day and month.",
    )
    .addHelpText("after", EXAMPLES)
    .action((file: string, options: { json?: boolean }) => {
      const json = readJsonc(io, file)
      const decoded = decodePolicy(json.value)
      if (!decoded.ok) throw json.complaint(decoded.problems)
      const explanation = explainPolicy(decoded.policy)
      const { warnings } = decoded
      io.out(
        options.json === true
          ? `${JSON.stringify({ ...explanation, warnings })}\n`
          : `${inWords(explanation, warnings, paintOf(io))}\n`,
      )
      exit(0)
    })
}

const EXAMPLES = `
Examples:
  $ spendfuse explain policy.json
  $ spendfuse explain --json policy.json | jq '.worstBills[] | select(.per == ["platform"])'
  $ cat policy.json | spendfuse explain -

Amounts in the JSON are integers: nano-USD, tokens, requests; null where nothing bounds them.
Exit codes: 0 explained, 2 the file cannot be read or is not a policy.`

const inWords = (
  explanation: PolicyExplanation,
  warnings: readonly string[],
  paint: Paint,
): string => {
  const { budgets, general, refusalOrder } = explanation
  return [
    ...budgets.flatMap(({ id, sentences }) => [
      paint.bold(id),
      ...sentences.map((one) => `  ${one}`),
      "",
    ]),
    paint.bold("every request"),
    ...general.map((one) => `  ${one}`),
    `  Of several reasons to refuse the first of these is given: ${refusalOrder.join(", ")}.`,
    "",
    paint.bold("the worst bill while nobody acknowledges"),
    billTable(explanation),
    `Hours, days and months are those of ${explanation.timeZone}, by the time of reservation. The bounds are`,
    "bounds of estimates: they hold where a call costs no more than its worst case.",
    ...warnings.map((warning) => `${paint.yellow("warning:")} ${warning}`),
  ].join("\n")
}

const billTable = ({ worstBills }: PolicyExplanation): string => {
  const adds = worstBills.some(({ perOutage }) => perOutage !== 0)
  const bills = new Table({
    head: [
      "who",
      "hour",
      "any 60 minutes",
      "day",
      "month",
      ...(adds ? ["store silent, each time"] : []),
      "bound by",
    ],
    style: { head: [], border: [] },
  })
  for (const bill of worstBills) {
    const { per, unit, match, boundBy } = bill
    const models = match === undefined ? "" : ` (${Object.values(match).flat().join(", ")})`
    const amounts = [bill.perHour, bill.perAnyHour, bill.perDay, bill.perMonth]
    const cells = (adds ? [...amounts, bill.perOutage] : amounts).map((amount) =>
      amount === null ? `unbounded${unit === "usd" ? "" : ` ${unit}`}` : amountText(amount, unit),
    )
    const by = [...new Set(boundBy.map((id) => id ?? "nothing"))].join(", ")
    bills.push([`${whoOf(per)}${models}`, ...cells, by])
  }
  return bills.toString()
}

const whoOf = (per: readonly string[]): string =>
  per.length === 1 && per[0] === "platform" ? "everybody together" : `each ${per.join(" and ")}`
