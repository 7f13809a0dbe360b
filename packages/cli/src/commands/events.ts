import { encodeKey } from "@spendfuse/adapters/admin"
import { eventJson } from "@spendfuse/adapters/notifier"
import type { DomainEvent } from "@spendfuse/core/domain"
import type { Page, Store } from "@spendfuse/core/ports"
import type { Command } from "commander"
import { CliError, type Io } from "../io.ts"
import { keysOf } from "../operator/accountText.ts"
import { countOf } from "../operator/counts.ts"
import { cursorOf } from "../operator/cursor.ts"
import { accountOfEvent, auditTable, eventLine, eventsTable } from "../operator/eventRow.ts"
import { durationOf } from "../operator/instants.ts"
import { orSaid, waited } from "../operator/watch.ts"
import { paintOf } from "../paint.ts"
import { type Looking, lookingAt } from "../store/looking.ts"
import { type StoreFlags, withStore } from "../store/openStore.ts"

interface LogFlags extends StoreFlags {
  readonly account?: string
  readonly kind?: string
  readonly after?: string
  readonly limit: string
  readonly watch?: boolean
  readonly every: string
  readonly json?: boolean
}

type Log = "events" | "audit"

/** `spendfuse events`: what happened, the latest last. */
export const eventsCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  logCommand(program, io, exit, "events")
    .option("--kind <kind>", "only events of this kind, such as tier, circuit, refusing, audit")
    .summary("what happened, and what happens now?")
    .description(
      "List the latest events that the store keeps, oldest first; with --watch go on with what comes. It only reads: whoever must hear of them still does.",
    )
    .addHelpText("after", EXAMPLES.events)
}

/** `spendfuse audit`: what operators did, and why. */
export const auditCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  logCommand(program, io, exit, "audit")
    .summary("who did what, and why?")
    .description("List what operators did, oldest first: who, what, to what, why.")
    .addHelpText("after", EXAMPLES.audit)
}

const CODES = `
A page of the JSON is { items, next }: --after NEXT goes on from there. Its events are those of the webhook.
Exit codes: 0 looked, 2 bad input, or the store cannot be looked at.`

const EXAMPLES = {
  events: `
Examples:
  $ spendfuse events                              the latest 20
  $ spendfuse events --account day/agent-7 --watch
  $ spendfuse events --watch --json | jq -r 'select(.kind == "circuit").account'
${CODES}`,
  audit: `
Examples:
  $ spendfuse audit
  $ spendfuse audit --account day/agent-7
  $ spendfuse audit --json --limit 1000 | jq -r '.items[] | [.by, .verb, .target, .why] | @tsv'
${CODES}`,
}

const logCommand = (program: Command, io: Io, exit: (code: number) => void, log: Log): Command => {
  const command: Command = withStore(program.command(log))
    .option(
      "--account <account>",
      log === "audit"
        ? "only what was done to it; a switch is DIMENSION=VALUE"
        : "only events of this account",
    )
    .option("--after <cursor>", "from there on, as `next` of a page says")
    .option("--limit <count>", "so many at most: the latest, or the first after the cursor", "20")
    .option("--watch", "go on with what comes, until it is ended")
    .option("--every <time>", "how often to look, with --watch", "1s")
    .option("--json", "one JSON object: { items, next }; with --watch one event a line")
    .action(async (flags: LogFlags) => {
      const everyMs = durationOf("--every", flags.every)
      await using looking = await lookingAt(flags)
      const reader = new Reader(looking, log, flags)
      const page = await reader.first()
      show(io, log, flags, page)
      while (flags.watch === true && (await waited(everyMs, io.ending())))
        await orSaid(io, async () => {
          for (const event of await reader.more()) io.out(lineOf(io, flags, event))
        })
      exit(0)
    })
  return command
}

/** Reads a log from its latest entries, or a cursor, on. */
class Reader {
  readonly #looking: Looking
  readonly #log: Log
  readonly #limit: number
  readonly #wants: (event: DomainEvent) => boolean
  #next: string | undefined

  constructor(looking: Looking, log: Log, flags: LogFlags) {
    this.#looking = looking
    this.#log = log
    this.#limit = countOf("--limit", flags.limit)
    this.#wants = wantedBy(flags)
    this.#next = flags.after === undefined ? undefined : cursorOf(flags.after)
  }

  /** The latest that are wanted; with a cursor the first after it. */
  async first(): Promise<Page<DomainEvent>> {
    if (this.#next !== undefined) return this.#after(this.#next, this.#limit)
    let size = this.#limit
    for (;;) {
      const page = await this.#read({ latest: true, limit: size })
      const items = page.items.filter(this.#wants)
      const isWhole = page.items.length < size || size >= LOOKED_MAX
      if (items.length < this.#limit && !isWhole) {
        size = Math.min(LOOKED_MAX, size * 8)
        continue
      }
      this.#next = page.next ?? undefined
      return { items: items.slice(-this.#limit), next: page.next }
    }
  }

  /** What came since. */
  async more(): Promise<readonly DomainEvent[]> {
    const found: DomainEvent[] = []
    for (;;) {
      const { items } = await this.#after(this.#next, PAGE)
      found.push(...items)
      if (items.length === 0) return found
    }
  }

  async #after(after: string | undefined, limit: number): Promise<Page<DomainEvent>> {
    const found: DomainEvent[] = []
    for (;;) {
      const page = await this.#read({ limit, ...(after !== undefined && { after }) })
      after = page.next ?? after
      this.#next = after
      const wanted = page.items.filter(this.#wants)
      found.push(...wanted)
      if (page.items.length === 0 || found.length > 0)
        return { items: found, next: this.#next ?? null }
    }
  }

  #read(query: Parameters<Store["events"]>[0]): Promise<Page<DomainEvent>> {
    return this.#looking.look(async (store) => {
      try {
        return await store[this.#log](query)
      } catch (error) {
        if (error instanceof RangeError && query.after !== undefined)
          throw new CliError("`--after` is not what `next` of a page said; give that")
        throw error
      }
    })
  }
}

const PAGE = 500
const LOOKED_MAX = 10_000

const wantedBy = ({ account, kind }: LogFlags): ((event: DomainEvent) => boolean) => {
  const keys = account === undefined ? undefined : keysOf(account)
  return (event) =>
    (kind === undefined || event.kind === kind) &&
    (keys === undefined || keys.includes(accountOfEvent(event) ?? ""))
}

const show = (io: Io, log: Log, flags: LogFlags, { items, next }: Page<DomainEvent>): void => {
  const options = { nowMs: Date.now(), width: io.columns, paint: paintOf(io) }
  const table = log === "audit" ? auditTable : eventsTable
  if (flags.json !== true)
    io.out(items.length === 0 ? "nothing is there\n" : `${table(items, options)}\n`)
  else if (flags.watch === true) for (const event of items) io.out(lineOf(io, flags, event))
  else {
    const page = { items: items.map(eventJson), next: next === null ? null : encodeKey(next) }
    io.out(`${JSON.stringify(page)}\n`)
  }
}

const lineOf = (io: Io, { json }: LogFlags, event: DomainEvent): string =>
  json === true
    ? `${JSON.stringify(eventJson(event))}\n`
    : `${eventLine(event, Date.now(), paintOf(io))}\n`
