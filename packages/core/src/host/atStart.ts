import { isAmount, LIMIT_NANO_USD_MAX } from "../domain/money.ts"
import type { LimitFor, Policy } from "../domain/policy.ts"
import { notesOf, warningsOf } from "../edge/policyWarnings.ts"
import { PolicyInvalid, type Problem, shown, under } from "../edge/problem.ts"
import { spanProblems } from "../edge/spanProblems.ts"
import { RequestFailed } from "../engine/errors.ts"
import type { Notice } from "../engine/notice.ts"
import { withRules } from "../engine/rules.ts"
import { staleSources } from "../prices/age.ts"
import type { SpendfuseOptions } from "./options.ts"

/**
 * The policy with the host's rules, fit for its notifiers and its store.
 *
 * @throws PolicyInvalid where it was not decoded, names a channel that nobody provides, or lacks a lease that
 *   the store needs; RequestFailed where the policy and its rules do not go together
 */
export const checkedPolicy = (
  written: Policy,
  { rules, notifiers, store }: Pick<SpendfuseOptions, "rules" | "notifiers" | "store">,
): Policy => {
  assertDecoded(written)
  const policy = withRules(written, rules)
  checkChannels(policy, notifiers)
  checkSpans(policy, store)
  return policy
}

/**
 * Whether every channel of the policy has a notifier.
 *
 * @throws PolicyInvalid naming each channel that nobody provides, with
 *   its place in the policy
 */
const checkChannels = (policy: Policy, notifiers: SpendfuseOptions["notifiers"]): void => {
  const problems: Problem[] = []
  for (const [budgetAt, { tiers }] of policy.budgets.entries())
    for (const [tierAt, tier] of tiers.entries())
      for (const [at, channel] of (tier.notify ?? []).entries()) {
        if (isNotifier(notifiers, channel)) continue
        const tierPath = under(under(under("budgets", budgetAt), "tiers"), tierAt)
        problems.push({
          path: under(under(tierPath, "notify"), at),
          message: `no notifier is given for channel ${shown(channel)}; add it to \`notifiers\`, e.g. consoleNotifier()`,
        })
      }
  if (problems.length > 0) throw new PolicyInvalid(problems)
}

const isNotifier = (notifiers: SpendfuseOptions["notifiers"], channel: string): boolean =>
  notifiers !== undefined &&
  Object.hasOwn(notifiers, channel) &&
  typeof notifiers[channel]?.deliver === "function"

/**
 * Whether the store can judge the policy.
 *
 * @throws PolicyInvalid naming each budget that must be leased because the store judges one division at a time
 */
const checkSpans = (policy: Policy, store: SpendfuseOptions["store"]): void => {
  const problems = spanProblems(policy, { spansDivisions: store.spansDivisions ?? true })
  if (problems.length > 0) throw new PolicyInvalid(problems)
}

/** @throws PolicyInvalid: what `JSON.parse` gives passes any type checker, and has no fallbacks, windows or amounts to decide by. */
const assertDecoded = (policy: Policy): void => {
  const { fallbacks } = (policy ?? {}) as Partial<Policy>
  if (fallbacks instanceof Map) return
  const message = "it is not a decoded policy; give what `definePolicy` or `decodePolicy` returns"
  throw new PolicyInvalid([{ path: "policy", message }])
}

/** What an operator should know before the first call, one sentence each. */
export const noticesAtStart = (
  options: Pick<SpendfuseOptions, "policy" | "store" | "prices" | "authenticated">,
  nowMs: number,
): readonly Notice[] => {
  const { policy, store, prices, authenticated } = options
  const warnings = [...warningsOf(policy, authenticated ?? [])]
  if (store.endsWithProcess === true)
    warnings.push(
      `store \`${store.name}\`: spend and latches end with this process, and a restart begins with fresh caps; give it a journal`,
    )
  warnings.push(...staleSources(prices?.sources ?? [], nowMs))
  return [
    ...warnings.map((message): Notice => ({ kind: "warning", message })),
    ...notesOf(policy).map((message): Notice => ({ kind: "note", message })),
  ]
}

/** The policy with the host's own limits, each checked when it is asked for. */
export const withLimits = (policy: Policy, limitFor: LimitFor | undefined): Policy => {
  if (limitFor === undefined) return policy
  const checked: LimitFor = (account) => {
    const limit = limitFor(account)
    if (limit === undefined || (isAmount(limit) && limit > 0 && limit <= LIMIT_NANO_USD_MAX))
      return limit
    throw new RequestFailed(
      "invalid-command",
      `\`limitFor\` gave \`${String(limit)}\` for budget \`${account.budget}\`; give an integer from 1 to ${LIMIT_NANO_USD_MAX} in its unit, or undefined`,
    )
  }
  return { ...policy, limitFor: checked }
}
