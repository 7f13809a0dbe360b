/**
 * Prices of models, from a kept library and from overrides. An entry of its own, so that the core stays small.
 *
 * @module
 */
export { ageOf, type SourceAge, staleSources } from "./prices/age.ts"
export { type LibraryPricesOptions, libraryPrices } from "./prices/library.ts"
export type { OverrideRate, PriceOverride } from "./prices/overrides.ts"
