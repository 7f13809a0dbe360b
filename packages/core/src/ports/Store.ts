import type { Command } from "../domain/command.ts"
import type { DomainEvent } from "../domain/event.ts"
import type { Account } from "../domain/ledger.ts"
import type { Outcome } from "../domain/outcome.ts"

/** Commands of one `apply`. */
export const STORE_BATCH_MAX = 256

/** A store's answer to one command. */
export interface Applied {
  readonly outcome: Outcome
  /** Outbox rows written with it: above 0 wakes the local dispatcher. */
  readonly eventsWritten: number
  /** Only from a store opened with `history`: the command's place in the serial order, from 1. */
  readonly rank?: number
  /** The store's clock when it applied the command, epoch milliseconds. */
  readonly storeTimeMs: number
  /**
   * The source's `done` as the store knew it before this command; 0 for a source it did not know. A store
   * that can be restored or fail over says it, so that the engine notices what was lost.
   */
  readonly done?: number
}

/** One event for one channel, not yet told; the channel `events` is the hook's. */
export interface OutboxRow {
  /** `event id#channel`. */
  readonly id: string
  readonly channel: string
  /** The account it is about; rows of one account and channel are delivered in order. Empty where there is none. */
  readonly account: string
  readonly event: DomainEvent
  readonly dueAtMs: number
  /** Deliveries tried before. */
  readonly attempts: number
  readonly createdAtMs: number
}

/** An event that no try could deliver, and why. */
export interface DeadLetter extends OutboxRow {
  readonly why: string
}

/** An account as the store keeps it, with the store's clock, so that a view can be judged. */
export interface AccountRecord {
  readonly account: Account | null
  readonly storeTimeMs: number
}

/**
 * A page of a log. `next` stands behind its last entry, also where that is the last of all: whoever watches goes
 * on from there. It is null only of a page without entries; then ask again as before.
 */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

/**
 * Keeps a ledger and applies the step to it. Whoever writes one needs this page and the laws.
 *
 * - Each command is atomic, in one serial order per division (I12). Its events are in the outbox in the
 *   same atomic step, once per channel (I5).
 * - An id seen before answers the same and changes nothing (I5): a batch may be sent again whole.
 * - What it answers is the reader's own: whoever changes it changes nothing here, and nothing that others read.
 * - Every method rejects with `StoreUnavailable` where the store does not answer, and with `StoreCorrupt`
 *   where it cannot read what it holds; never with a guess.
 */
export interface Store {
  /** For logs and errors. */
  readonly name: string
  /** True where all it holds ends with this process: spend, latches, what was not told. Start-up warns. */
  readonly endsWithProcess?: boolean
  /**
   * Whether one command may touch lines of several divisions; true unless given. Where false (keys are spread
   * over servers), every budget that does not count by the policy's `partitionBy` must be leased, and each
   * command's lines are all of its own division.
   */
  readonly spansDivisions?: boolean
  /** 1 to STORE_BATCH_MAX commands; one answer each, in the same order. */
  readonly apply: (
    commands: readonly Command[],
    signal?: AbortSignal,
  ) => Promise<readonly Applied[]>
  /** Only stores that live in the process: the same without a promise. */
  readonly applyNow?: (command: Command) => Applied
  readonly read: (accounts: readonly string[]) => Promise<readonly AccountRecord[]>
  /** Accounts by key, after the given one. Only reads. */
  readonly list: (query: ListQuery) => Promise<Page<Account>>
  /**
   * Every event that is kept, oldest first. Only reads: it says nothing about who heard what, and any number
   * of readers may go by cursors of their own. How many are kept that the hook has heard is the store's to say.
   */
  readonly events: (query: LogQuery) => Promise<Page<DomainEvent>>
  /**
   * The same log for the one hook of all processes: what comes before `after` was heard, and the store may let
   * it go. Without `after` it starts at what nobody has heard, or had when this store was opened. Knows no `latest`.
   */
  readonly unheard: (query: LogQuery) => Promise<Page<DomainEvent>>
  /** What operators did; append-only. Only reads. */
  readonly audit: (query: LogQuery) => Promise<Page<DomainEvent>>
  /** Due rows of one channel and one account, oldest first, held for `leaseMs` against other claimers. Empty: nothing is due. */
  readonly claim: (channel: string, limit: number, leaseMs: number) => Promise<readonly OutboxRow[]>
  /** Delivered. Unknown ids are ignored. */
  readonly confirm: (ids: readonly string[]) => Promise<void>
  /** To be tried again at `dueAtMs`, as one attempt more; later rows of the account wait behind. Unknown ids are ignored. */
  readonly retry: (ids: readonly string[], dueAtMs: number) => Promise<void>
  /**
   * Out of the outbox and into the dead letters, in the order of `ids`; one of the same id takes the place of an
   * earlier one, at the end. Unknown ids are ignored.
   *
   * @param tell events that are written in the same atomic step, as those of a command are: to the log, and a row
   *   for each channel. Nothing of them is written where no id was known, so that the same call again tells
   *   nobody twice.
   */
  readonly deadLetter: (
    ids: readonly string[],
    why: string,
    tell?: readonly DomainEvent[],
  ) => Promise<void>
  /** What no try could deliver and nobody has sent again, oldest first. Only reads. */
  readonly deadLetters: (query: LogQuery) => Promise<Page<DeadLetter>>
  /**
   * Dead letters go back to the outbox: due now, created now, with no attempts, in the order of `ids` and behind
   * what waits. They are dead letters no more; that and this are one atomic step for each, so that nothing is
   * lost or told twice between. A row of that id which already waits stays as it is. Unknown ids are ignored.
   *
   * @returns how many of the ids were known; 0 where all of them were sent again before
   */
  readonly resend: (ids: readonly string[]) => Promise<number>
  /**
   * Calls back whenever any process may have written something to be told, so that nobody waits for the next look
   * at the outbox; a hint, which may be missing or too many. Absent where a store cannot hear of others.
   *
   * @returns what ends it; `close` does too
   */
  readonly listen?: (onWritten: () => void) => () => void
  readonly close: () => Promise<void>
}

/** A page of accounts: `limit` of them at most, after the key `after`. */
export interface ListQuery {
  readonly after?: string
  readonly limit: number
}

/**
 * A page of a log: `limit` entries at most, after the place `after`, which is the `next` of an earlier page; from
 * the oldest that is kept without it. An entry keeps its place for ever: entries that went away meanwhile are
 * passed over, and none comes twice.
 */
export interface LogQuery {
  readonly after?: string
  /** The last `limit` entries in place of the first, still oldest first; given without `after`. */
  readonly latest?: true
  readonly limit: number
}
