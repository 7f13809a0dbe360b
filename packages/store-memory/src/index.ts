/**
 * Spendfuse's store for one process: the core's step as it is, and with a journal a store that outlives
 * its process.
 *
 * @module
 */
import {
  apply,
  type Change,
  type Command,
  type DomainEvent,
  emptyLedger,
  evolve,
  type KeptLedger,
  keptOf,
  type Ledger,
  ledgerOf,
} from "@spendfuse/core/domain"
import {
  type Applied,
  STORE_BATCH_MAX,
  type Store,
  StoreCorrupt,
  StoreUnavailable,
} from "@spendfuse/core/ports"
import { Outbox, type OutboxChange, type OutboxState } from "./outbox.ts"

/** One entry of a journal: what a decision wrote and raised, or what became of outbox rows. */
export type JournalEntry =
  | {
      readonly kind: "decision"
      readonly atMs: number
      readonly changes: readonly Change[]
      readonly events: readonly DomainEvent[]
    }
  | { readonly kind: "outbox"; readonly change: OutboxChange }

/** Everything at one instant. */
export interface Snapshot {
  readonly ledger: KeptLedger
  readonly outbox: OutboxState
}

/** Keeps what the store must not lose. `fileJournal` of `@spendfuse/store-memory/journal` keeps it in a file. */
export interface Journal {
  /** What was kept: a snapshot, and the entries after it, oldest first. */
  readonly load: () => {
    readonly snapshot: Snapshot | null
    readonly entries: readonly JournalEntry[]
  }
  /** Keeps an entry before it is answered. Throwing means that nothing was kept. */
  readonly append: (entry: JournalEntry) => void
  /** Asked after each entry; true where a snapshot should be taken now. */
  readonly wantsSnapshot: () => boolean
  readonly snapshot: (snapshot: Snapshot) => void
  readonly close: () => void
}

export interface MemoryStoreOptions {
  /** The store's clock, epoch milliseconds; `Date.now` unless given. */
  readonly nowMs?: () => number
  readonly journal?: Journal
  /** Ranks what it applies, so that the order is known. */
  readonly history?: boolean
  /** Events of the log that are kept at least; 10,000 unless given. */
  readonly eventsKept?: number
}

export interface MemoryStore extends Store {
  readonly applyNow: (command: Command) => Applied
  /** The ledger itself, to be read only. */
  readonly ledger: Ledger
}

/**
 * A store in this process's memory. With a journal each decision is kept before it is answered.
 *
 * @throws StoreCorrupt where the journal cannot be read
 */
export const memoryStore = (options: MemoryStoreOptions = {}): MemoryStore => {
  const nowMs = options.nowMs ?? Date.now
  const { journal } = options
  const outbox = new Outbox(options.eventsKept ?? EVENTS_KEPT)
  const ledger = journal === undefined ? emptyLedger() : restored(journal, outbox)
  let rank = 0
  let isClosed = false
  let broken: unknown = null

  const assertOpen = (): void => {
    if (isClosed) throw new StoreUnavailable(NAME, "it was closed")
    if (broken !== null) throw new StoreUnavailable(NAME, broken)
  }
  const keep = (entry: JournalEntry): void => {
    if (journal === undefined) return
    try {
      journal.append(entry)
    } catch (error) {
      broken = error
      throw new StoreUnavailable(NAME, error)
    }
  }
  const snapshotIfDue = (): void => {
    if (journal?.wantsSnapshot() === true)
      journal.snapshot({ ledger: keptOf(ledger), outbox: outbox.state })
  }
  const applyNow = (command: Command): Applied => {
    assertOpen()
    const storeTimeMs = nowMs()
    const { outcome, events, changes } = apply(ledger, command, storeTimeMs)
    if (changes.length > 0 || events.length > 0) {
      keep({ kind: "decision", atMs: storeTimeMs, changes, events })
      if (events.length > 0) outbox.write(events, storeTimeMs)
      snapshotIfDue()
    }
    const eventsWritten = events.length
    if (options.history !== true) return { outcome, eventsWritten, storeTimeMs }
    rank += 1
    return { outcome, eventsWritten, storeTimeMs, rank }
  }
  const changeOutbox = (change: OutboxChange): void => {
    assertOpen()
    keep({ kind: "outbox", change })
    outbox.apply(change)
    snapshotIfDue()
  }
  return {
    name: NAME,
    ledger,
    applyNow,
    apply: async (commands) => {
      if (commands.length > STORE_BATCH_MAX)
        throw new RangeError(`${commands.length} commands; at most ${STORE_BATCH_MAX} at once`)
      return commands.map(applyNow)
    },
    read: async (accounts) => {
      assertOpen()
      const storeTimeMs = nowMs()
      return accounts.map((key) => ({ account: ledger.accounts.get(key) ?? null, storeTimeMs }))
    },
    list: async ({ after, limit }) => {
      assertOpen()
      const keys = [...ledger.accounts.keys()].sort()
      const from = after === undefined ? 0 : keys.findIndex((key) => key > after)
      const page = from < 0 ? [] : keys.slice(from, from + limit)
      const items = page.flatMap((key) => ledger.accounts.get(key) ?? [])
      return { items, next: page.at(-1) ?? null }
    },
    events: async (query) => {
      assertOpen()
      return outbox.events(query)
    },
    audit: async (query) => {
      assertOpen()
      return outbox.audit(query)
    },
    claim: async (channel, limit, leaseMs) => {
      assertOpen()
      return outbox.claim(channel, limit, leaseMs, nowMs())
    },
    confirm: async (ids) => changeOutbox({ kind: "confirm", ids }),
    retry: async (ids, dueAtMs) => changeOutbox({ kind: "retry", ids, dueAtMs }),
    deadLetter: async (ids, why) => changeOutbox({ kind: "dead", ids, why }),
    deadLetters: async (query) => {
      assertOpen()
      return outbox.deadLetters(query)
    },
    close: async () => {
      if (isClosed) return
      isClosed = true
      journal?.close()
    },
  }
}

const NAME = "memory"
const EVENTS_KEPT = 10_000

/** Rebuilds by `evolve` alone, whatever the rules of the version that reads. */
const restored = (journal: Journal, outbox: Outbox): Ledger => {
  const { snapshot, entries } = journal.load()
  try {
    const ledger = snapshot === null ? emptyLedger() : ledgerOf(snapshot.ledger)
    if (snapshot !== null) outbox.load(snapshot.outbox)
    for (const entry of entries) {
      if (entry.kind === "outbox") outbox.apply(entry.change)
      else {
        evolve(ledger, entry.changes)
        outbox.write(entry.events, entry.atMs)
      }
    }
    return ledger
  } catch (error) {
    throw new StoreCorrupt(NAME, error instanceof Error ? error.message : "its journal")
  }
}
