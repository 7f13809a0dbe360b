import { compile } from "../domain/compile.ts"
import type { Policy } from "../domain/policy.ts"
import type { Subject } from "../domain/subject.ts"
import { RequestFailed } from "./errors.ts"
import type { LeasedPlan } from "./leases/leasePlan.ts"
import type { Recalled } from "./refusals.ts"
import { type RuledPlan, type Said, sayRules } from "./rules.ts"

/** A plan as it is kept with its subject. */
export interface Kept {
  readonly plan: RuledPlan
  readonly policy: Policy
  readonly model: string | undefined
  readonly provider: string | undefined
  /** No budget and no rule of the policy looks at them. */
  readonly isForAllModels: boolean
  readonly names: readonly string[]
  readonly values: readonly unknown[]
  readonly fromMs: number
  readonly untilMs: number
  /** What the memory of refusals knows of its lines. */
  recalled: Recalled | null
  /** Which of its lines slices may carry; null where none, undefined before the first look. */
  leased: LeasedPlan | null | undefined
}

/** The host's own limits are asked for again after this long. */
const LIMITS_KEPT_MS = 10_000

/** Compiles requests, and keeps each plan with the subject's own object while its periods last. */
export class Plans {
  readonly #kept = new WeakMap<Subject, Kept>()

  /** @throws RequestFailed `missing-dimension`, or `invalid-command` where the subject is not one */
  planOf(
    policy: Policy,
    subject: Subject,
    issuedAtMs: number,
    model: string | undefined,
    provider: string | undefined,
  ): Kept {
    const kept = this.#kept.get(subject)
    if (
      kept !== undefined &&
      kept.policy === policy &&
      issuedAtMs >= kept.fromMs &&
      issuedAtMs < kept.untilMs &&
      (kept.isForAllModels || (kept.model === model && kept.provider === provider)) &&
      isSame(kept, subject)
    )
      return kept
    return this.#compile(policy, subject, issuedAtMs, model, provider)
  }

  #compile(
    policy: Policy,
    subject: Subject,
    issuedAtMs: number,
    model: string | undefined,
    provider: string | undefined,
  ): Kept {
    checkSubject(subject)
    const facts = { subject, model, provider, atMs: issuedAtMs }
    const said = policy.rules === undefined ? null : sayRules(policy, policy.rules, facts)
    const plan = compile(said === null ? policy : said.policy, subject, issuedAtMs, {
      ...(model !== undefined && { model }),
      ...(provider !== undefined && { provider }),
    })
    if ("missing" in plan)
      throw new RequestFailed(
        "missing-dimension",
        `budget \`${plan.budget}\` counts by \`${plan.missing}\`, which the subject lacks; name it, or set \`whenMissing: "skip"\``,
      )
    let fromMs = Number.NEGATIVE_INFINITY
    let untilMs = said?.untilMs ?? Number.POSITIVE_INFINITY
    for (const { period, terms } of plan.lines) {
      const { startMs } = period
      const endMs = terms.slidingMs > 0 ? startMs + terms.bucketMs : period.endMs
      fromMs = Math.max(fromMs, startMs)
      untilMs = Math.min(untilMs, endMs)
    }
    const names = Object.keys(subject)
    const values = names.map((name) => subject[name])
    if (policy.limitFor !== undefined) untilMs = Math.min(untilMs, issuedAtMs + LIMITS_KEPT_MS)
    const kept: Kept = {
      plan: said === null ? plan : ruled(plan, said),
      policy,
      model,
      provider,
      isForAllModels:
        said === null &&
        !policy.budgets.some(
          ({ match }) => match?.model !== undefined || match?.provider !== undefined,
        ),
      names,
      values,
      fromMs,
      untilMs,
      recalled: null,
      leased: undefined,
    }
    this.#kept.set(subject, kept)
    return kept
  }
}

const ruled = (plan: RuledPlan, { switches, fallback }: Said): RuledPlan => ({
  ...plan,
  switches: [...new Set([...plan.switches, ...switches])],
  ...(fallback !== undefined && { fallback }),
})

/** A host may change its object between calls: the plan is for the values it was made from. */
const isSame = (kept: Kept, subject: Subject): boolean => {
  let count = 0
  for (const name in subject) {
    if (kept.names[count] !== name || kept.values[count] !== subject[name]) return false
    count += 1
  }
  return count === kept.names.length
}

/** @throws RequestFailed `invalid-command` where it is not an object of strings, or names the platform */
export const checkSubject = (subject: Subject): void => {
  if (typeof subject !== "object" || subject === null)
    throw new RequestFailed(
      "invalid-command",
      '`subject` is not an object of dimensions; give e.g. { apiKey: "k1" }',
    )
  for (const name of Object.keys(subject)) {
    if (typeof subject[name] !== "string")
      throw new RequestFailed("invalid-command", `\`subject.${name}\` is not a string`)
    if (name === "platform")
      throw new RequestFailed(
        "invalid-command",
        "`subject.platform` is implied, never named; leave it out",
      )
  }
}
