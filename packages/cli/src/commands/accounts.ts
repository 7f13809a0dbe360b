import { lengthText } from "@spendfuse/adapters/notifier"
import type { Account } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import { type Command, Option } from "commander"
import { CliError, type Io } from "../io.ts"
import {
  type AccountRow,
  accountJson,
  burnText,
  byBurn,
  byKey,
  byRoom,
  usedShare,
} from "../operator/accountRow.ts"
import { accountText, accountTextCut } from "../operator/accountText.ts"
import { shortText } from "../operator/amounts.ts"
import { burnOf, type Earlier, earlierFrom, Looks } from "../operator/burn.ts"
import { countOf } from "../operator/counts.ts"
import { ACCOUNTS_MAX, everyAccount, storeTimeOf } from "../operator/everyAccount.ts"
import { clockText, durationOf, relativeText } from "../operator/instants.ts"
import { type Judged, judgedOf } from "../operator/judged.ts"
import { type Column, tableText } from "../operator/table.ts"
import { watch } from "../operator/watch.ts"
import { type Paint, paintOf } from "../paint.ts"
import { lookingAt } from "../store/looking.ts"
import { type StoreFlags, withStore } from "../store/openStore.ts"

interface AccountsFlags extends StoreFlags {
  readonly budget?: string
  readonly state?: string
  readonly text?: string
  readonly sort: "room" | "burn" | "key"
  readonly limit: string
  readonly watch?: boolean
  readonly every: string
  readonly json?: boolean
}

/** `spendfuse accounts`: who spends, how fast, and how far from the cap. */
export const accountsCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  withStore(program.command("accounts"))
    .option("--budget <id>", "only accounts of this budget")
    .addOption(
      new Option(
        "--state <state>",
        "only circuits that are so; `stopped` is all but closed",
      ).choices(["closed", "open", "half-open", "latched", "stopped"]),
    )
    .option("--text <text>", "only accounts whose name holds this text, in any case")
    .addOption(
      new Option("--sort <order>", "room: nearest to the cap first; burn: fastest first; key")
        .choices(["room", "burn", "key"])
        .default("room"),
    )
    .option("--limit <count>", "so many at most", "20")
    .option("--watch", "look again and again, until it is ended")
    .option("--every <time>", "how often, with --watch", "2s")
    .option(
      "--json",
      "one JSON object: { atMs, looked, found, accounts }; with --watch a line each look",
    )
    .summary("who spends, how fast, how far from the cap?")
    .description(
      "List accounts by how near they are to their cap: circuits that refuse first, then those that reach it soonest. It only reads. The pace is the mean of the last minutes where the store's events tell it, else since the period began; with --watch, of the looks of the last five minutes.",
    )
    .addHelpText("after", EXAMPLES)
    .action(async (flags: AccountsFlags) => {
      const limit = countOf("--limit", flags.limit)
      const everyMs = durationOf("--every", flags.every)
      await using looking = await lookingAt(flags)
      const looks = new Looks()
      await watch(io, { ...flags, everyMs }, async () => {
        const seen = await looking.look((store) => lookAt(store, flags, looks))
        const shown = { ...seen, rows: seen.rows.slice(0, limit) }
        return flags.json === true ? `${jsonText(shown)}\n` : `${inWords(shown, io)}\n`
      })
      exit(0)
    })
}

const EXAMPLES = `
Examples:
  $ spendfuse accounts                            the nearest to their cap
  $ spendfuse accounts --state stopped            what refuses calls now
  $ spendfuse accounts --budget day --sort burn --watch
  $ spendfuse accounts --json | jq '.accounts[] | select(.circuit == "latched").key'

Amounts in the JSON are texts of whole numbers: nano-USD, tokens, requests.
Exit codes: 0 looked, 2 bad input, or the store cannot be looked at.`

interface Seen {
  readonly atMs: number
  readonly rows: readonly AccountRow[]
  readonly found: number
  readonly looked: number
  readonly isCut: boolean
}

const EVENTS = 500

