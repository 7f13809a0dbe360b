import type { Plan } from "../domain/compile.ts"
import type { Policy, Rule } from "../domain/policy.ts"
import type { RuleAdds, RuleFacts } from "../domain/rule.ts"
import { switchKey } from "../domain/subject.ts"
import type { EpochMs } from "../domain/time.ts"
import { RequestFailed } from "./errors.ts"

/** A plan to which rules may have added. */
export interface RuledPlan extends Plan {
  /** What a refusal starts with, instead of the policy's `onRefused`. */
  readonly fallback?: string
}

/** What all rules add to one plan. */
export interface Said {
  /** With the budgets that bind this request, and no others. */
  readonly policy: Policy
  readonly switches: readonly string[]
  /** Of the first rule that names one. */
  readonly fallback: string | undefined
  readonly untilMs: EpochMs
}

/**
 * The policy with rules: their budgets come after its own, in the order of the rules.
 *
 * @throws RequestFailed `invalid-command` where a rule or a budget is there twice, or a budget degrades to no fallback
 */
export const withRules = (policy: Policy, rules: readonly Rule[] | undefined): Policy => {
  if (rules === undefined || rules.length === 0) return policy
  const added = rules.flatMap(({ name, budgets }) =>
    budgets.map((budget) => ({ ...budget, rule: name })),
  )
  const budgets = [...policy.budgets, ...added]
  const twice = twiceIn(rules.map(({ name }) => name)) ?? twiceIn(budgets.map(({ id }) => id))
  if (twice !== null)
    throw new RequestFailed(
      "invalid-command",
      `\`${twice}\` is there twice; name the rule otherwise`,
    )
  if (budgets.length > BUDGETS_MAX)
    throw new RequestFailed(
      "invalid-command",
      `policy and rules have ${budgets.length} budgets; at most ${BUDGETS_MAX} bind one request`,
    )
  for (const { rule, tiers } of added)
    for (const { degrade } of tiers)
      if (degrade !== undefined && !policy.fallbacks.has(degrade))
        throw failed(rule, `degrades to \`${degrade}\`, which the policy has no fallback of`)
  return { ...policy, budgets, rules: [...(policy.rules ?? []), ...rules] }
}

const BUDGETS_MAX = 32

/**
 * Asks every rule. One that is at fault refuses the request: it never passes unguarded.
 *
 * @throws RequestFailed `invalid-command`, naming the rule
 */
export const sayRules = (policy: Policy, rules: readonly Rule[], facts: RuleFacts): Said => {
  const frozen = Object.freeze({ ...facts, subject: Object.freeze({ ...facts.subject }) })
  const named = new Set<string>()
  const switches: string[] = []
  let fallback: string | undefined
  let untilMs = Number.POSITIVE_INFINITY
  for (const rule of rules) {
    const adds = askRule(rule, frozen)
    for (const id of adds.budgets ?? []) named.add(`${rule.name}:${id}`)
    for (const { dimension, value } of adds.switches ?? [])
      switches.push(switchKey(dimension, value))
    if (adds.fallback !== undefined && !policy.fallbacks.has(adds.fallback))
      throw failed(rule.name, `names \`${adds.fallback}\`, which the policy has no fallback of`)
    fallback ??= adds.fallback
    untilMs = Math.min(untilMs, adds.untilMs ?? Number.POSITIVE_INFINITY)
  }
  const budgets = policy.budgets.filter(({ id, rule }) => rule === undefined || named.has(id))
  return { policy: { ...policy, budgets }, switches, fallback, untilMs }
}

/**
 * What one rule answers, looked over.
 *
 * @throws RequestFailed `invalid-command` where it throws, or answers with something that it has not
 */
export const askRule = (rule: Rule, facts: RuleFacts): RuleAdds => {
  let adds: RuleAdds
  try {
    adds = rule.apply(facts)
  } catch (error) {
    // The message may carry what the rule has looked at.
    throw failed(rule.name, `threw \`${error instanceof Error ? error.name : typeof error}\``)
  }
  const wrong = wrongIn(rule, adds, facts)
  if (wrong !== null) throw failed(rule.name, wrong)
  return adds
}

const wrongIn = (rule: Rule, adds: unknown, { atMs }: RuleFacts): string | null => {
  if (typeof adds !== "object" || adds === null || "then" in adds)
    return "did not answer with an object; return e.g. {}"
  const { budgets = [], switches = [], fallback, untilMs } = adds as Record<keyof RuleAdds, unknown>
  if (!Array.isArray(budgets)) return "gave `budgets` that are not a list"
  const known = new Set(rule.budgets.map(({ id }) => id))
  for (const id of budgets)
    if (!known.has(`${rule.name}:${id}`)) return "named a budget that it does not have"
  if (!Array.isArray(switches) || !switches.every(isSwitch))
    return 'gave `switches` that are not a list of { dimension: "team", value: "t1" }'
  if (fallback !== undefined && typeof fallback !== "string")
    return "gave a `fallback` without a name"
  if (untilMs !== undefined && !(Number.isSafeInteger(untilMs) && Number(untilMs) > atMs))
    return "gave an `untilMs` that is not an instant after now, in whole epoch milliseconds"
  return null
}

const isSwitch = (one: unknown): boolean => {
  const { dimension, value } = (one ?? {}) as { dimension?: unknown; value?: unknown }
  return typeof dimension === "string" && dimension !== "" && typeof value === "string"
}

const failed = (rule: string, what: string): RequestFailed =>
  new RequestFailed(
    "invalid-command",
    `rule \`${rule}\` ${what}; hold it to its laws by \`checkRule\``,
  )

const twiceIn = (names: readonly string[]): string | null =>
  names.find((name, at) => names.indexOf(name) !== at) ?? null
