import type { Line } from "./command.ts"
import { AMOUNT_MAX } from "./money.ts"
import type { Budget, BudgetPolicy, Match, Threshold, Tier } from "./policy.ts"
import {
  accountKey,
  dimensionValue,
  PLATFORM,
  SHARED_DIVISION,
  type Subject,
  switchKey,
} from "./subject.ts"
import type { Terms, TierTerms } from "./terms.ts"
import type { EpochMs } from "./time.ts"
import { bucketLength, periodAt, windowName } from "./window.ts"

/** What a request touches: its division, the lines it is judged by, the switches that must not be off. */
export interface Plan {
  readonly division: string
  readonly lines: readonly Line[]
  readonly switches: readonly string[]
}

/** What a budget's `match` looks at. */
export interface Call {
  readonly model?: string
  readonly provider?: string
}

/** A plan, or the first dimension that a budget counts by and the subject lacks. */
export type Planned = Plan | { readonly missing: string; readonly budget: string }

/**
 * Turns a policy and a subject into the lines of a command, at the instant that chooses the periods.
 * A store that gets them needs no policy, no prices and no time zones.
 *
 * @returns the plan, or the first dimension that a budget counts by and the subject lacks
 */
export const compile = (
  policy: BudgetPolicy,
  subject: Subject,
  issuedAtMs: EpochMs,
  call: Call = {},
): Planned => {
  const lines: Line[] = []
  const partition = policy.partitionBy
  const owner = partition === undefined ? undefined : dimensionValue(subject, partition)
  for (const budget of policy.budgets) {
    if (budget.match !== undefined && !matches(budget.match, call, subject)) continue
    const values: string[] = []
    let missing: string | undefined
    for (const dimension of budget.per) {
      const value = dimensionValue(subject, dimension)
      if (value === undefined) missing ??= dimension
      else values.push(value)
    }
    if (missing !== undefined) {
      if (budget.whenMissing === "skip") continue
      return { missing, budget: budget.id }
    }
    const owned = partition !== undefined && budget.per.includes(partition)
    lines.push({
      account: accountKey(budget.id, values),
      division: owned && owner !== undefined ? owner : SHARED_DIVISION,
      period: periodAt(budget.window, issuedAtMs),
      terms: termsUnder(policy, budget, limitOf(policy, budget, values)),
    })
  }
  const switches = Object.keys(subject)
    .filter((dimension) => dimension !== PLATFORM)
    .map((dimension) => switchKey(dimension, dimensionValue(subject, dimension) ?? ""))
  return {
    division: owner ?? SHARED_DIVISION,
    lines,
    switches: [...switches, switchKey(PLATFORM, "all")],
  }
}

/** The limit of one account: the host's, else its override, else the budget's. */
const limitOf = (policy: BudgetPolicy, budget: Budget, values: readonly string[]): number =>
  policy.limitFor?.({ budget: budget.id, per: budget.per, values }) ??
  budget.overrides?.get(values.at(-1) ?? "") ??
  budget.limit

const matches = (match: Match, call: Call, subject: Subject): boolean =>
  someMatches(match.model, call.model) &&
  someMatches(match.provider, call.provider) &&
  (match.subject === undefined ||
    Object.entries(match.subject).every(([dimension, patterns]) =>
      someMatches(patterns, dimensionValue(subject, dimension)),
    ))

const someMatches = (patterns: readonly string[] | undefined, value: string | undefined): boolean =>
  patterns === undefined ||
  (value !== undefined && patterns.some((pattern) => matchesPattern(pattern, value)))

