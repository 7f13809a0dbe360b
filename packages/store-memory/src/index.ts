/**
 * Spendfuse's store for one process: the core's step as it is, and with a journal a store that outlives
 * its process.
 *
 * @module
 */
export type { Journal, JournalEntry, Snapshot } from "./entry.ts"
export type { KeptLog } from "./log.ts"
export { type MemoryStore, type MemoryStoreOptions, memoryStore } from "./memoryStore.ts"
export type { OutboxChange, OutboxState } from "./outbox.ts"
