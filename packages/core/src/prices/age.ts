import type { PriceSource } from "../ports/Prices.ts"

/** How old what a source says is. */
export interface SourceAge {
  readonly source: PriceSource
  /** Whole days since the date of its data; below 0 where that is to come, null where it has none. */
  readonly days: number | null
}

/**
 * The age of each source of rates, in the same order.
 *
 * @param nowMs epoch milliseconds
 * @example ageOf(libraryPrices().sources, Date.now())[0]?.days
 */
export const ageOf = (sources: readonly PriceSource[], nowMs: number): readonly SourceAge[] =>
  sources.map((source) => {
    const asOfMs = source.asOf === null ? Number.NaN : Date.parse(source.asOf)
    const days = Math.floor((nowMs - asOfMs) / DAY_MS)
    return { source, days: Number.isFinite(days) ? days : null }
  })

/**
 * One sentence for each library's data that is older than `maxDays`: new models have no price in it, and old
 * ones may have a new price. Overrides are the host's own, however old.
 */
export const staleSources = (
  sources: readonly PriceSource[],
  nowMs: number,
  maxDays: number = PRICES_OLD_DAYS,
): readonly string[] =>
  ageOf(sources, nowMs).flatMap(({ source, days }) =>
    source.kind === "library" && days !== null && days > maxDays
      ? [`the prices of ${source.name} are ${days} days old; update it, or add overrides`]
      : [],
  )

/** Start-up and the command line warn of a price list that is older, in days. */
const PRICES_OLD_DAYS = 90

const DAY_MS = 86_400_000
