import type { Policy } from "@spendfuse/core"
import type { CallsAndMoney, ReplayReport } from "@spendfuse/core/testing"

/** What the cheapest settings refuse, all at once, measured by a replay of their own. */
export interface Checked {
  readonly asked: CallsAndMoney
  readonly refused: CallsAndMoney
}

/** The policy with the lowest limit of each budget that blocks; null where none has one. */
export const withCheapest = (policy: Policy, report: ReplayReport): Policy | null => {
  const limits = new Map(
    report.budgets.flatMap(({ id, setting }) =>
      setting === null ? [] : [[id, setting.cheapestLimit] as const],
    ),
  )
  if (limits.size === 0) return null
  const budgets = policy.budgets.map((budget) => ({
    ...budget,
    limit: limits.get(budget.id) ?? budget.limit,
  }))
  return { ...policy, budgets }
}
