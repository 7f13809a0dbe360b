/**
 * Spendfuse's store on Redis: the core's step as one server-side script.
 *
 * @module
 */
export type { RedisStoreOptions } from "./options.ts"
