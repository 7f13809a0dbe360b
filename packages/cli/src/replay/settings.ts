import type { Policy } from "@spendfuse/core"
import type { CallsAndMoney, ReplayReport } from "@spendfuse/core/lab"

/** The lowest limits, all at once, and what they refuse: measured by replays of their own. */
export interface Checked {
  /** By budget, in its unit. */
  readonly limits: Readonly<Record<string, number>>
  readonly asked: CallsAndMoney
  readonly refused: CallsAndMoney
  /** Whether they refuse under the share that was asked for. */
  readonly isUnder: boolean
}

/**
 * What the reckoned limits are raised by, one after the other, until they refuse little enough together: a circuit that
 * opens refuses more than what would not fit.
 */
const SCALES = [1, 1.01, 1.02, 1.05, 1.1, 1.2, 1.5, 2] as const

/** The policies to try, the lowest limits first; none where no budget blocks. */
export const candidatesOf = (policy: Policy, report: ReplayReport): readonly Policy[] => {
  const lowest = new Map(
    report.budgets.flatMap(({ id, setting }) =>
      setting === null ? [] : [[id, setting.cheapestLimit] as const],
    ),
  )
  if (lowest.size === 0) return []
  return SCALES.map((scale) => ({
    ...policy,
    budgets: policy.budgets.map((budget) => {
      const limit = lowest.get(budget.id)
      return limit === undefined ? budget : { ...budget, limit: Math.ceil(limit * scale) }
    }),
  }))
}

/** The first of the candidates that refuses little enough, else the last. */
export const cheapestOf = (
  tried: readonly { readonly policy: Policy; readonly report: ReplayReport }[],
  refuseUnder: number,
): Checked | null => {
  const isUnder = ({ asked, refused }: ReplayReport): boolean =>
    refused.calls === 0 || refused.calls < refuseUnder * asked.calls
  const found = tried.find(({ report }) => isUnder(report)) ?? tried.at(-1)
  if (found === undefined) return null
  const { policy, report } = found
  return {
    limits: Object.fromEntries(policy.budgets.map(({ id, limit }) => [id, limit])),
    asked: report.asked,
    refused: report.refused,
    isUnder: isUnder(report),
  }
}
