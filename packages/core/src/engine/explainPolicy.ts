import { termsOf } from "../domain/compile.ts"
import { REFUSAL_REASONS } from "../domain/outcome.ts"
import type { Budget, Policy } from "../domain/policy.ts"
import type { TierTerms } from "../domain/terms.ts"
import { DAY_MS, type DurationMs, HOUR_MS } from "../domain/time.ts"
import type { Window } from "../domain/window.ts"
import { amountText } from "./explain.ts"

/** The most that one subject of a budget may spend, by calendar span; null where nothing bounds it. */
export interface WorstBill {
  /** The dimensions whose value is one payer: `apiKey`, `platform`. */
  readonly per: readonly string[]
  readonly unit: Budget["unit"]
  readonly perHour: number | null
  /** Any 60 minutes: around a full hour two periods meet. */
  readonly perAnyHour: number | null
  readonly perDay: number | null
  readonly perMonth: number | null
  /** The budgets that make the bounds, for hour, day and month. */
  readonly boundBy: readonly (string | null)[]
}

export interface PolicyExplanation {
  /** What each budget, tier and circuit will do, in plain words. */
  readonly budgets: readonly { readonly id: string; readonly sentences: readonly string[] }[]
  /** What wins where several reasons refuse. */
  readonly refusalOrder: readonly string[]
  readonly worstBills: readonly WorstBill[]
  readonly general: readonly string[]
}

/**
 * What a policy will do, and the most that it lets anyone spend while nobody acknowledges anything: each
 * budget's cap times the periods that a span touches, the smallest of all budgets of the same dimensions.
 */
export const explainPolicy = (policy: Policy): PolicyExplanation => ({
  budgets: policy.budgets.map((budget) => ({
    id: budget.id,
    sentences: sentencesOf(policy, budget),
  })),
  refusalOrder: [...REFUSAL_REASONS, "store-unavailable"],
  worstBills: worstBills(policy),
  general: generalOf(policy),
})

const sentencesOf = (policy: Policy, budget: Budget): readonly string[] => {
  const terms = termsOf(policy, budget, "")
  const cap = capAtStart(terms.tiers)
  const text = (amount: number): string => amountText(amount, budget.unit)
  const sentences = [
    `Each ${budget.per.join(" and ")} may use ${text(budget.limit)} ${windowText(budget.window)}.`,
  ]
  if (budget.observe === true) sentences.push("It only observes: nothing is refused.")
  if (cap === null) sentences.push("No tier blocks: it has no cap and only tells.")
  else if (cap !== budget.limit)
    sentences.push(
      `Its cap is ${text(cap)}, ${Number((cap / budget.limit).toFixed(4))} times the limit.`,
    )
  for (const tier of terms.tiers) sentences.push(tierText(tier, text))
  if (budget.whenMissing === "skip")
    sentences.push("A request without the dimension is not counted here.")
  if (budget.overrides !== undefined && budget.overrides.size > 0)
    sentences.push(`${budget.overrides.size} subjects have limits of their own.`)
  return sentences
}

const tierText = (tier: TierTerms, text: (amount: number) => string): string => {
  const what: string[] = []
  if (tier.notify.length > 0) what.push(`tells ${tier.notify.join(", ")}`)
  if (tier.degrade !== null)
    what.push(`admits only what comes by fallback ${tier.degrade.join(" or ")}`)
  if (tier.effect?.kind === "block") what.push("refuses until the period ends")
  if (tier.effect?.kind === "latch") what.push("refuses until a person acknowledges")
  if (tier.effect?.kind === "trip") {
    const { coolDownMs, maxCoolDownMs, probation } = tier.effect
    const after =
      probation === null
        ? "then closes"
        : `then allows ${text(probation.allow)} more for ${durationText(probation.forMs)} on probation (at most ${durationText(maxCoolDownMs)} of cool-down when that fails)`
    what.push(`opens the circuit for ${durationText(coolDownMs)}, ${after}`)
  }
  const again = tier.repeat > 0 ? `, and again each further ${text(tier.repeat)}` : ""
  return `At ${text(tier.at)}${again}: ${what.join("; ")}.`
}

