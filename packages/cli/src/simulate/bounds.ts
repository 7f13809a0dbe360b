import { amountText } from "@spendfuse/core"
import type { BillSeen, Fleet, FuseReport } from "@spendfuse/core/lab"
import { payerText } from "../commands/explainProof.ts"

/** Of spans that are not much longer than the fleet. */
export const boundsOf = ({ startMs, endMs }: Fleet, { bills }: FuseReport): readonly BillSeen[] => {
  const days = (endMs - startMs) / 86_400_000
  return bills.filter(({ span }) => (span !== "week" || days > 1) && (span !== "month" || days > 7))
}

/** The most that was seen in a span of time, and the bound of it by calculation. */
export const boundRow = (bill: BillSeen): readonly string[] => [
  payerText(bill),
  SPANS[bill.span],
  amountText(bill.most, bill.unit),
  amountText(bill.bound, bill.unit),
  `${Math.floor((bill.most / bill.bound) * 1_000) / 10} %`,
]

export const BOUND_HEAD: readonly string[] = ["who", "in", "most seen", "bound", "of it"]

const SPANS: Readonly<Record<BillSeen["span"], string>> = {
  hour: "an hour",
  "any-hour": "any 60 minutes",
  day: "a day",
  week: "a week",
  month: "a month",
}

/** Why there is none; null where there are some. */
export const unboundText = (
  fleet: Fleet,
  { bills, aloneNanoUsd }: Pick<FuseReport, "bills" | "aloneNanoUsd">,
): string | null => {
  if (bills.length > 0) return null
  const isSilent = fleet.faults.some(({ kind }) => kind === "store-outage")
  if (isSilent || aloneNanoUsd > 0)
    return "No bound is compared: it moves where hosts decide without the store."
  return fleet.people?.acknowledge === true
    ? "No bound is compared: it moves where somebody acknowledges."
    : "No bound is compared: no budget bounds all calls of a payer in time."
}