const lookAt = async (store: Store, flags: AccountsFlags, looks: Looks): Promise<Seen> => {
  const { budget, sort } = flags
  const atMs = await storeTimeOf(store)
  const { accounts, looked, isCut } = await everyAccount(store, {
    ...(budget !== undefined && { budget }),
    keep: keepFor(flags),
  })
  const told = earlierFrom((await store.events({ latest: true, limit: EVENTS })).items, atMs)
  const rows = accounts
    .map((account) => judgedOf(account, atMs))
    .filter(({ view }) => isState(view.circuit, flags.state))
    .map((judged) => rowOf(judged, atMs, looks.see(judged, atMs) ?? told(judged)))
    .sort({ room: byRoom, burn: byBurn, key: byKey }[sort])
  return { atMs, rows, found: rows.length, looked, isCut }
}

const rowOf = (judged: Judged, atMs: number, earlier: Earlier | undefined): AccountRow => ({
  ...judged,
  burn: burnOf(judged, atMs, earlier),
})

const keepFor = ({ text, state }: AccountsFlags): ((account: Account) => boolean) => {
  if (text === "") throw new CliError("`--text` is empty; give a part of a name, or leave it out")
  const part = text?.toLowerCase()
  // What is closed as it was written is closed when it is judged.
  const mayBe = (account: Account) =>
    state === undefined || state === "closed" || account.circuit.state !== "closed"
  return (account) =>
    mayBe(account) &&
    (part === undefined ||
      account.key.toLowerCase().includes(part) ||
      accountText(account.key).toLowerCase().includes(part))
}

const isState = (circuit: string, state: string | undefined): boolean =>
  state === undefined || (state === "stopped" ? circuit !== "closed" : circuit === state)

const jsonText = ({ atMs, looked, found, rows, isCut }: Seen): string =>
  JSON.stringify({ atMs, looked, isCut, found, accounts: rows.map(accountJson) })

const inWords = (seen: Seen, io: Io): string => {
  const { atMs, rows, found, looked, isCut } = seen
  const paint = paintOf(io)
  const cut = isCut ? `; only the first ${ACCOUNTS_MAX} were looked at` : ""
  const foot = `${rows.length} of ${found} shown, ${looked} looked at, ${clockText(atMs, Date.now())} UTC${cut}`
  if (found === 0) return `no account is so\n${foot}`
  return `${tableText(columnsOf(paint, atMs), rows, io.columns)}\n${paint.dim(foot)}`
}

const columnsOf = (paint: Paint, atMs: number): readonly Column<AccountRow>[] => [
  {
    head: "account",
    cell: ({ account }) => accountTextCut(account.key),
    flows: "anywhere",
    least: 30,
  },
  { head: "circuit", cell: ({ view }) => circuitText(paint, view.circuit) },
  {
    head: "spent",
    align: "right",
    cell: ({ view, terms }) => shortText(view.settled, terms.unit),
    spare: 2,
  },
  {
    head: "held",
    align: "right",
    cell: ({ view, terms }) => (view.held === 0 ? "" : shortText(view.held, terms.unit)),
    spare: 5,
  },
  {
    head: "cap",
    align: "right",
    cell: ({ view, terms }) => shortText(view.cap, terms.unit),
    spare: 1,
  },
  { head: "used", align: "right", cell: (row) => `${Math.floor(usedShare(row) * 100)} %` },
  { head: "pace", align: "right", cell: burnText, spare: 4 },
  { head: "cap in", align: "right", cell: toCapText },
  {
    head: "until (UTC)",
    spare: 3,
    cell: ({ view }) =>
      view.untilMs === null
        ? view.circuit === "latched"
          ? "acknowledged"
          : ""
        : `${clockText(view.untilMs, atMs)}, ${relativeText(view.untilMs, atMs)}`,
  },
]

const toCapText = ({ burn, view }: AccountRow): string => {
  if (view.remaining === 0) return "reached"
  return burn?.toCapMs == null ? "–" : lengthText(burn.toCapMs)
}

/** A circuit's state in its colour. */
const circuitText = (paint: Paint, state: Judged["view"]["circuit"]): string =>
  ({ latched: paint.red, open: paint.red, "half-open": paint.yellow, closed: paint.green })[state](
    state,
  )
