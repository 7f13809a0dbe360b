import { dimensionValue } from "../../../domain/subject.ts"
import type { Unit } from "../../../domain/terms.ts"
import { type DurationMs, type EpochMs, HOUR_MS } from "../../../domain/time.ts"
import { periodAt, type Window } from "../../../domain/window.ts"
import { amountText } from "../../../engine/explain/explainDecision.ts"
import type { Invariant, Spend } from "../moment.ts"

/** Who spends how much at most, and in what stretch of time. */
export interface NeverAbove {
  /**
   * Whose spend is added up: one value of these dimensions; `["platform"]` is everybody's. A request that lacks
   * one of them is nobody's.
   */
  readonly per: readonly string[]
  readonly unit: Unit
  /** In the unit: nano-USD for `usd`. */
  readonly amount: number
  /** A calendar's hour, day, week or month in UTC, or any stretch of this length. */
  readonly within: "hour" | "day" | "week" | "month" | { readonly anyMs: DurationMs }
}

/**
 * Nobody spends more than so much within any such time, by the time of reservation. What runs counts with its
 * hold. An acknowledgement lets it be more: nothing more is said of a sum in which that account has a part.
 *
 * @example neverAbove({ per: ["apiKey"], unit: "usd", amount: 50_000_000_000, within: "hour" })
 */
export const neverAbove = (most: NeverAbove): Invariant => ({
  name: `no ${most.per.join(" and ")} above ${amountText(most.amount, most.unit)} in ${withinText(most)}`,
  about: { dimensions: most.per },
  watch: () => {
    const excused = new Set<string>()
    return ({ outcome, account, spends, ruling }) => {
      if (outcome?.kind === "acknowledged" && account !== null) excused.add(account)
      const last = spends.at(-1)
      if (ruling?.allowed !== true || last === undefined) return null
      const summed = summedWith(spends, last, most)
      const spent = summed.reduce((sum, { amounts }) => sum + amounts[most.unit], 0)
      if (spent <= most.amount) return null
      if (summed.some(({ accounts }) => accounts.some((one) => excused.has(one)))) return null
      return `${amountText(spent, most.unit)} were spent within ${withinText(most)}, above ${amountText(most.amount, most.unit)}`
    }
  },
})

/** One payer's values, as a key; null where the subject lacks one of them, and is no such payer. */
export const payerOf = (
  subject: Spend["request"]["subject"],
  per: readonly string[],
): string | null => {
  const values = per.map((name) => dimensionValue(subject, name))
  return values.includes(undefined) ? null : JSON.stringify(values)
}

/** The last payer's spends of the stretch of time that ends with the last; none where it is no such payer. */
const summedWith = (
  spends: readonly Spend[],
  last: Pick<Spend, "request" | "atMs">,
  { per, within }: NeverAbove,
): readonly Spend[] => {
  const fromMs = startOf(within, last.atMs)
  const payer = payerOf(last.request.subject, per)
  if (payer === null) return []
  return spends.filter(
    ({ atMs, request }) => atMs >= fromMs && payerOf(request.subject, per) === payer,
  )
}

/** Spends come in the order of time, so what ends with the last one is the fullest. */
const startOf = (within: NeverAbove["within"], atMs: EpochMs): EpochMs => {
  if (typeof within === "object") return atMs - within.anyMs + 1
  return periodAt(WINDOWS[within], atMs).startMs
}

const WINDOWS: Readonly<Record<"hour" | "day" | "week" | "month", Window>> = {
  hour: { kind: "hour", timeZone: "UTC" },
  day: { kind: "day", timeZone: "UTC" },
  week: { kind: "week", timeZone: "UTC", startsOn: 1 },
  month: { kind: "month", timeZone: "UTC", startsOn: 1 },
}

const withinText = ({ within }: NeverAbove): string => {
  if (typeof within !== "object") return `any ${within}`
  return within.anyMs % HOUR_MS === 0
    ? `any ${within.anyMs / HOUR_MS} h`
    : `any ${within.anyMs / 60_000} min`
}

/**
 * Nobody is refused who stays below so much within any such time, the refused call included. What a person
 * switched off or tripped is left out: from then on nothing is said.
 *
 * @example neverRefusedBelow({ per: ["apiKey"], unit: "usd", amount: 5_000_000_000, within: "day" })
 */
export const neverRefusedBelow = (least: NeverAbove): Invariant => ({
  name: `no ${least.per.join(" and ")} refused below ${amountText(least.amount, least.unit)} in ${withinText(least)}`,
  about: { dimensions: least.per },
  watch: () => {
    let isByHand = false
    return ({ atMs, step, request, ruling, spends }) => {
      if (step.kind === "switch" || step.kind === "trip") isByHand = true
      if (isByHand || request === null || ruling?.allowed !== false) return null
      if (payerOf(request.subject, least.per) === null) return null
      const asked = { requests: 1, ...request.amounts }[least.unit] ?? 0
      const before = summedWith(spends, { request, atMs }, least)
      const spent = before.reduce((sum, { amounts }) => sum + amounts[least.unit], asked)
      if (spent > least.amount) return null
      return `a call is refused (${ruling.reason}) that would make it ${amountText(spent, least.unit)} within ${withinText(least)}`
    }
  },
})
