import { type Problem, under } from "./problem.ts"
import { valueAt } from "./shape.ts"

/** Whether a whole policy has the right shape. */
type Fits = (policy: unknown) => boolean
/** Fields by name, each of whatever form. */
export type Fields = Readonly<Record<string, unknown>>

const TIER: Fields = { at: "0.0001%" }
const BUDGET: Fields = {
  per: ["platform"],
  limit: { usd: 1 },
  window: "hour",
  tiers: [{ at: "100%", block: true }],
}
const POLICY: Fields = {
  budgets: [{ id: "a", ...BUDGET }],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
}

const TIER_FIELDS = [
  "at",
  "notify",
  "escalateAfter",
  "message",
  "degrade",
  "block",
  "trip",
  "latch",
  "repeat",
]
const BUDGET_FIELDS = ["id", "per", "limit", "window", "whenMissing", "mode", "lease", "match"]
const POLICY_FIELDS = [
  "unknownModel",
  "onStoreUnavailable",
  "maxOutputTokens",
  "minOutputTokens",
  "onRefused",
  "partitionBy",
]

/**
 * The policy with a stand-in for each part whose shape is wrong, so that the sense of all the rest can be
 * read: a person mends everything in one go.
 */
export const withStandIns = (input: unknown, fits: Fits): unknown => ({
  ...keptFields(input, POLICY_FIELDS, POLICY, fits),
  budgets: budgetsOf(valueAt(input, ["budgets"]), fits),
  fallbacks: fallbacksOf(valueAt(input, ["fallbacks"]), fits),
})

/**
 * Whether a problem of sense may come of a stand-in alone: it is about the same place, above or below it, or
 * about amounts in a unit that nobody knows, or names of fallbacks that could not be read.
 */
export const comesOfStandIn = ({ path }: Problem, shape: readonly Problem[]): boolean =>
  shape.some(({ path: wrong }) => {
    if (isWithin(path, wrong) || isWithin(wrong, path)) return true
    if (wrong === "fallbacks") return path === "onRefused" || path.endsWith(".degrade")
    const [budget] = /^budgets\[\d+\](?=\.limit(\W|$))/.exec(wrong) ?? []
    return budget !== undefined && isWithin(path, budget) && /\.(at|allow)$/.test(path)
  })

/** Whether a path is another, or one below it. */
export const isWithin = (path: string, outer: string): boolean =>
  path.startsWith(outer) && (outer === "" || /^([.[]|$)/.test(path.slice(outer.length)))

/** The base with every field of the input that has the right shape. */
export const keptFields = (
  input: unknown,
  names: readonly string[],
  base: Fields,
  fits: (fields: Fields) => boolean,
): Fields => {
  const kept: Record<string, unknown> = { ...base }
  for (const name of names) {
    const value = valueAt(input, [name])
    if (value !== undefined && fits({ ...base, [name]: value })) kept[name] = value
  }
  return kept
}

const budgetsOf = (budgets: unknown, fits: Fits): readonly Fields[] => {
  if (!Array.isArray(budgets)) return [{ id: "a", ...BUDGET }]
  const fitsAlone = (budget: unknown): boolean => fits({ ...POLICY, budgets: [budget] })
  return budgets.map((budget: unknown, at) => {
    if (fitsAlone(budget)) return budget as Fields
    // Ids that stand in must not meet, nor meet one that somebody writes.
    const base = { id: under("#", at), ...BUDGET }
    return {
      ...keptFields(budget, BUDGET_FIELDS, base, fitsAlone),
      tiers: tiersOf(valueAt(budget, ["tiers"]), (tiers) => fitsAlone({ ...base, tiers })),
    }
  })
}

const tiersOf = (tiers: unknown, fits: (tiers: unknown) => boolean): unknown => {
  if (!Array.isArray(tiers)) return BUDGET.tiers
  const fitsAlone = (tier: unknown): boolean => fits([tier])
  return tiers.map((tier: unknown) =>
    fitsAlone(tier) ? tier : keptFields(tier, TIER_FIELDS, TIER, fitsAlone),
  )
}

/** What cannot be read keeps its name, for others that name it. */
const fallbacksOf = (fallbacks: unknown, fits: Fits): Fields => {
  if (typeof fallbacks !== "object" || fallbacks === null || Array.isArray(fallbacks)) return {}
  const entries = Object.entries(fallbacks).map(([name, fallback]) => {
    const isShaped = fits({ ...POLICY, fallbacks: { a: fallback } })
    return [name, isShaped ? fallback : { answer: "" }]
  })
  return Object.fromEntries(entries) as Fields
}
