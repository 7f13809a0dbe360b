import { dimensionValue, PLATFORM } from "../../../domain/subject.ts"
import type { Unit } from "../../../domain/terms.ts"
import { type DurationMs, type EpochMs, HOUR_MS } from "../../../domain/time.ts"
import { periodAt, type Window } from "../../../domain/window.ts"
import { amountText } from "../../../engine/explain.ts"
import type { Invariant, Spend } from "../moment.ts"

/** Who spends how much at most, and in what stretch of time. */
export interface NeverAbove {
  /** Whose spend is added up: one value of these dimensions; `["platform"]` is everybody's. */
  readonly per: readonly string[]
  readonly unit: Unit
  /** In the unit: nano-USD for `usd`. */
  readonly amount: number
  /** A calendar's hour, day, week or month in UTC, or any stretch of this length. */
  readonly within: "hour" | "day" | "week" | "month" | { readonly anyMs: DurationMs }
}

/**
 * Nobody spends more than so much within any such time, by the time of reservation. What runs counts with its
 * hold. An acknowledgement lets it be more: then nothing more is said of that payer.
 *
 * @example neverAbove({ per: ["apiKey"], unit: "usd", amount: 50_000_000_000, within: "hour" })
 */
export const neverAbove = (most: NeverAbove): Invariant => ({
  name: `no ${most.per.join(" and ")} above ${amountText(most.amount, most.unit)} in ${withinText(most)}`,
  watch: () => {
    const excused = new Set<string>()
    return ({ step, outcome, spends, ruling }) => {
      if (outcome?.kind === "acknowledged" && "subject" in step)
        excused.add(payerOf(step.subject, most.per))
      const last = spends.at(-1)
      if (ruling?.allowed !== true || last === undefined) return null
      const payer = payerOf(last.request.subject, most.per)
      if (excused.has(payer) || excused.has("") || anyExcused(excused, most.per)) return null
      const spent = sumOf(spends, last, payer, most)
      if (spent <= most.amount) return null
      return `${amountText(spent, most.unit)} were spent within ${withinText(most)}, above ${amountText(most.amount, most.unit)}`
    }
  },
})

/** What an acknowledgement by one payer of a part lets happen to the whole. */
const anyExcused = (excused: ReadonlySet<string>, per: readonly string[]): boolean =>
  per.every((name) => name === PLATFORM) && excused.size > 0

const payerOf = (subject: Spend["request"]["subject"], per: readonly string[]): string =>
  JSON.stringify(per.map((name) => dimensionValue(subject, name) ?? null))

const sumOf = (spends: readonly Spend[], last: Spend, payer: string, most: NeverAbove): number => {
  const fromMs = startOf(most.within, last.atMs)
  let sum = 0
  for (const { atMs, request, amounts } of spends)
    if (atMs >= fromMs && payerOf(request.subject, most.per) === payer) sum += amounts[most.unit]
  return sum
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
