import type { Change, DomainEvent, KeptLedger } from "@spendfuse/core/domain"
import type { OutboxChange, OutboxState } from "./outbox.ts"

/** One entry of a journal: what a decision wrote and raised, or what became of the outbox. */
export type JournalEntry =
  | {
      readonly kind: "decision"
      /** The store's clock when it was decided, epoch milliseconds. */
      readonly atMs: number
      readonly changes: readonly Change[]
      readonly events: readonly DomainEvent[]
    }
  | { readonly kind: "outbox"; readonly change: OutboxChange }

/** Everything at one instant: to be written down before anything else is decided. */
export interface Snapshot {
  readonly ledger: KeptLedger
  readonly outbox: OutboxState
}

/** Keeps what the store must not lose. `fileJournal` of `@spendfuse/store-memory/journal` keeps it in a file. */
export interface Journal {
  /**
   * What was kept: a snapshot, and the entries after it, oldest first; read once, to the end, before
   * anything is appended.
   *
   * @throws StoreCorrupt where it cannot be read; then nothing was changed
   */
  readonly load: () => {
    readonly snapshot: Snapshot | null
    readonly entries: Iterable<JournalEntry>
  }
  /** Where the entry that was read last stands, for errors. */
  readonly place?: () => string
  /**
   * Keeps entries, in order, before any of them is answered. Throwing means that they may be lost: the
   * store answers nothing more.
   */
  readonly append: (entries: readonly JournalEntry[]) => void
  /** Asked after each append; true where a snapshot should be taken now. */
  readonly wantsSnapshot: () => boolean
  /** Puts the snapshot in the place of all entries before it. Throwing is as with `append`. */
  readonly snapshot: (snapshot: Snapshot) => void
  readonly close: () => void
}
