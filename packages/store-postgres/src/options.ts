import type { ConnectionSettings, PostgresPlace } from "./client.ts"

/** What a Postgres store tells beside errors. */
export interface PostgresStoreNotice {
  /** `not-forgotten`: what was heard or is over could not be removed; it is tried again. */
  readonly kind: "not-forgotten"
  readonly message: string
}

/** How a Postgres store keeps its ledger. */
export interface PostgresStoreSettings extends ConnectionSettings {
  /** The schema of this ledger: small letters, digits and `_`; `spendfuse` unless given. */
  readonly schema?: string
  /** Runs the migrations that are missing before the first call; false unless given. */
  readonly migrate?: boolean
  /**
   * Hears at once what other processes wrote to be told (`LISTEN`), by one connection more: false unless given, and
   * then each process looks once a second. It needs `url`, straight to the server: a pooler in transaction mode has
   * no `LISTEN`.
   */
  readonly listen?: boolean
  /** The store's clock, epoch milliseconds; the server's own unless given. For tests. */
  readonly nowMs?: () => number
  /** Ranks what it applies, so that the order is known. */
  readonly history?: boolean
  /** Batches on their way at once: 1 unless given, at most 2. */
  readonly batchesAtOnce?: 1 | 2
  /** Bytes of commands that one batch holds at most, beside its first command; 1,000,000 unless given. */
  readonly batchBytes?: number
  /** How many of the latest events are kept at least; 10,000 unless given. */
  readonly eventsKept?: number
  /** Warnings to the console unless given. */
  readonly onNotice?: (notice: PostgresStoreNotice) => void
}

/** Where a Postgres store keeps its ledger, and how. */
export type PostgresStoreOptions = PostgresPlace & PostgresStoreSettings
