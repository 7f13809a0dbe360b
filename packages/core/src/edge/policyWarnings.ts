import { formatUsd } from "../domain/money.ts"
import type { Budget, Policy, Threshold } from "../domain/policy.ts"

/** Every channel that a tier of the policy tells. */
export const channelsOf = (policy: Policy): readonly string[] => [
  ...new Set(policy.budgets.flatMap(({ tiers }) => tiers.flatMap((tier) => tier.notify ?? []))),
]

/** What a reload forgets: a changed id, `per`, unit or window starts fresh meters. One sentence each. */
export const policyChanges = (before: Policy, after: Policy): readonly string[] => {
  const sentences: string[] = []
  for (const old of before.budgets) {
    const now = after.budgets.find(({ id }) => id === old.id)
    if (now === undefined) {
      sentences.push(`budget \`${old.id}\` is gone: what it counted is forgotten`)
      continue
    }
    const changed = (["per", "unit", "window"] as const).filter(
      (field) => JSON.stringify(old[field]) !== JSON.stringify(now[field]),
    )
    if (changed.length > 0)
      sentences.push(`budget \`${old.id}\` starts fresh meters: ${changed.join(", ")} changed`)
  }
  return sentences
}

/** What is legal and worth knowing: one sentence each. */
export const warningsOf = (policy: Policy, authenticated: readonly string[]): readonly string[] => {
  const warnings: string[] = []
  const blocking = policy.budgets.filter(
    ({ tiers, observe }) => !observe && tiers.some(({ effect }) => effect !== undefined),
  )
  if (policy.budgets.every(({ observe }) => observe))
    warnings.push("every budget only observes: nothing is ever refused")
  else if (blocking.length === 0)
    warnings.push(
      "the budgets that block only observe, and the others only tell: nothing is refused",
    )
  for (const budget of blocking) if (!isSeedDay(budget)) warnings.push(...capSentences(budget))
  if (blocking.length > 0 && !blocking.some(bindsAll))
    warnings.push(
      "a request that lacks every skipped dimension, or matches no budget, is bound by none",
    )
  if (
    authenticated.length > 0 &&
    !blocking.some(({ per }) => per.some((name) => authenticated.includes(name)))
  )
    warnings.push(
      `no budget that blocks counts by ${authenticated.map((name) => `\`${name}\``).join(", ")}: a caller who changes the others starts fresh`,
    )
  if (policy.maxOutputTokens === null)
    warnings.push(
      "`maxOutputTokens` is not set: a call without its own limit is bounded by its model's, or refused",
    )
  return warnings
}

/**
 * What is as it should be and worth knowing all the same: the cap of the ready policy's day is twice its
 * limit by design, and nobody who starts with it must be warned of it.
 */
export const notesOf = ({ budgets }: Policy): readonly string[] =>
  budgets.filter(isSeedDay).flatMap(capSentences)

/** Whether it is the day of `seedPolicy`, or of a file that began as `seedPolicyJson`: it only latches, at 200 %. */
const isSeedDay = ({ window, observe, tiers }: Budget): boolean => {
  const [only, ...others] = tiers
  if (window.kind !== "day" || observe === true || only === undefined || others.length > 0)
    return false
  const { at, repeatPercent, effect } = only
  return "percent" in at && at.percent === 200 && repeatPercent === 100 && effect?.kind === "latch"
}

/** Where the cap is not the limit. */
const capSentences = (budget: Budget): readonly string[] => {
  const levels = budget.tiers
    .filter(({ effect }) => effect !== undefined)
    .map(({ at }) => amountAt(at, budget.limit))
  const cap = Math.min(...levels)
  if (cap === budget.limit) return []
  return [
    `budget \`${budget.id}\`: cap is ${inUnit(cap, budget)}, ${timesText(cap / budget.limit)} the limit`,
  ]
}

/** Whether no request passes it by. */
const bindsAll = ({ per, whenMissing, match }: Budget): boolean =>
  match === undefined && (whenMissing !== "skip" || per.every((name) => name === "platform"))

const amountAt = (at: Threshold, limit: number): number =>
  "amount" in at ? at.amount : Math.ceil((limit * at.percent) / 100)

const timesText = (times: number): string =>
  times === 2 ? "twice" : `${Number(times.toFixed(4))} times`

const inUnit = (amount: number, { unit }: Budget): string =>
  unit === "usd" ? `${formatUsd(amount)} USD` : `${amount} ${unit}`
