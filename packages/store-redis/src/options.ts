import type { RedisPlace } from "./client.ts"

export type { RedisClient, RedisNode, RedisPlace } from "./client.ts"

/** What a Redis store tells beside errors. */
export interface RedisStoreNotice {
  /**
   * `not-replicated`: a stop or a switch was written, and no replica had it in time: a failover now may lose
   * it. `dropped`: a reader of a log came too late for its oldest entries.
   */
  readonly kind: "not-replicated" | "dropped"
  readonly message: string
}

/** How a Redis store keeps its ledger. */
export interface RedisStoreSettings {
  /** What every key of this ledger begins with: two ledgers on one server share none. `spendfuse` unless given. */
  readonly prefix?: string
  /** The store's clock, epoch milliseconds; the server's own unless given. For tests. */
  readonly nowMs?: () => number
  /** Ranks what it applies, so that the order is known. */
  readonly history?: boolean
  /** How many of the latest events, operators' events and dead letters are kept at least; 10,000 each unless given. */
  readonly eventsKept?: number
  readonly auditKept?: number
  readonly deadLettersKept?: number
  /** How long an answer that stops something waits for a replica to have it; milliseconds, 100 unless given. */
  readonly replicaWaitMs?: number
  /** Warnings to the console unless given. */
  readonly onNotice?: (notice: RedisStoreNotice) => void
}

/** Where a Redis store keeps its ledger, and how. */
export type RedisStoreOptions = RedisPlace & RedisStoreSettings
