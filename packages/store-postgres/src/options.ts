/** Where a Postgres store keeps its ledger. */
export interface PostgresStoreOptions {
  /** `postgres://`; it may hold a password, and is never printed. */
  readonly url: string
  /** The schema that holds this ledger's tables and functions: two ledgers in one database share none. */
  readonly schema?: string
}
