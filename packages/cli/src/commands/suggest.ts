import { decodePolicy, explainPolicy, type Policy, type WorstBill } from "@spendfuse/core"
import {
  History,
  type ReplayReport,
  type Suggestion,
  suggest,
  TIGHTNESSES,
} from "@spendfuse/core/lab"
import { libraryPrices } from "@spendfuse/core/prices"
import type { Command } from "commander"
import { countText, dollarsText } from "../figures.ts"
import { CliError, type Io } from "../io.ts"
import { tableText } from "../operator/table.ts"
import { collected, shareOf } from "../replay/options.ts"
import { playLog, readAll } from "../replay/playLog.ts"
import { remarksOf } from "../replay/remarks.ts"
import { both, instantText, shareText } from "../replay/reportText.ts"
import { payerText } from "./explainProof.ts"
import { readOptionsOf } from "./replay.ts"

interface SuggestFlags {
  readonly format?: string
  readonly map?: readonly string[]
  readonly set?: readonly string[]
  readonly choose: string
  readonly warn: string
  readonly page: string
  readonly json?: boolean
}

/** A proposal, what it would have refused of the history, and the worst that it permits. */
interface Judged extends Suggestion {
  readonly refused: ReplayReport["refused"] | null
  readonly asked: ReplayReport["asked"] | null
  readonly worstBills: readonly WorstBill[]
}

/** `spendfuse suggest LOG`: budgets from a history. */
export const suggestCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  program
    .command("suggest")
    .argument("<log>", "the history, gzip or not; `-` is the standard input")
    .option("--format <name>", "how the log is written; told by its first record unless given")
    .option("--map <column=field>", "which column a field is read from; again for more", collected)
    .option("--set <field=value>", "what the log does not say; again for more", collected)
    .option("--choose <name>", `which policy is printed: ${TIGHTNESSES.join(", ")}`, "usual")
    .option("--warn <channel>", "who hears of 80 %", "slack")
    .option("--page <channel>", "who hears of what is stopped", "pagerDuty")
    .option("--json", "one JSON object with all proposals")
    .summary("budgets and tiers from last month")
    .description(
      "Propose budgets per hour and day for each dimension of a history, with what each would have refused and the worst bill that it permits. The policy goes to the standard output, the comparison to the standard error.",
    )
    .addHelpText("after", HELP)
    .action(async (log: string, flags: SuggestFlags) => {
      const chosen = TIGHTNESSES.find((name) => name === flags.choose)
      if (chosen === undefined)
        throw new CliError(
          `\`--choose ${flags.choose.slice(0, 40)}\` is none; there are ${TIGHTNESSES.join(", ")}`,
        )
      const options = readOptionsOf(flags)
      const history = new History(libraryPrices())
      const reading = await readAll(io, log, options, (rows) => history.take(rows))
      const proposals = proposalsOf(history, log, { warn: flags.warn, page: flags.page })
      const refuseUnder = shareOf("--refuse-under", "1")
      const policies = proposals.map(({ policy }) => decoded(policy))
      const reports =
        log === "-" ? [] : (await playLog(io, log, policies, { ...options, refuseUnder })).played
      const judged = proposals.map((one, at): Judged => {
        const report = reports[at]?.report
        const { worstBills } = explainPolicy(policies[at] ?? decoded(one.policy))
        return {
          ...one,
          refused: report?.refused ?? null,
          asked: report?.asked ?? null,
          worstBills,
        }
      })
      if (flags.json === true)
        io.out(`${JSON.stringify({ log: reading, chosen, proposals: judged })}\n`)
      else {
        for (const remark of remarksOf(reading)) io.err(`${remark}\n`)
        io.err(`${comparedText(judged, history, io.columns)}\n`)
        const one = judged.find(({ tightness }) => tightness === chosen)
        if (one !== undefined) io.out(policyText(one))
      }
      exit(0)
    })
}

const HELP = `
tight takes the 95 % quantile of what accounts did spend in a period, usual 99 %, wide the most
that is no outlier; with a headroom of 10, 50 and 100 %. Sessions and users get budgets like keys:
remove the ones you do not want. What --map and --set take: spendfuse replay --help.

Examples:
  $ spendfuse suggest calls.csv.gz > policy.json
  $ spendfuse suggest spend.csv --choose tight --page oncall > policy.json
  $ spendfuse suggest spend.csv --json | jq '.proposals[].refused'

Exit codes: 0 proposed, 2 the log cannot be read, or has no spend.`

/** @throws CliError where nothing was spent */
const proposalsOf = (
  history: History,
  log: string,
  channels: { readonly warn: string; readonly page: string },
): readonly Suggestion[] => {
  const habits = history.habits()
  const proposals = TIGHTNESSES.flatMap((name) => suggest(habits, name, channels) ?? [])
  if (proposals.length > 0) return proposals
  const { unpriced } = history.counted
  throw new CliError(
    unpriced > 0
      ? `${log}: ${countText(unpriced, "row")} without a price; name the model with --set model=NAME, or a column with --map COLUMN=usd`
      : `${log}: nothing was spent`,
  )
}

const decoded = (json: unknown): Policy => {
  const result = decodePolicy(json)
  if (result.ok) return result.policy
  throw new Error(result.problems.map(({ path, message }) => `${path}: ${message}`).join("\n"))
}

const comparedText = (judged: readonly Judged[], history: History, width: number): string => {
  const { rows, unpriced, fromMs, untilMs } = history.counted
  const left = unpriced === 0 ? "" : `, ${countText(unpriced, "row")} without a price left out`
  const bills = judged[0]?.worstBills ?? []
  return [
    `${countText(rows, "row")}, ${instantText(fromMs)} to ${instantText(untilMs)} UTC${left}`,
    tableText(
      [
        { head: "proposal", cell: ({ tightness }) => tightness },
        {
          head: "would have refused",
          cell: ({ refused, asked }) =>
            refused === null || asked === null
              ? "not replayed: the log can be read once only"
              : `${both(refused)}, ${shareText(refused, asked)}`,
          flows: "at spaces",
        },
        ...bills.map((bill, at) => ({
          head: `worst day, ${payerText(bill)}`,
          cell: ({ worstBills }: Judged) => billText(worstBills[at]),
          flows: "at spaces" as const,
        })),
      ],
      judged,
      width,
    ),
  ].join("\n")
}

const billText = (bill: WorstBill | undefined): string =>
  bill === undefined || bill.perDay === null ? "unbounded" : dollarsText(bill.perDay)

const policyText = ({ policy, why, tightness }: Judged): string =>
  `// Proposed from a history (${tightness}). What each limit comes from:\n${why
    .map((sentence) => `// ${sentence}\n`)
    .join("")}${JSON.stringify(policy, null, 2)}\n`
