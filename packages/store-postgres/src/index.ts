/**
 * Spendfuse's store on Postgres: the core's step as one database function.
 *
 * @module
 */
export type { ConnectionSettings, PgPool, PostgresPlace } from "./client.ts"
export {
  inspect,
  type PostgresInspectOptions,
} from "./inspect.ts"
export { type MigrateOptions, migrate, printMigrations } from "./migrate.ts"
export type {
  PostgresStoreNotice,
  PostgresStoreOptions,
  PostgresStoreSettings,
} from "./options.ts"
export { postgresStore } from "./postgresStore.ts"
