/**
 * Prices of models, from a kept library and from overrides. An entry of its own, so that the core stays small.
 *
 * @module
 */
export { type LibraryPricesOptions, libraryPrices } from "./prices/library.ts"
export type { PriceOverride } from "./prices/overrides.ts"
