import type { Command } from "commander"
import type { Io } from "../io.ts"
import { writePage } from "../page/page.ts"
import { paintOf } from "../paint.ts"
import { FORMATS } from "../replay/formats/all.ts"
import { FIELDS } from "../replay/formats/format.ts"
import { collected, columnsOf, readPolicy, shareOf, valuesOf } from "../replay/options.ts"
import { playLog, type Replayed } from "../replay/playLog.ts"
import type { ReadOptions } from "../replay/readLog.ts"
import { replayPage } from "../replay/reportPage.ts"
import { type Named, reportText } from "../replay/reportText.ts"
import { type Checked, candidatesOf, cheapestOf } from "../replay/settings.ts"

interface ReplayFlags {
  readonly policy: string
  readonly against?: string
  readonly format?: string
  readonly map?: readonly string[]
  readonly set?: readonly string[]
  readonly refuseUnder: string
  readonly json?: boolean
  readonly html?: string
}

/** `spendfuse replay LOG`: what a policy would have done to a history. */
export const replayCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  program
    .command("replay")
    .argument("<log>", "the history, gzip or not; `-` is the standard input")
    .requiredOption("--policy <file>", "the policy")
    .option("--against <file>", "a second policy, side by side")
    .option("--format <name>", `one of ${FORMATS.map(({ name }) => name).join(", ")}`)
    .option("--map <column=field>", "which column a field is read from; again for more", collected)
    .option("--set <field=value>", "what the log does not say; again for more", collected)
    .option("--refuse-under <percent>", "how much the cheapest setting may refuse", "1")
    .option("--json", "one JSON object")
    .option("--html <file>", "write a page with plots, which loads nothing")
    .summary("what a policy would have done to last month")
    .description(
      "Run a history through a policy in virtual time: what would have been spent, refused and told, and when.",
    )
    .addHelpText("after", HELP)
    .action(async (log: string, flags: ReplayFlags) => {
      const files = [flags.policy, ...(flags.against === undefined ? [] : [flags.against])]
      const policies = files.map((file) => readPolicy(io, file))
      const refuseUnder = shareOf("--refuse-under", flags.refuseUnder)
      const options = { ...readOptionsOf(flags), refuseUnder }
      const { reading, played } = await playLog(io, log, policies, options)
      const checked = await check(io, log, played, options)
      const all: readonly Named[] = played.map(({ report }, at) => ({
        name: nameOf(files, at),
        report,
        checked: checked[at] ?? null,
      }))
      if (flags.html !== undefined) writePage(flags.html, replayPage(reading, all), "--html")
      if (flags.json === true) io.out(`${JSON.stringify({ log: reading, policies: all })}\n`)
      else {
        const look = { paint: paintOf(io), columns: io.columns, refuseUnder }
        io.out(`${reportText(reading, all, look)}\n`)
      }
      exit(0)
    })
}

/** How a log is read, by the flags that all commands over logs share. */
export const readOptionsOf = (flags: Pick<ReplayFlags, "format" | "map" | "set">): ReadOptions => ({
  map: columnsOf(flags.map ?? []),
  set: valuesOf(flags.set ?? []),
  ...(flags.format !== undefined && { format: flags.format }),
})

const HELP = `
Formats are told by the first record. Fields: ${FIELDS.join(", ")}.
Of a plain log apiKey, user, org and session are dimensions of who pays. A column that no field is
read from is left out, and named: \`--map COLUMN=NAME\` makes a dimension of it where NAME is no
field, as in \`--map tenant=tenant\`.

A refused call counts as legitimate where the log says so (\`legitimate\`), else where its payer
asked for no more in that hour than in its median hour. Before three hours of use nobody can tell.

Examples:
  $ spendfuse replay calls.csv.gz --policy policy.json
  $ spendfuse replay calls.csv --policy policy.json --map team_id=org --map cost=usd
  $ spendfuse replay trace.csv --policy policy.json --set apiKey=all --set model=gpt-5
  $ spendfuse replay usage.json --policy now.json --against stricter.json --html report.html
  $ zcat spans.jsonl.gz | spendfuse replay - --policy policy.json --json

Amounts in the JSON are integers: nano-USD, tokens, requests.
Exit codes: 0 replayed, 2 the log or a policy cannot be read.`

/** The cheapest settings, measured by a second reading; not of what can be read only once. */
const check = async (
  io: Io,
  log: string,
  played: readonly Replayed[],
  options: ReadOptions & { readonly refuseUnder: number },
): Promise<readonly (Checked | null)[]> => {
  if (log === "-") return []
  const candidates = played.map(({ policy, report }) => candidatesOf(policy, report))
  if (candidates.every(({ length }) => length === 0)) return []
  const tried = [...(await playLog(io, log, candidates.flat(), options)).played]
  return candidates.map(({ length }) => cheapestOf(tried.splice(0, length), options.refuseUnder))
}

const nameOf = (files: readonly string[], at: number): string => {
  const names = files.map((file) => file.split("/").at(-1) ?? file)
  const isTwice = new Set(names).size < names.length
  return (isTwice ? files[at] : names[at]) ?? ""
}
