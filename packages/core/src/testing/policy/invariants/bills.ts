import type { Policy } from "../../../domain/policy.ts"
import { HOUR_MS } from "../../../domain/time.ts"
import { amountText } from "../../../engine/explain/explainDecision.ts"
import { type WorstBill, worstBills } from "../../../engine/explain/worstBills.ts"
import type { Invariant } from "../moment.ts"
import { neverAbove, payerOf } from "./neverAbove.ts"

/**
 * No payer passes the worst bill that `explain` reckons, in any hour, any sixty minutes, any day, week and
 * month, nor what all hosts may spend by themselves each time that the store is silent: one invariant for each
 * bill that something bounds. None where the host gives limits of its own, which the bills do not know.
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
    return [
      ...spans.flatMap(([amount, within]) =>
        amount === null ? [] : [byStore(neverAbove({ per, unit, amount, within }))],
      ),
      ...(bill.perOutage === null ? [] : [whileSilent(bill, bill.perOutage)]),
    ]
  })
}

/** Of what the store let through alone: what hosts spend by themselves is a bill of its own. */
const byStore = ({ name, watch }: Invariant): Invariant => ({
  name,
  watch: () => {
    const test = watch()
    return (moment) =>
      moment.spends.at(-1)?.outage === null
        ? test({ ...moment, spends: moment.spends.filter(({ outage }) => outage === null) })
        : null
  },
})

const whileSilent = ({ per, unit }: WorstBill, amount: number): Invariant => ({
  name: `no ${per.join(" and ")} above ${amountText(amount, unit)} while the store is silent, each time`,
  watch:
    () =>
    ({ spends, ruling }) => {
      const last = spends.at(-1)
      if (ruling?.allowed !== true || last === undefined || last.outage === null) return null
      const payer = payerOf(last.request.subject, per)
      if (payer === null) return null
      const spent = spends
        .filter((one) => one.outage === last.outage && payerOf(one.request.subject, per) === payer)
        .reduce((sum, { amounts }) => sum + amounts[unit], 0)
      if (spent <= amount) return null
      return `hosts spent ${amountText(spent, unit)} by themselves, above ${amountText(amount, unit)}`
    },
})
