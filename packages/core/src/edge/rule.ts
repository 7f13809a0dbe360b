import type { Rule } from "../domain/policy.ts"
import type { RuleAdds, RuleClaim, RuleFacts } from "../domain/rule.ts"
import { decodeBudgets } from "./policy.ts"
import type { PolicyJson } from "./policyJson.ts"
import { PolicyInvalid, type Problem, shown } from "./problem.ts"

/** A rule as one writes it. */
export interface RuleJson<Id extends string = string> {
  /** Of 1 to 32 letters, digits, `-` and `_`; its budgets are `name:id` in decisions, events and accounts. */
  readonly name: string
  /** What it may add lines by, in the form of a policy's budgets. */
  readonly budgets?: readonly (PolicyJson["budgets"][number] & { readonly id: Id })[]
  /** `monotone`: who names more dimensions is bound by no fewer of its budgets and switches. */
  readonly claims?: readonly RuleClaim[]
  /** A pure function: the same facts, the same answer, and never an error. */
  readonly apply: (
    facts: RuleFacts,
  ) => Omit<RuleAdds, "budgets"> & { readonly budgets?: readonly Id[] }
}

/**
 * A rule of the host: it sees a request, and adds lines, switches or a fallback to what the policy says. It
 * can take nothing away. It is asked once per plan, so not on each call. `checkRule` of
 * `@spendfuse/core/testing` holds it to its laws.
 *
 * @throws PolicyInvalid with every problem of its name and its budgets
 *
 * @example
 * const trials = defineRule({
 *   name: "trials",
 *   budgets: [
 *     { id: "day", per: ["apiKey"], limit: { usd: 1 }, window: "day", tiers: [{ at: "100%", block: true }] },
 *   ],
 *   apply: ({ subject: { plan } }) => (plan === "trial" ? { budgets: ["day"] } : {}),
 * })
 */
export const defineRule = <const Id extends string>(json: RuleJson<Id>): Rule => {
  const { name, budgets = [], claims = [], apply } = json
  const problems: Problem[] = []
  if (!/^[\w-]{1,32}$/.test(name))
    problems.push({
      path: "name",
      message: `${shown(name)} is not a name of 1 to 32 letters, digits, "-" and "_"; write e.g. "trials"`,
    })
  if (typeof apply !== "function")
    problems.push({ path: "apply", message: "it is not a function; write e.g. () => ({})" })
  const named = budgets.map((budget) => ({ ...budget, id: `${name}:${budget.id}` }))
  const decoded = decodeBudgets(named)
  if (!decoded.ok) problems.push(...decoded.problems)
  if (problems.length > 0 || !decoded.ok) throw new PolicyInvalid(problems)
  return { name, budgets: decoded.budgets, claims, apply }
}
