/**
 * Spendfuse's store on Postgres: the core's step as one database function.
 *
 * @module
 */
export type { PostgresStoreOptions } from "./options.ts"
