/** Where a Redis store keeps its ledger. */
export interface RedisStoreOptions {
  /** `redis://` or `rediss://`; it may hold a password, and is never printed. */
  readonly url: string
  /** What every key of this ledger begins with: two ledgers on one server share none. */
  readonly prefix?: string
}
