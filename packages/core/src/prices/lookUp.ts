import { calcPrice, type PriceCalculation } from "@pydantic/genai-prices"
import type { PricedModel, PriceSource, Unpriced } from "../ports/Prices.ts"
import { componentsOf } from "./components.ts"
import type { Found } from "./found.ts"
import { named, own } from "./naming.ts"
import { factorOf } from "./serviceTiers.ts"

/**
 * The version of the price library, and the day on which it was published (registry, read 2026-11). A test
 * fails where another version is installed.
 */
export const LIBRARY: PriceSource = Object.freeze({
  kind: "library",
  name: "@pydantic/genai-prices 0.1.8",
  asOf: "2026-09-23",
})

/**
 * Finds rates in the library, and keeps what it found: each for the last two minutes of the calls' time that were
 * asked about, since prices change by the hour, and calls around the end of a minute come in either order.
 */
export class Library {
  readonly #aliases: Readonly<Record<string, string>>
  readonly #kept = new Map<string | undefined, Map<string, Map<string, Kept>>>()
  #size = 0

  constructor(aliases: Readonly<Record<string, string>>) {
    this.#aliases = aliases
  }

  /** @param tier by its one name, as `tierName` gives it */
  find(model: PricedModel, tier: string): Found | Unpriced {
    const minute = Math.floor(model.atMs / MINUTE_MS)
    const byModel = this.#kept.get(model.provider)
    const known = byModel?.get(model.model)?.get(tier)
    if (known?.last.minute === minute) return known.last.found
    if (known?.before?.minute === minute) return known.before.found
    const found = lookUp(model, this.#listedName(model), tier)
    this.#keep(model, tier, { last: { minute, found }, before: known?.last ?? null })
    return found
  }

  #listedName({ provider, model }: PricedModel): string {
    return own(this.#aliases, `${provider}/${model}`) ?? own(this.#aliases, model) ?? model
  }

  #keep({ provider, model }: PricedModel, tier: string, kept: Kept): void {
    if (this.#size >= KEPT_MAX) {
      this.#kept.clear()
      this.#size = 0
    }
    const byModel = this.#kept.get(provider) ?? new Map<string, Map<string, Kept>>()
    this.#kept.set(provider, byModel)
    const byTier = byModel.get(model) ?? new Map<string, Kept>()
    byModel.set(model, byTier)
    if (!byTier.has(tier)) this.#size += 1
    byTier.set(tier, kept)
  }
}

interface Kept {
  readonly last: Minute
  readonly before: Minute | null
}

interface Minute {
  readonly minute: number
  readonly found: Found | Unpriced
}

const KEPT_MAX = 1_000
const MINUTE_MS = 60_000

const lookUp = (model: PricedModel, listedName: string, tier: string): Found | Unpriced => {
  const price = priceOf(model, listedName)
  if (price === null)
    return {
      kind: "unknown-model",
      detail: `${named(model)} has no price in ${LIBRARY.name}; add an override or an alias, or set \`unknownModel\` in the policy`,
    }
  const listed = { provider: price.provider.id, model: price.model.id }
  const factor = factorOf(listed, tier)
  if (factor === null)
    return {
      kind: "unknown-rate",
      detail: `${named(model)}: no rate is known for service tier \`${tier.slice(0, 60)}\`; add an override`,
    }
  const components = componentsOf(price.model_price, listed)
  if (components === null)
    return { kind: "unknown-rate", detail: `${named(model)}: its price is not a decimal number` }
  const contextTokens = price.model.context_window ?? null
  return { kind: "found", rates: { components, factor }, source: LIBRARY, contextTokens }
}

/** The library throws for names that it does not expect; to a caller that is an unknown model. */
const priceOf = ({ provider, atMs }: PricedModel, listedName: string): PriceCalculation | null => {
  if (provider === "") return null
  try {
    const where = provider === undefined ? {} : { providerId: provider }
    return calcPrice({}, listedName, { ...where, timestamp: new Date(atMs) })
  } catch {
    return null
  }
}
