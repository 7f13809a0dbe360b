import {
  type Command,
  type Outcome,
  SHARED_DIVISION,
  SOURCE_KEPT_MS,
  type Source,
  sourceKey,
} from "@spendfuse/core/domain"
import { type Applied, type Store, StoreCorrupt } from "@spendfuse/core/ports"
import { decodeText, encodeText } from "@spendfuse/core/wire"
import { type JournalEntry, type MemoryStore, memoryStore } from "@spendfuse/store-memory"
import type { Alarm } from "./alarm.ts"
import type { Call, SentCommand, Verbs } from "./calls.ts"
import { dueOfEntry } from "./due.ts"
import { ObjectJournal } from "./objectJournal.ts"
import type { ObjectStorage } from "./platform.ts"
import { ReadLines } from "./sentLines.ts"
import { noteTurned, takeOver, turnedIn } from "./sharedSwitches.ts"
import { NAME, Tables } from "./tables.ts"

interface OpenLedgerOptions {
  readonly alarm: Alarm
  /** Whether somebody here brings rows to people. */
  readonly tells: boolean
  readonly eventsKept?: number
  readonly auditKept?: number
  readonly deadLettersKept?: number
  readonly onNotice: (notice: { readonly kind: "dropped"; readonly message: string }) => void
}

/** What an object's storage holds, read: a memory store whose journal is the object's tables. */
export class OpenLedger {
  readonly memory: MemoryStore
  readonly #tables: Tables
  readonly #journal: ObjectJournal
  readonly #options: OpenLedgerOptions
  readonly #lines = new ReadLines()
  readonly #verbs: Handlers
  #division: string | null
  #isListed: boolean
  /** The caller's clock while its call is at work. */
  #nowMs: number | null = null

  /** @throws StoreCorrupt where what is stored cannot be read */
  constructor(storage: ObjectStorage, options: OpenLedgerOptions) {
    this.#options = options
    this.#tables = new Tables(storage)
    this.#journal = new ObjectJournal(this.#tables, (entries) => this.#note(entries))
    const division = this.#tables.fact("division")
    this.#division = division === null ? null : (decodeText(division) ?? null)
    this.#isListed = this.#tables.fact("listed") !== null
    const { alarm: _, tells: __, ...kept } = options
    const nowMs = (): number => this.#nowMs ?? Date.now()
    this.memory = memoryStore({ ...kept, journal: this.#journal, nowMs, history: true })
    this.#verbs = this.#handlers()
  }

  /** The store for who tells what it holds. What is overdue was ended just before. */
  get outbox(): Store {
    const { applyNow: _, ...store } = this.memory
    return {
      ...store,
      name: NAME,
      spansDivisions: false,
      apply: async (commands) =>
        commands.map(() => ({ outcome: NONE_ENDED, eventsWritten: 0, storeTimeMs: Date.now() })),
      unheard: ({ after = this.#journal.heard, limit }) => store.unheard({ after, limit }),
      close: async () => undefined,
    }
  }

  /** Null as long as nothing was asked of it. */
  get division(): string | null {
    return this.#division
  }

  /** Whether `*` knows of it, and has given it its switches. */
  get isListed(): boolean {
    return this.#isListed
  }

  /** @throws StoreCorrupt where it is another division's */
  assertOf(division: string): void {
    if (this.#division === division) return
    if (this.#division !== null)
      throw new StoreCorrupt(NAME, "the object belongs to another division")
    this.#tables.putFact("division", encodeText(division))
    this.#division = division
  }

  /** What a call asks for. All of a call is done before another begins. */
  call({ verb, args, nowMs }: Call): unknown {
    if (!Object.hasOwn(this.#verbs, verb)) throw new RangeError(`\`${verb}\` cannot be asked`)
    this.#nowMs = nowMs ?? null
    try {
      return (this.#verbs[verb] as (...given: Call["args"]) => unknown)(...args)
    } finally {
      this.#nowMs = null
    }
  }

  /** Ends what is overdue by the object's own clock. */
  expire(): Applied {
    const division = this.#division ?? SHARED_DIVISION
    const done = lastOf(this.#source(ALARM, division))
    const id = { source: ALARM, n: done + 1 }
    return this.memory.applyNow({ kind: "expire", id, done, division })
  }

  #handlers(): Handlers {
    const { memory } = this
    return {
      ...{ read: memory.read, list: memory.list, events: memory.events, audit: memory.audit },
      ...{ claim: memory.claim, confirm: memory.confirm, retry: memory.retry },
      ...{ deadLetter: memory.deadLetter, deadLetters: memory.deadLetters, resend: memory.resend },
      apply: (commands) => this.#apply(commands),
      unheard: async ({ after, limit }) => {
        const { heard } = this.#journal
        return { page: await memory.unheard({ after: after ?? heard, limit }), heard }
      },
      enlist: (division) => {
        this.#tables.addDivision(encodeText(division))
        return turnedIn(this.#tables, memory.ledger)
      },
      divisions: (after, limit) => this.#tables.divisions(after, limit),
      switches: () => turnedIn(this.#tables, memory.ledger),
      take: (turned) => {
        const nowMs = this.#nowMs ?? Date.now()
        const [tables, journal] = [this.#tables, this.#journal]
        takeOver({ tables, journal, ledger: memory.ledger, nowMs }, turned)
        this.#isListed = true
        return null
      },
    }
  }

  /** One alone says what it knew of its source, so that an engine notices a storage that was set back. */
  #apply(sent: readonly SentCommand[]): Promise<readonly Applied[]> {
    const commands = sent.map((one) => this.#lines.read(one))
    const [only] = commands
    if (commands.length !== 1 || only === undefined) return this.memory.apply(commands)
    const done = this.#doneOf(only)
    return this.memory.apply(commands).then((applied) => applied.map((one) => ({ ...one, done })))
  }

  #doneOf({ id, division }: Command): number {
    return this.#source(id.source, division)?.done ?? 0
  }

  /** A source that was silent for a day starts anew. */
  #source(name: string, division: string): Source | undefined {
    const found = this.memory.ledger.sources.get(sourceKey(name, division))
    const nowMs = this.#nowMs ?? Date.now()
    return found !== undefined && nowMs - found.lastAtMs < SOURCE_KEPT_MS ? found : undefined
  }

  #note(entries: readonly JournalEntry[]): void {
    for (const entry of entries) {
      this.#options.alarm.want(dueOfEntry(entry, this.#options.tells))
      if (entry.kind === "decision" && this.#division === SHARED_DIVISION)
        noteTurned(this.#tables, entry.changes)
    }
  }
}

type Handlers = {
  readonly [Verb in keyof Verbs]: (
    ...args: Parameters<Verbs[Verb]>
  ) => ReturnType<Verbs[Verb]> | Promise<ReturnType<Verbs[Verb]>>
}

const NONE_ENDED: Outcome = Object.freeze({ kind: "expired", reservations: Object.freeze([]) })

/** What the alarm's own commands are sent as: one source, whatever ends and begins the object. */
const ALARM = "alarm of a durable object"

const lastOf = (source: Source | undefined): number =>
  Math.max(source?.done ?? 0, ...[...(source?.entries ?? [])].map(([n]) => n))
