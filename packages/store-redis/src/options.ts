import type { RedisClient } from "./client.ts"

/** A server's address. */
export interface RedisNode {
  readonly host: string
  readonly port: number
}

/** How to reach servers that are named one by one. */
interface Access {
  readonly username?: string
  /** Never printed. */
  readonly password?: string
  readonly tls?: boolean
}

/** Where Redis is: one of four ways. */
export type RedisPlace =
  /** `redis://` or `rediss://`; it may hold a password, and is never printed. */
  | { readonly url: string }
  /** A connection that the host made and closes; `enableOfflineQueue: false` is what a fuse wants. */
  | { readonly client: RedisClient }
  /** Sentinels, and the name of the master that they watch. */
  | (Access & {
      readonly sentinels: readonly RedisNode[]
      readonly name: string
      readonly sentinelPassword?: string
    })
  /** Some nodes of a Cluster; the others are found. */
  | (Access & { readonly cluster: readonly RedisNode[] })

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