const generalOf = (policy: Policy): readonly string[] => {
  const unknown = {
    refuse: "A model without a known price is refused.",
    price: "A model without a known price counts at the policy's own rates.",
    "count-tokens-only":
      "A model without a known price costs nothing in USD: only tokens and requests bind it.",
  }[policy.unknownModel.kind]
  const rule = policy.onStoreUnavailable
  const away =
    rule.kind === "deny"
      ? "While the store does not answer, every call is refused."
      : rule.kind === "allow"
        ? "While the store does not answer, every call is let through and counted afterwards: nothing bounds the bill then."
        : `While the store does not answer, each host spends up to ${rule.sharePercent / rule.hosts} % of the last known rest: ${rule.sharePercent} % over ${rule.hosts} hosts.`
  const output =
    policy.maxOutputTokens === null
      ? "A call without an output limit is bounded by its model's context."
      : `A call without an output limit is bounded to ${policy.maxOutputTokens} tokens.`
  return [unknown, away, output]
}

const worstBills = (policy: Policy): readonly WorstBill[] => {
  const groups = new Map<string, Budget[]>()
  for (const budget of policy.budgets) {
    if (budget.observe === true || budget.match !== undefined) continue
    const key = JSON.stringify([budget.unit, [...budget.per].sort()])
    groups.set(key, [...(groups.get(key) ?? []), budget])
  }
  return [...groups.values()].flatMap((budgets) => billOf(policy, budgets) ?? [])
}

const billOf = (policy: Policy, budgets: readonly Budget[]): WorstBill | null => {
  const [first] = budgets
  if (first === undefined) return null
  const least = (
    spanMs: DurationMs,
    aligned: boolean,
  ): { most: number | null; by: string | null } => {
    let most: number | null = null
    let by: string | null = null
    for (const budget of budgets) {
      const cap = capAtStart(termsOf(policy, budget, "").tiers)
      if (cap === null) continue
      const bound = cap * periodsIn(budget.window, spanMs, aligned)
      if (most !== null && bound >= most) continue
      most = bound
      by = budget.id
    }
    return { most, by }
  }
  const hour = least(HOUR_MS, true)
  const day = least(DAY_MS, true)
  const month = least(31 * DAY_MS, true)
  return {
    per: first.per,
    unit: first.unit,
    perHour: hour.most,
    perAnyHour: least(HOUR_MS, false).most,
    perDay: day.most,
    perMonth: month.most,
    boundBy: [hour.by, day.by, month.by],
  }
}

/** How many periods a span can touch; `aligned` where both are cut by the same calendar. */
const periodsIn = (window: Window, spanMs: DurationMs, aligned: boolean): number => {
  if (window.kind === "lifetime") return 1
  if (window.kind === "sliding") return Math.ceil(spanMs / window.lengthMs)
  const lengthMs = window.kind === "fixed" ? window.everyMs : SHORTEST_MS[window.kind]
  const touched = Math.ceil(spanMs / lengthMs)
  const isWhole = aligned && window.kind !== "fixed" && (window.kind !== "week" || spanMs <= DAY_MS)
  if (!isWhole) return touched + 1
  // A day has an hour more, and a month may touch one, where the clock is set back.
  return window.kind === "hour" && spanMs > HOUR_MS && window.timeZone !== "UTC"
    ? touched + 1
    : touched
}

const SHORTEST_MS = { hour: HOUR_MS, day: DAY_MS, week: 7 * DAY_MS, month: 31 * DAY_MS } as const

const capAtStart = (tiers: readonly TierTerms[]): number | null => {
  const blocking = tiers.filter(({ effect }) => effect !== null).map(({ at }) => at)
  return blocking.length === 0 ? null : Math.min(...blocking)
}

const windowText = (window: Window): string => {
  switch (window.kind) {
    case "hour":
    case "day":
    case "week":
    case "month":
      return `per calendar ${window.kind} in ${window.timeZone}`
    case "fixed":
      return `every ${durationText(window.everyMs)}`
    case "sliding":
      return `in any ${durationText(window.lengthMs)}`
    case "lifetime":
      return `for its lifetime, forgotten after ${durationText(window.idleMs)} without use`
  }
}

/** `1h30m`, as people write it. */
export const durationText = (ms: DurationMs): string => {
  let rest = ms
  let text = ""
  for (const [unit, length] of [
    ["d", DAY_MS],
    ["h", HOUR_MS],
    ["m", 60_000],
    ["s", 1_000],
    ["ms", 1],
  ] as const) {
    const count = Math.floor(rest / length)
    if (count > 0) text += `${count}${unit}`
    rest -= count * length
  }
  return text === "" ? "0s" : text
}
