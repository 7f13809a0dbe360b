/**
 * Spendfuse's store on Cloudflare Durable Objects: the core's step in an object for each division, kept in the
 * object's SQLite.
 *
 * @module
 */
export { type DurableObjectStoreOptions, durableObjectStore } from "./durableObjectStore.ts"
export { type LedgerObject, type LedgerObjectClass, ledgerObject } from "./ledgerObject.ts"
export type { LedgerObjectNotice, LedgerObjectOptions } from "./objectLedger.ts"
export type {
  CallAnswer,
  ObjectNamespace,
  ObjectState,
  ObjectStorage,
  ObjectStub,
  SqlRow,
  SqlStorage,
} from "./platform.ts"
