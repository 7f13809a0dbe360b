import type { Policy } from "../../../domain/policy.ts"
import { HOUR_MS } from "../../../domain/time.ts"
import { worstBills } from "../../../engine/explain/worstBills.ts"
import type { Invariant } from "../moment.ts"
import { neverAbove } from "./neverAbove.ts"

/**
 * No payer passes the worst bill that `explain` reckons, in any hour, any sixty minutes, any day, week and
 * month: one invariant for each bill that something bounds. None where the host gives limits of its own, which
 * the bills do not know.
 */
export const withinWorstBills = (policy: Policy): readonly Invariant[] => {
  if (policy.limitFor !== undefined) return []
  return worstBills(policy, "UTC").flatMap((bill) => {
    const { per, unit, match } = bill
    if (match !== undefined) return []
    const spans = [
      [bill.perHour, "hour"],
      [bill.perAnyHour, { anyMs: HOUR_MS }],
      [bill.perDay, "day"],
      [bill.perWeek, "week"],
      [bill.perMonth, "month"],
    ] as const
    return spans.flatMap(([amount, within]) =>
      amount === null ? [] : [neverAbove({ per, unit, amount, within })],
    )
  })
}
