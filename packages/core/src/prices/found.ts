import type { Rates } from "../domain/price.ts"
import type { PriceSource } from "../ports/Prices.ts"

/** A model's rates and where they come from. */
export interface Found {
  readonly kind: "found"
  readonly rates: Rates
  readonly source: PriceSource
  readonly contextTokens: number | null
}
