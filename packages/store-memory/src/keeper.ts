import { apply, type Command, emptyLedger, keptOf, type Ledger } from "@spendfuse/core/domain"
import { type Applied, StoreUnavailable } from "@spendfuse/core/ports"
import type { Journal, JournalEntry } from "./entry.ts"
import type { Outbox, OutboxChange } from "./outbox.ts"
import { restored } from "./restored.ts"
import { SortedKeys } from "./sortedKeys.ts"

export interface KeeperOptions {
  readonly name: string
  readonly nowMs: () => number
  readonly journal: Journal | undefined
  readonly outbox: Outbox
  /** Ranks what it applies. */
  readonly history: boolean
}

/**
 * Decides, and with a journal keeps each decision before it is answered. Once one could not be kept, the
 * ledger is ahead of the journal: from then on everything is refused.
 */
export class Keeper {
  readonly ledger: Ledger
  readonly accountKeys: SortedKeys
  readonly #options: KeeperOptions
  /** Decided and written to the ledger, not yet kept. */
  readonly #pending: JournalEntry[] = []
  #rank = 0
  #isClosed = false
  #broken: unknown = null

  constructor(options: KeeperOptions) {
    const { journal, name, outbox } = options
    this.#options = options
    this.ledger = journal === undefined ? emptyLedger() : restored(name, journal, outbox)
    this.accountKeys = new SortedKeys(this.ledger.accounts)
    outbox.begin()
  }

  assertOpen(): void {
    if (!this.#isClosed && this.#broken === null) return
    const { name } = this.#options
    throw new StoreUnavailable(name, this.#isClosed ? "it was closed" : this.#broken)
  }

  applyNow(command: Command): Applied {
    this.assertOpen()
    const { journal } = this.#options
    if (journal === undefined) return this.#step(command)
    const applied = this.#recorded(command)
    this.#keep(journal)
    return applied
  }

  /** All are kept with one append. */
  applyAll(commands: readonly Command[]): readonly Applied[] {
    this.assertOpen()
    const { journal } = this.#options
    if (journal === undefined) return commands.map((command) => this.#step(command))
    const applied = commands.map((command) => this.#recorded(command))
    this.#keep(journal)
    return applied
  }

  /** Answers how many of the change's ids were known. */
  changeOutbox(change: OutboxChange): number {
    this.assertOpen()
    const { journal, outbox } = this.#options
    const known = outbox.apply(change)
    if (journal === undefined) return known
    this.#pending.push({ kind: "outbox", change })
    this.#keep(journal)
    return known
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    try {
      this.#options.journal?.close()
    } catch (error) {
      throw new StoreUnavailable(this.#options.name, error)
    }
  }

  #step(command: Command): Applied {
    const { history, journal, nowMs, outbox } = this.#options
    const storeTimeMs = nowMs()
    const { outcome, events, changes } = apply(this.ledger, command, storeTimeMs)
    const eventsWritten = events.length
    if (eventsWritten > 0) outbox.write(events, storeTimeMs)
    if (changes.length > 0 || eventsWritten > 0) {
      if (journal !== undefined)
        this.#pending.push({ kind: "decision", atMs: storeTimeMs, changes, events })
      this.accountKeys.changed(changes)
    }
    if (!history) return { outcome, eventsWritten, storeTimeMs }
    this.#rank += 1
    return { outcome, eventsWritten, storeTimeMs, rank: this.#rank }
  }

  /** A step that fails midway is a bug: what it had written is in no journal, so no more may be. */
  #recorded(command: Command): Applied {
    try {
      return this.#step(command)
    } catch (error) {
      this.#broken = error
      throw error
    }
  }

  #keep(journal: Journal): void {
    if (this.#pending.length === 0) return
    try {
      journal.append(this.#pending)
      this.#pending.length = 0
      if (journal.wantsSnapshot())
        journal.snapshot({ ledger: keptOf(this.ledger), outbox: this.#options.outbox.state })
    } catch (error) {
      this.#broken = error
      throw new StoreUnavailable(this.#options.name, error)
    }
  }
}