/** Whether `value` is the pattern, `*` standing for any run of characters; linear, without regular expressions. */
const matchesPattern = (pattern: string, value: string): boolean => {
  const parts = pattern.split("*")
  const [first = "", ...rest] = parts
  if (rest.length === 0) return pattern === value
  if (!value.startsWith(first)) return false
  const last = rest.pop() ?? ""
  let at = first.length
  for (const part of rest) {
    const found = value.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return value.length - at >= last.length && value.endsWith(last)
}

/** The terms of one account of a budget: its own limit where it has one, thresholds as amounts rounded up. */
export const termsOf = (policy: BudgetPolicy, budget: Budget, value: string): Terms =>
  termsUnder(policy, budget, budget.overrides?.get(value) ?? budget.limit)

const termsUnder = (policy: BudgetPolicy, budget: Budget, limit: number): Terms => {
  let known = kept.get(budget)
  if (known === undefined) {
    known = { policy, terms: new Map() }
    kept.set(budget, known)
  }
  const found =
    known.policy.fallbackChains === policy.fallbackChains ? known.terms.get(limit) : undefined
  if (found !== undefined) return found
  const made = termsFor(policy, budget, limit)
  if (known.terms.size >= TERMS_KEPT) known.terms.clear()
  if (known.policy.fallbackChains === policy.fallbackChains) known.terms.set(limit, made)
  return made
}

const TERMS_KEPT = 10_000

/** Terms are made once for each limit of a budget, and shared: by identity they are known at once. */
const kept = new WeakMap<Budget, { policy: BudgetPolicy; terms: Map<number, Terms> }>()

const termsFor = (policy: BudgetPolicy, budget: Budget, limit: number): Terms => {
  const { window } = budget
  const content: Omit<Terms, "id"> = {
    budget: budget.id,
    unit: budget.unit,
    limit,
    observe: budget.observe ?? false,
    window: windowName(window),
    slidingMs: window.kind === "sliding" ? window.lengthMs : 0,
    bucketMs: window.kind === "sliding" ? bucketLength(window) : 0,
    idleMs: window.kind === "lifetime" ? window.idleMs : 0,
    tiers: budget.tiers
      .map((tier) => tierTerms(policy, tier, limit))
      .sort((one, other) => one.at - other.at),
  }
  return { id: JSON.stringify(content), ...content }
}

const BLOCKING_REPEAT_PERCENT = 100

const tierTerms = (policy: BudgetPolicy, tier: Tier, limit: number): TierTerms => {
  const repeat = tier.repeatPercent ?? (tier.effect === undefined ? 0 : BLOCKING_REPEAT_PERCENT)
  return {
    at: amountOf(tier.at, limit),
    repeat: shareOf(limit, repeat),
    effect: effectOf(tier, limit),
    degrade:
      tier.degrade === undefined
        ? null
        : (policy.fallbackChains?.get(tier.degrade) ?? [tier.degrade]),
    notify: tier.notify ?? [],
    escalateAfterMs: tier.escalateAfterMs ?? 0,
    message: tier.message ?? "",
    percent: "percent" in tier.at ? tier.at.percent : null,
  }
}

const effectOf = ({ effect }: Tier, limit: number): TierTerms["effect"] => {
  if (effect === undefined) return null
  if (effect.kind !== "trip") return { kind: effect.kind }
  const { coolDownMs, maxCoolDownMs, probation } = effect
  return {
    kind: "trip",
    coolDownMs,
    maxCoolDownMs: maxCoolDownMs ?? 8 * coolDownMs,
    probation:
      probation === undefined
        ? null
        : { allow: amountOf(probation.allow, limit), forMs: probation.forMs },
  }
}

const amountOf = (threshold: Threshold, limit: number): number =>
  "amount" in threshold ? threshold.amount : shareOf(limit, threshold.percent)

/** A share in percent, with at most four decimals, of an amount: exact, rounded up; what no meter can reach is 2^53 − 1. */
const shareOf = (limit: number, percent: number): number => {
  const product = BigInt(limit) * BigInt(Math.round(percent * 10_000))
  const share = (product + 999_999n) / 1_000_000n
  return share > BigInt(AMOUNT_MAX) ? AMOUNT_MAX : Number(share)
}
