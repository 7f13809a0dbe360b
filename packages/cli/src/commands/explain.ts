import { amountText, explainPolicy, type PolicyExplanation } from "@spendfuse/core"
import Table from "cli-table3"
import type { Command } from "commander"
import type { Io } from "../io.ts"
import { type Paint, paintOf } from "../paint.ts"
import { readPolicyFile } from "../policyFile.ts"
import { payerText, proofsInWords, provenBills } from "./explainProof.ts"

/** `spendfuse explain POLICY`: what a policy will do, and the worst bill that it permits. */
export const explainCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  program
    .command("explain")
    .argument("<policy>", "a policy file (JSON, comments allowed); `-` is the standard input")
    .option("--json", "one JSON object")
    .option("--proof", "why no bill can be higher, and an execution that reaches it")
    .summary("what a policy does, and the worst bill that it permits")
    .description(
      "Say in plain words what each budget, tier and circuit of a policy does, in which order it refuses, and the most that it lets anyone spend per hour, day, week and month.",
    )
    .addHelpText("after", EXAMPLES)
    .action((file: string, options: { json?: boolean; proof?: boolean }) => {
      const { policy, warnings } = readPolicyFile(io, file)
      const explanation = explainPolicy(policy)
      const proven = options.proof === true ? provenBills(policy, explanation.worstBills) : []
      if (options.json === true) {
        const proof = options.proof === true ? { proven } : {}
        io.out(`${JSON.stringify({ ...explanation, warnings, ...proof })}\n`)
      } else {
        const paint = paintOf(io)
        io.out(`${inWords(explanation, warnings, paint)}\n`)
        if (options.proof === true) io.out(`${proofsInWords(proven, paint)}\n`)
      }
      exit(0)
    })
}

const EXAMPLES = `
Examples:
  $ spendfuse explain policy.json
  $ spendfuse explain --proof policy.json
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
    `Hours, days, weeks and months are those of ${explanation.timeZone}, by the time of reservation. The bounds are`,
    "bounds of estimates: they hold where a call costs no more than its worst case.",
    ...explanation.findings.map(({ text }) => `${paint.yellow("finding:")} ${text}`),
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
      "week",
      "month",
      ...(adds ? ["store silent, each time"] : []),
      "bound by",
    ],
    style: { head: [], border: [] },
  })
  for (const bill of worstBills) {
    const { unit, proofs } = bill
    const amounts = [bill.perHour, bill.perAnyHour, bill.perDay, bill.perWeek, bill.perMonth]
    const cells = (adds ? [...amounts, bill.perOutage] : amounts).map((amount) =>
      amount === null ? `unbounded${unit === "usd" ? "" : ` ${unit}`}` : amountText(amount, unit),
    )
    const by = Object.values(proofs).flatMap(
      (proof) => proof?.by.map(({ budget }) => budget) ?? ["nothing"],
    )
    bills.push([payerText(bill), ...cells, [...new Set(by)].join(", ")])
  }
  return bills.toString()
}
