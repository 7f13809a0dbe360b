/**
 * What others may plug in: stores, notifiers, prices. Plain interfaces with Promises.
 *
 * @module
 */
export * from "./ports/errors.ts"
export * from "./ports/Inspection.ts"
export * from "./ports/Notifier.ts"
export * from "./ports/Prices.ts"
export * from "./ports/Store.ts"
