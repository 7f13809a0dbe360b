import { costOf, worstCaseOf } from "../../domain/price.ts"
import type { EpochMs } from "../../domain/time.ts"
import type { Usage } from "../../domain/usage.ts"
import type { DatedRates, FleetModel } from "../../edge/fleet/fleet.ts"
import type { PricedModel, PriceSource, Prices } from "../../ports/Prices.ts"

/** Whose word on a price. */
export type Word = "billed" | "listed" | "counted"

/** Nano-USD of a usage by somebody's word; 0 where it has no price there. */
export const nanoUsdOf = (model: FleetModel, word: Word, atMs: EpochMs, usage: Usage): number => {
  const rates = ratesAt(model[word], atMs)
  if (rates === null) return 0
  const cost = costOf(rates.rates, usage)
  return cost.kind === "cost" ? cost.nanoUsd : 0
}

/** A fleet's models as the engine asks for prices. */
export const pricesOf = (models: ReadonlyMap<string, FleetModel>, word: Word): Prices => {
  const find = ({ model, atMs }: PricedModel): DatedRates | null =>
    ratesAt(models.get(model)?.[word] ?? [], atMs)
  const unknown = ({ model }: PricedModel) =>
    ({
      kind: "unknown-model",
      detail: `model \`${model}\` has no price in the fleet's list`,
    }) as const
  return {
    cost: (model, usage) => {
      const found = find(model)
      if (found === null) return unknown(model)
      const cost = costOf(found.rates, usage)
      if (cost.kind !== "cost") return cost
      return { kind: "priced", nanoUsd: cost.nanoUsd, lines: cost.lines, source: SOURCE }
    },
    worstCase: (model, bounds) => {
      const found = find(model)
      if (found === null) return unknown(model)
      const worst = worstCaseOf(found.rates, bounds)
      if (worst.kind !== "worst") return worst
      const { baseNanoUsd, perOutputTokenNanoUsd } = worst
      return { kind: "bounded", baseNanoUsd, perOutputTokenNanoUsd, source: SOURCE }
    },
    maxOutputTokens: ({ model }) => models.get(model)?.maxOutput ?? null,
    sources: [SOURCE],
  }
}

const SOURCE: PriceSource = { kind: "override", name: "the fleet's file", asOf: null }

const ratesAt = (dated: readonly DatedRates[], atMs: EpochMs): DatedRates | null => {
  let found: DatedRates | null = null
  for (const one of dated) if (one.fromMs <= atMs) found = one
  return found
}
