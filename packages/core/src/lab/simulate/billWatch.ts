import type { Policy } from "../../domain/policy.ts"
import { dimensionValue, type Subject } from "../../domain/subject.ts"
import type { Amounts } from "../../domain/terms.ts"
import { type EpochMs, HOUR_MS } from "../../domain/time.ts"
import { periodAt, type Window } from "../../domain/window.ts"
import { explainPolicy, type WorstBill } from "../../engine/explain/explainPolicy.ts"
import type { BillSpan } from "../../engine/explain/spans.ts"
import type { BillSeen } from "./report.ts"

/** What one call holds, then what it was counted at. */
export interface Spend {
  readonly subject: Subject
  /** Of its reservation. */
  readonly atMs: EpochMs
  amounts: Amounts
}

/** Holds what payers spend against the bills that `explain` reckons, by the time of reservation. */
export class BillWatch {
  readonly #bills: readonly WorstBill[]
  readonly #timeZone: string
  readonly #spends: Spend[] = []

  constructor(policy: Policy) {
    const { bills, timeZone } = billsOf(policy)
    this.#bills = bills
    this.#timeZone = timeZone
  }

  add(spend: Spend): Spend {
    this.#spends.push(spend)
    return spend
  }

  get seen(): readonly BillSeen[] {
    return this.#bills.flatMap((bill) => {
      const payers = this.#payersOf(bill)
      return SPANS.flatMap(([span, name]): readonly BillSeen[] => {
        const bound = bill[name]
        if (bound === null) return []
        let most = 0
        for (const spends of payers.values())
          most = Math.max(most, mostIn(spends, span, this.#timeZone))
        return [{ per: bill.per, unit: bill.unit, span, most, bound }]
      })
    })
  }

  /** Each payer's spends, in the order of time. */
  #payersOf({ per, unit }: WorstBill): ReadonlyMap<string, readonly Part[]> {
    const payers = new Map<string, Part[]>()
    for (const { subject, atMs, amounts } of this.#spends) {
      const values = per.map((name) => dimensionValue(subject, name))
      // Who lacks a dimension that budgets may skip is no payer of it.
      if (values.includes(undefined)) continue
      const key = JSON.stringify(values)
      const parts = payers.get(key)
      const part = { atMs, amount: amounts[unit] }
      if (parts === undefined) payers.set(key, [part])
      else parts.push(part)
    }
    for (const parts of payers.values()) parts.sort((one, other) => one.atMs - other.atMs)
    return payers
  }
}

interface Bills {
  readonly bills: readonly WorstBill[]
  readonly timeZone: string
}

/** Reckoning them looks at years of periods: many fleets of one policy share them. */
const reckoned = new WeakMap<Policy, Bills>()

const billsOf = (policy: Policy): Bills => {
  const known = reckoned.get(policy)
  if (known !== undefined) return known
  const { worstBills, timeZone } = explainPolicy(policy)
  // A bill of some models alone is not looked at: whose calls it counts is the budget's to say.
  const bills = worstBills.filter(({ match }) => match === undefined)
  reckoned.set(policy, { bills, timeZone })
  return { bills, timeZone }
}

interface Part {
  readonly atMs: EpochMs
  readonly amount: number
}

const SPANS: readonly (readonly [
  BillSpan,
  "perHour" | "perAnyHour" | "perDay" | "perWeek" | "perMonth",
])[] = [
  ["hour", "perHour"],
  ["any-hour", "perAnyHour"],
  ["day", "perDay"],
  ["week", "perWeek"],
  ["month", "perMonth"],
]

const mostIn = (parts: readonly Part[], span: BillSpan, timeZone: string): number => {
  if (span === "any-hour") return mostInAnyHour(parts)
  const window: Window =
    span === "week" || span === "month"
      ? { kind: span, timeZone, startsOn: 1 }
      : { kind: span, timeZone }
  let most = 0
  let sum = 0
  let endMs = Number.NEGATIVE_INFINITY
  for (const { atMs, amount } of parts) {
    if (atMs >= endMs) {
      sum = 0
      endMs = periodAt(window, atMs).endMs
    }
    sum += amount
    most = Math.max(most, sum)
  }
  return most
}

const mostInAnyHour = (parts: readonly Part[]): number => {
  let most = 0
  let sum = 0
  let first = 0
  for (const { atMs, amount } of parts) {
    sum += amount
    for (let oldest = parts[first]; oldest !== undefined && oldest.atMs <= atMs - HOUR_MS; ) {
      sum -= oldest.amount
      first += 1
      oldest = parts[first]
    }
    most = Math.max(most, sum)
  }
  return most
}
