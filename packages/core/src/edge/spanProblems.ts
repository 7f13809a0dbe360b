import type { Policy } from "../domain/policy.ts"
import { type Problem, shown, under } from "./problem.ts"

/** What a store can do that a policy must fit. */
export interface Spanning {
  /** Whether one command may touch lines of several divisions. */
  readonly spansDivisions: boolean
}

/**
 * What keeps a policy from a store that judges one division in a command: each budget that does not count by
 * `partitionBy` must be leased there.
 *
 * @returns each such budget with its place; none where the store spans divisions, or nothing divides the ledger
 */
export const spanProblems = (
  { budgets, partitionBy }: Pick<Policy, "budgets" | "partitionBy">,
  { spansDivisions }: Spanning,
): readonly Problem[] => {
  if (spansDivisions || partitionBy === undefined) return []
  return budgets.flatMap(({ id, per, lease }, at) =>
    lease !== undefined || per.includes(partitionBy)
      ? []
      : [
          {
            path: under(under("budgets", at), "lease"),
            message: `is missing: budget ${shown(id)} does not count by ${shown(partitionBy)}, and this store judges one ${shown(partitionBy)} at a time; add e.g. "lease": { "share": "1%", "for": "30s" }`,
          },
        ],
  )
}
