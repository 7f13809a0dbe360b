import { costOf, worstCaseOf } from "../domain/price.ts"
import type { CallBounds, PricedModel, Prices, Unpriced, WorstCase } from "../ports/Prices.ts"
import type { Found } from "./found.ts"
import { LIBRARY, Library } from "./lookUp.ts"
import { named, own } from "./naming.ts"
import { type PriceOverride, readOverrides } from "./overrides.ts"
import { tierName, tiersServed } from "./serviceTiers.ts"

/** Rates and names of your own, beside the price list. */
export interface LibraryPricesOptions {
  /** Rates of your own, tried first, the last that matches and is in force wins. */
  readonly overrides?: readonly PriceOverride[]
  /**
   * What a name of yours is called in the price list: Azure deployments, fine-tunes, a gateway's names. By
   * `provider/name` or by `name`: `{ "azure/chat-eu": "gpt-4o" }`.
   */
  readonly aliases?: Readonly<Record<string, string>>
  /**
   * Service tiers, by provider, that your account is set to, so that calls may be served at them unasked:
   * `{ openai: ["priority"], anthropic: ["us"] }`. The worst case then covers them.
   */
  readonly accountTiers?: Readonly<Record<string, readonly string[]>>
}

/**
 * Prices of most models of most providers, from `@pydantic/genai-prices`, compiled to exact integers.
 *
 * @throws PolicyInvalid where an override cannot be read, with its path and the mend
 * @example libraryPrices().cost({ provider: "openai", model: "gpt-5", atMs: Date.now() }, { inputTokens: 1_000_000 })
 */
export const libraryPrices = (options: LibraryPricesOptions = {}): Prices => {
  const { aliases = {}, accountTiers = {} } = options
  const overrides = readOverrides(options.overrides ?? [])
  const library = new Library(aliases)
  const find: Find = (model, tier) => overrides.find(model, tier) ?? library.find(model, tier)
  return {
    cost: (model, usage) => {
      const found = find(model, tierName(model.serviceTier))
      if (found.kind !== "found") return found
      const cost = costOf(found.rates, usage)
      if (cost.kind !== "cost") return unpriced(model, cost)
      return { kind: "priced", nanoUsd: cost.nanoUsd, lines: cost.lines, source: found.source }
    },
    worstCase: (model, bounds) => {
      const { provider, serviceTier } = model
      const account = provider === undefined ? [] : (own(accountTiers, provider) ?? [])
      return worstOf(find, model, tiersServed(serviceTier, account), bounds)
    },
    maxOutputTokens: (model) => {
      const found = find(model, tierName(model.serviceTier))
      return found.kind === "found" ? found.contextTokens : null
    },
    sources: [...overrides.sources, LIBRARY],
  }
}

type Find = (model: PricedModel, tier: string) => Found | Unpriced

/** The dearest of the tiers that the call may be served at; a tier that nobody asked for may be unknown. */
const worstOf = (
  find: Find,
  model: PricedModel,
  tiers: readonly string[],
  bounds: CallBounds,
): WorstCase => {
  const [asked = "standard", ...others] = tiers
  const first = boundOf(find, model, asked, bounds)
  if (first.kind !== "bounded") return first
  let { baseNanoUsd, perOutputTokenNanoUsd } = first
  for (const tier of others) {
    const worst = boundOf(find, model, tier, bounds)
    if (worst.kind !== "bounded") continue
    baseNanoUsd = Math.max(baseNanoUsd, worst.baseNanoUsd)
    perOutputTokenNanoUsd = Math.max(perOutputTokenNanoUsd, worst.perOutputTokenNanoUsd)
  }
  return { ...first, baseNanoUsd, perOutputTokenNanoUsd }
}

const boundOf = (find: Find, model: PricedModel, tier: string, bounds: CallBounds): WorstCase => {
  const found = find(model, tier)
  if (found.kind !== "found") return found
  const worst = worstCaseOf(found.rates, bounds)
  return worst.kind === "worst"
    ? { ...worst, kind: "bounded", source: found.source }
    : unpriced(model, worst)
}

const unpriced = (
  model: PricedModel,
  { kind, detail }: { kind: "unknown-rate" | "invalid-usage"; detail: string },
): Unpriced => ({ kind, detail: `${named(model)}: ${detail}` })
