import { formatUsd } from "../../domain/money.ts"
import { PLATFORM } from "../../domain/subject.ts"
import type { PolicyJson } from "../../edge/policyJson.ts"
import type { Sketch } from "../replay/sketch.ts"
import type { Habits } from "./history.ts"

/** How close limits lie to what is usual. */
export const TIGHTNESSES = ["tight", "usual", "wide"] as const

/** One of them: a share of what was usual, and a headroom. */
export type Tightness = (typeof TIGHTNESSES)[number]

/** A policy proposed from a history, and where its limits come from. */
export interface Suggestion {
  readonly tightness: Tightness
  readonly policy: PolicyJson
  readonly why: readonly string[]
}

/**
 * Budgets per hour and day for each dimension: a quantile of what accounts did spend in such a period, never above
 * the fence that outliers lie behind, never below the busiest hour of the week, and a headroom. Warned at 80 %; the
 * hour trips for a quarter of an hour, the day blocks.
 *
 * @returns null where the history has no spend
 */
export const suggest = (
  habits: readonly Habits[],
  tightness: Tightness,
  channels: { readonly warn: string; readonly page: string },
): Suggestion | null => {
  const budgets = habits.flatMap((one) => budgetsOf(one, tightness, channels))
  if (budgets.length === 0) return null
  return {
    tightness,
    policy: {
      budgets: budgets.map(({ budget }) => budget),
      unknownModel: "refuse",
      onStoreUnavailable: "deny",
      maxOutputTokens: 16_384,
    },
    why: budgets.map(({ why }) => why),
  }
}

const SHARES: Readonly<Record<Tightness, { readonly share: number; readonly headroom: number }>> = {
  tight: { share: 0.95, headroom: 1.1 },
  usual: { share: 0.99, headroom: 1.5 },
  wide: { share: 1, headroom: 2 },
}

/** Of a log-normal spend one period in a million lies behind it. */
const FENCE_DEVIATIONS = 4.75

interface Proposed {
  readonly budget: PolicyJson["budgets"][number]
  readonly why: string
}

const budgetsOf = (
  habits: Habits,
  tightness: Tightness,
  { warn, page }: { readonly warn: string; readonly page: string },
): readonly Proposed[] => {
  const { dimension, hours, days, seasonalHour } = habits
  const warning = { at: "80%", notify: [warn] }
  const hour = limitOf(hours, seasonalHour, tightness)
  const day = limitOf(days, 0, tightness)
  const missing = dimension === PLATFORM ? {} : { whenMissing: "skip" as const }
  const made = (
    window: "hour" | "day",
    nanoUsd: number,
    tier: PolicyJson["budgets"][number]["tiers"][number],
  ): Proposed => ({
    budget: {
      id: `${dimension}-${window}`,
      per: [dimension],
      limit: { usd: formatUsd(nanoUsd) },
      window,
      ...missing,
      tiers: [warning, tier],
    },
    why: whyText(habits, window, tightness),
  })
  return [
    ...(hour > 0
      ? [made("hour", hour, { at: "100%", trip: { coolDown: "15m" }, notify: [page] })]
      : []),
    ...(day > 0 ? [made("day", day, { at: "100%", block: true, notify: [page] })] : []),
  ]
}

/** Rounded up to two digits, from a cent on. */
const limitOf = (periods: Sketch, atLeast: number, tightness: Tightness): number => {
  const { share, headroom } = SHARES[tightness]
  const usual = Math.min(periods.quantile(share), fenceOf(periods))
  const wanted = Math.max(usual, atLeast) * headroom
  if (wanted <= 0) return 0
  const step = Math.max(NANO_PER_CENT, 10 ** (Math.floor(Math.log10(wanted)) - 1))
  return Math.min(LIMIT_MAX, Math.ceil(wanted / step) * step)
}

/** Of a few periods nobody can tell what is out of the ordinary. */
const fenceOf = (periods: Sketch): number =>
  periods.total < PERIODS_LEAST ? Number.POSITIVE_INFINITY : periods.fence(FENCE_DEVIATIONS)

const PERIODS_LEAST = 20
const NANO_PER_CENT = 10_000_000
const LIMIT_MAX = 9_000_000_000_000_000

const whyText = (habits: Habits, window: "hour" | "day", tightness: Tightness): string => {
  const { dimension, accounts, hours, days, busiestHour, seasonalHour } = habits
  const periods = window === "hour" ? hours : days
  const { share, headroom } = SHARES[tightness]
  const dollars = (nano: number): string => `$${formatUsd(Math.ceil(nano / 1e6) * 1e6)}`
  const fence = fenceOf(periods)
  const outliers = periods.quantile(1) > fence ? `, outliers above ${dollars(fence)} left out` : ""
  const season =
    window === "hour" && busiestHour !== null
      ? `; busiest hour of the week ${hourText(busiestHour)}, ${dollars(seasonalHour)}`
      : ""
  return `${dimension}-${window}: ${countText(periods.total, window)} of ${countText(accounts, "account")}, median ${dollars(periods.quantile(0.5))}, ${share * 100} % under ${dollars(periods.quantile(share))}${outliers}${season}; × ${headroom}`
}

const countText = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? "" : "s"}`

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

const hourText = (hourOfWeek: number): string =>
  `${DAYS[Math.floor(hourOfWeek / 24)]} ${String(hourOfWeek % 24).padStart(2, "0")}:00 UTC`
