import type { UsageComponent } from "../domain/usage.ts"
import { PolicyInvalid, type Problem } from "../edge/problem.ts"
import type { PricedModel, PriceSource } from "../ports/Prices.ts"
import type { Found } from "./found.ts"
import { type Ready, readOverride } from "./readOverride.ts"

/** USD per million tokens (or pieces), as a decimal string or a number. */
export type OverrideRate =
  | string
  | number
  | {
      readonly base: string | number
      /** Dearer rates for the whole call where its input is longer than `above` tokens; ascending. */
      readonly tiers: readonly { readonly above: number; readonly rate: string | number }[]
    }

/**
 * Rates of one's own, in the place of the whole model's: what it does not name has no rate, except cache reads
 * and image input, which are then billed as plain input.
 */
export interface PriceOverride {
  /** The model's name; `*` stands for any characters. */
  readonly model: string
  readonly provider?: string
  /** The service tier that it holds for; the standard one unless given. */
  readonly serviceTier?: string
  /** In force from this instant on (ISO); always unless given. */
  readonly from?: string
  /** Not in force from this instant on (ISO). */
  readonly until?: string
  /** Where it comes from, for reports: "contract 2026". */
  readonly source?: string
  readonly rates: Readonly<Partial<Record<UsageComponent, OverrideRate>>>
  readonly maxOutputTokens?: number
}

export interface Overrides {
  readonly sources: readonly PriceSource[]
  /** The last that matches and is in force. @param tier by its one name, as `tierName` gives it */
  readonly find: (model: PricedModel, tier: string) => Found | undefined
}

/** @throws PolicyInvalid with every problem, its path and the mend */
export const readOverrides = (overrides: unknown): Overrides => {
  const problems: Problem[] = []
  if (!Array.isArray(overrides))
    throw new PolicyInvalid([{ path: "overrides", message: "is not a list of overrides" }])
  const ready = overrides.map((override: unknown, at) => readOverride(override, at, problems))
  if (problems.length > 0) throw new PolicyInvalid(problems)
  return {
    sources: ready.map(({ found }) => found.source),
    find: (model, tier) => ready.findLast((one) => isFor(one, model, tier))?.found,
  }
}

const isFor = (one: Ready, { provider, model, atMs }: PricedModel, tier: string): boolean =>
  atMs >= one.fromMs &&
  atMs < one.untilMs &&
  (one.provider === undefined || one.provider === provider) &&
  one.tier === tier &&
  matchesName(one.model, model)

const matchesName = (pattern: string, name: string): boolean => {
  const [first = "", ...rest] = pattern.split("*")
  if (rest.length === 0) return pattern === name
  const last = rest.pop() ?? ""
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return name.length - at >= last.length && name.endsWith(last)
}
