import { encodeKey } from "@spendfuse/adapters/admin"
import { eventJson, messageOf } from "@spendfuse/adapters/notifier"
import type { DeadLetter, Page, Store } from "@spendfuse/core/ports"
import type { Command } from "commander"
import { CliError, type Io } from "../io.ts"
import { accountText, accountTextCut, keysOf } from "../operator/accountText.ts"
import { isConfirmed } from "../operator/byWhom.ts"
import { countOf } from "../operator/counts.ts"
import { cursorOf } from "../operator/cursor.ts"
import { clockText, relativeText } from "../operator/instants.ts"
import { tableText } from "../operator/table.ts"
import { paintOf } from "../paint.ts"
import { lookingAt } from "../store/looking.ts"
import { openStore, type StoreFlags, told, withStore } from "../store/openStore.ts"

interface ListFlags extends StoreFlags {
  readonly channel?: string
  readonly after?: string
  readonly limit: string
  readonly json?: boolean
}

interface ResendFlags extends StoreFlags {
  readonly all?: boolean
  readonly channel?: string
  readonly yes?: boolean
  readonly json?: boolean
}

/** `spendfuse dead-letters`: what no try could deliver, and sending it again. */
export const deadLettersCommand = (
  program: Command,
  io: Io,
  exit: (code: number) => void,
): void => {
  const command = program
    .command("dead-letters")
    .summary("what could not be delivered; send it again")
    .description("Events that no try could deliver: see why, mend it, send them again.")
    .addHelpText("after", EXAMPLES)
  withStore(command.command("list", { isDefault: true }))
    .summary("list them (this is what it does without a word)")
    .option("--channel <name>", "only those of this channel")
    .option("--after <cursor>", "from there on, as `next` of a page says")
    .option("--limit <count>", "so many at most: the latest, or the first after the cursor", "20")
    .option("--json", "one JSON object: { items, next }")
    .action(async (flags: ListFlags) => {
      await using looking = await lookingAt(flags)
      const { items, next } = await looking.look((store) => listed(store, flags))
      if (flags.json === true)
        io.out(
          `${JSON.stringify({ items: items.map(letterJson), next: next === null ? null : encodeKey(next) })}\n`,
        )
      else io.out(items.length === 0 ? "no dead letters\n" : `${lettersTable(items, io)}\n`)
      exit(0)
    })
  withStore(command.command("resend"))
    .argument("[id...]", "ids, as the list shows them")
    .summary("put some, or all, back into the outbox")
    .option("--all", "all of them")
    .option("--channel <name>", "with --all: only those of this channel")
    .option("--yes", "with --all: do it without asking")
    .option("--json", "one JSON object: { resent, unknown }")
    .action(async (ids: string[], flags: ResendFlags) => {
      if (ids.length > 0 === (flags.all === true))
        throw new CliError("which? give ids as `spendfuse dead-letters` shows them, or `--all`")
      const store = await openStore(flags)
      try {
        exit(await told(() => resent(io, store, ids, flags)))
      } finally {
        await store.close()
      }
    })
}

const EXAMPLES = `
Examples:
  $ spendfuse dead-letters
  $ spendfuse dead-letters resend 'day/agent-7@1790000000000/800000000/0#pager'
  $ spendfuse dead-letters resend --all --channel pager --yes

Sent again, they are due at once: a host that runs delivers them, or \`spendfuse dispatch --once\`.
Exit codes: 0 all well, 1 an id is not known (the others were sent again) or you said no, 2 bad input, or the
store cannot be reached.`

const listed = async (store: Store, flags: ListFlags): Promise<Page<DeadLetter>> => {
  const limit = countOf("--limit", flags.limit)
  const isOf = ({ channel }: DeadLetter) => flags.channel === undefined || channel === flags.channel
  if (flags.after !== undefined) {
    const page = await store.deadLetters({ after: cursorOf(flags.after), limit }).catch(badCursor)
    return { ...page, items: page.items.filter(isOf) }
  }
  if (flags.channel === undefined) return store.deadLetters({ latest: true, limit })
  const all = await everyLetter(store)
  return { items: all.filter(isOf).slice(-limit), next: null }
}

const badCursor = (error: unknown): never => {
  if (!(error instanceof RangeError)) throw error
  throw new CliError("`--after` is not what `next` of a page said; give that")
}

const PAGE = 500

const everyLetter = async (store: Store): Promise<readonly DeadLetter[]> => {
  const found: DeadLetter[] = []
  for (let after: string | undefined; ; ) {
    const page: Page<DeadLetter> = await store.deadLetters({
      limit: PAGE,
      ...(after !== undefined && { after }),
    })
    found.push(...page.items)
    if (page.items.length < PAGE || page.next === null) return found
    after = page.next
  }
}

const resent = async (
  io: Io,
  store: Store,
  texts: readonly string[],
  flags: ResendFlags,
): Promise<number> => {
  const letters = await everyLetter(store)
  const known = new Set(letters.map(({ id }) => id))
  const isOf = ({ channel }: DeadLetter) => flags.channel === undefined || channel === flags.channel
  const ids =
    flags.all === true
      ? letters.filter(isOf).map(({ id }) => id)
      : texts.flatMap((text) => keysOf(text).find((id) => known.has(id)) ?? [])
  const unknown = texts.filter((text) => !keysOf(text).some((id) => known.has(id)))
  if (flags.all === true && ids.length > 0) {
    const go = await isConfirmed(io, flags, `Send ${ids.length} again?`)
    if (!go) {
      io.out("nothing was done\n")
      return 1
    }
  }
  let count = 0
  for (let at = 0; at < ids.length; at += PAGE)
    count += await store.resend(ids.slice(at, at + PAGE))
  if (flags.json === true) io.out(`${JSON.stringify({ resent: count, unknown })}\n`)
  else {
    io.out(`${count} sent again; they are due now\n`)
    for (const text of unknown)
      io.err(
        `no dead letter \`${accountTextCut(text)}\`; it was sent again before, or see the list\n`,
      )
  }
  return unknown.length > 0 ? 1 : 0
}

const letterJson = (letter: DeadLetter): Readonly<Record<string, unknown>> => ({
  ...letter,
  event: eventJson(letter.event),
})

const lettersTable = (items: readonly DeadLetter[], io: Io): string => {
  const nowMs = Date.now()
  const paint = paintOf(io)
  return tableText(
    [
      {
        head: "since (UTC)",
        cell: ({ createdAtMs }) =>
          `${clockText(createdAtMs, nowMs)}\n${paint.dim(relativeText(createdAtMs, nowMs))}`,
        spare: 3,
      },
      { head: "channel", cell: ({ channel }) => accountTextCut(channel, 20), spare: 1 },
      {
        head: "what, and why it is dead",
        cell: ({ event, why, attempts }) =>
          `${messageOf([event]).title}\n${paint.red(why)} (${attempts === 0 ? "1 try" : `${attempts + 1} tries`})`,
        flows: "at spaces",
      },
      { head: "id", cell: ({ id }) => accountText(id), flows: "anywhere" },
    ],
    items,
    io.columns,
  )
}
