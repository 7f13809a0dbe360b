import { termsOf } from "../../domain/compile.ts"
import { AMOUNT_MAX } from "../../domain/money.ts"
import type { Budget, Policy } from "../../domain/policy.ts"
import type { Terms, TierTerms } from "../../domain/terms.ts"
import type { Window } from "../../domain/window.ts"
import { type Cover, cheapestCover, type Span } from "./cover.ts"
import { amountText } from "./explainDecision.ts"
import { allKinds, binds, capAtStart, type Kind, unnamed } from "./payers.ts"
import { endOfPeriod, FROM_MS } from "./periods.ts"

/** Something in a policy that cannot do what it seems to be there for. */
export interface Finding {
  readonly kind:
    | "never-binds"
    | "never-reached"
    | "after-the-block"
    | "blocks-unannounced"
    | "unused-fallback"
  /** The budget it is about; null for the policy as a whole. */
  readonly budget: string | null
  /** What and why, in a sentence. */
  readonly text: string
}

/**
 * Budgets that can never be the ones that refuse, tiers that can never fire, alerts that come after the block,
 * blocks that nobody is told of before, fallbacks that nothing uses. By calculation: while nobody acknowledges,
 * and no call costs more than its worst case.
 */
export const findingsOf = (policy: Policy): readonly Finding[] => [
  ...policy.budgets.flatMap((budget) => [
    ...ofReach(policy, budget),
    ...ofTiers(termsOf(policy, budget, unnamed(budget)), budget),
  ]),
  ...ofFallbacks(policy),
]

/** What the others let through in any one period of the budget, against its cap and its levels. */
const ofReach = (policy: Policy, budget: Budget): readonly Finding[] => {
  const reach = reachOf(policy, budget)
  if (reach === null) return []
  const terms = termsOf(policy, budget, unnamed(budget))
  const most = amountText(Number(reach.amount), budget.unit)
  const names = reach.by.map((part) => `\`${part.budget}\``)
  const by = names.length === 1 ? `${names[0]} lets` : `${names.join(" and ")} let`
  const cap = capAtStart(terms)
  const head = { budget: budget.id } as const
  if (budget.observe !== true && reach.isBelowCap && cap !== null) {
    const text = `budget \`${budget.id}\` can never refuse: ${by} at most ${most} through in one of its periods, and its cap is ${amountText(cap, budget.unit)}`
    return [{ ...head, kind: "never-binds", text }]
  }
  // Subjects with limits of their own have levels of their own.
  if ((budget.overrides?.size ?? 0) > 0) return []
  return terms.tiers
    .filter((tier) => tier.at > reach.amount && (cap === null || tier.at <= cap))
    .map((tier) => ({
      ...head,
      kind: "never-reached",
      text: `the tier at ${levelText(tier, terms)} of \`${budget.id}\` can never fire: ${by} at most ${most} through in one of its periods`,
    }))
}

interface Reach extends Cover {
  /** For every kind of subject. */
  readonly isBelowCap: boolean
}

/** The most that all other budgets let through in one period; null where nothing else bounds it. */
const reachOf = (policy: Policy, budget: Budget): Reach | null => {
  const { per, unit, match } = budget
  const payer = { per, unit, ...(match !== undefined && { match }) }
  const budgets = policy.budgets.filter((other) => other === budget || binds(other, payer))
  let most: Cover | null = null
  let isBelowCap = true
  for (const kind of allKinds(policy, budgets)) {
    const reach = reachOfKind(kind, budget)
    if (reach === null) return null
    const cap = kind.bounds.find(({ id }) => id === budget.id)?.cap
    if (cap === undefined || reach.amount >= cap) isBelowCap = false
    if (most === null || reach.amount > most.amount) most = reach
  }
  return most === null || most.amount > BigInt(AMOUNT_MAX) ? null : { ...most, isBelowCap }
}

const reachOfKind = ({ bounds }: Kind, budget: Budget): Cover | null => {
  const others = bounds.filter(({ id }) => id !== budget.id)
  let most: Cover | null = null
  for (const span of periodsOf(budget.window)) {
    const cover = cheapestCover(span, others)
    if (cover === null) return null
    if (most === null || cover.amount > most.amount) most = cover
  }
  return most
}

/** Two years of its periods, 500 at most. */
const periodsOf = function* (window: Window): Iterable<Span> {
  let startMs = window.kind === "lifetime" ? FROM_MS : endOfPeriod(window, FROM_MS)
  const count = window.kind === "month" ? 28 * 12 : 500
  for (let at = 0; at < count; at += 1) {
    const endMs = endOfPeriod(window, startMs)
    yield { startMs, endMs }
    startMs = endMs
  }
}

const ofTiers = (terms: Terms, { id, unit, observe }: Budget): readonly Finding[] => {
  const cap = capAtStart(terms)
  if (cap === null || observe === true) return []
  const capText = amountText(cap, unit)
  const late = terms.tiers
    .filter((tier) => tier.at > cap && tier.effect === null)
    .map((tier) => ({
      kind: "after-the-block" as const,
      budget: id,
      text: `the tier at ${levelText(tier, terms)} of \`${id}\` comes after the block: calls are refused from ${capText} on, and it fires only once someone acknowledges that`,
    }))
  const isTold = terms.tiers.some((tier) => tier.at <= cap && tier.notify.length > 0)
  if (isTold) return late
  const text = `budget \`${id}\` blocks at ${capText} and tells nobody, then or before; give one of its tiers \`notify\``
  return [...late, { kind: "blocks-unannounced", budget: id, text }]
}

const levelText = (tier: TierTerms, { unit }: Terms): string =>
  tier.percent === null
    ? amountText(tier.at, unit)
    : `${tier.percent} % (${amountText(tier.at, unit)})`

const ofFallbacks = ({ budgets, fallbacks, onRefused }: Policy): readonly Finding[] => {
  const used = new Set<string | undefined>([
    onRefused ?? undefined,
    ...budgets.flatMap(({ tiers }) => tiers.map(({ degrade }) => degrade)),
    ...[...fallbacks.values()].map((fallback) => ("next" in fallback ? fallback.next : undefined)),
  ])
  return [...fallbacks.keys()]
    .filter((name) => !used.has(name))
    .map((name) => ({
      kind: "unused-fallback",
      budget: null,
      text: `fallback \`${name}\` is used by no tier, no refusal and no other fallback; name it in \`degrade\` or \`onRefused\`, or leave it out`,
    }))
}
