import { termsOf } from "../../domain/compile.ts"
import type { Budget, Policy } from "../../domain/policy.ts"
import type { Setting } from "./report.ts"
import type { Sketch } from "./sketch.ts"

/**
 * The lowest cap that leaves less than a share of the calls above it, and the limit that gives this cap. It is
 * reckoned from where calls come to lie when nothing is refused, so it is never too low: a call that is refused
 * leaves its room to the next.
 *
 * @returns null where nothing of the budget blocks
 */
export const settingOf = (
  policy: Policy,
  budget: Budget,
  positions: Sketch,
  refuseUnder: number,
): Setting | null => {
  const { tiers, limit } = termsOf(policy, budget, "")
  const blocking = tiers.find(({ effect }) => effect !== null)
  if (blocking === undefined || positions.total === 0) return null
  const cap = blocking.at
  const cheapestCap = Math.max(1, positions.quantile(1 - refuseUnder))
  return { cap, cheapestCap, cheapestLimit: Math.ceil((cheapestCap * limit) / cap) }
}
