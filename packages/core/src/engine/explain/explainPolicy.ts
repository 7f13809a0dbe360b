import { REFUSAL_REASONS } from "../../domain/outcome.ts"
import type { Fallback, Policy } from "../../domain/policy.ts"
import { durationText, explainBudget } from "./explainBudget.ts"
import { type Finding, findingsOf } from "./findings.ts"
import { type WorstBill, worstBills } from "./worstBills.ts"

export type { Finding } from "./findings.ts"
export type { BillProof, BillSpan, WorstBill } from "./worstBills.ts"

/** What a policy will do, in words and figures. */
export interface PolicyExplanation {
  /** What each budget, tier and circuit will do, in plain words. */
  readonly budgets: readonly { readonly id: string; readonly sentences: readonly string[] }[]
  /** What wins where several reasons refuse. */
  readonly refusalOrder: readonly string[]
  readonly worstBills: readonly WorstBill[]
  /** What cannot do what it seems to be there for. */
  readonly findings: readonly Finding[]
  /** The calendar of the bills: that of all windows where they share one, else UTC. */
  readonly timeZone: string
  /** What holds for every request. */
  readonly general: readonly string[]
}

/**
 * What a policy will do, and the most that it lets anyone spend while nobody acknowledges anything, by the
 * time of reservation. The bounds are bounds of estimates: they hold where the worst case of a call does.
 */
export const explainPolicy = (policy: Policy): PolicyExplanation => {
  const timeZone = calendarOf(policy)
  return {
    budgets: policy.budgets.map((budget) => ({
      id: budget.id,
      sentences: explainBudget(policy, budget),
    })),
    refusalOrder: [...REFUSAL_REASONS, "store-unavailable"],
    worstBills: worstBills(policy, timeZone),
    findings: findingsOf(policy),
    timeZone,
    general: generalOf(policy),
  }
}

const calendarOf = ({ budgets }: Policy): string => {
  const zones = new Set(
    budgets.flatMap(({ window }) => ("timeZone" in window ? [window.timeZone] : [])),
  )
  const [only] = zones
  return zones.size === 1 && only !== undefined ? only : "UTC"
}

const generalOf = (policy: Policy): readonly string[] => {
  const unknown = {
    refuse: "A model without a known price is refused.",
    price: "A model without a known price counts at the policy's own rates.",
    "count-tokens-only":
      "A model without a known price costs nothing in USD: only tokens and requests bind it.",
  }[policy.unknownModel.kind]
  const output =
    policy.maxOutputTokens === null
      ? "A call without an output limit is bounded by what its model can write."
      : `A call without an output limit is bounded to ${policy.maxOutputTokens} tokens.`
  const start =
    policy.onRefused === null ? [] : [`A refused call first tries fallback ${policy.onRefused}.`]
  const limits =
    policy.limitFor === undefined
      ? []
      : ["The host gives limits of its own: the bills below hold only for whoever has none."]
  const fallbacks = [...policy.fallbacks].map(([name, fallback]) => fallbackText(name, fallback))
  return [unknown, awayText(policy), output, ...start, ...fallbacks, ...limits]
}

const awayText = ({ onStoreUnavailable: rule }: Policy): string => {
  switch (rule.kind) {
    case "deny":
      return "While the store does not answer, every call is refused."
    case "allow":
      return "While the store does not answer, every call is let through and counted afterwards: nothing bounds the bill then."
    case "degrade":
      return `While the store does not answer, each of ${rule.hosts} hosts spends up to its part of ${rule.sharePercent} % of what it last knew to be left; where it knows nothing, every call is refused.`
  }
}

const fallbackText = (name: string, fallback: Fallback): string => {
  const next = "next" in fallback && fallback.next !== undefined ? `, then ${fallback.next}` : ""
  switch (fallback.kind) {
    case "model":
      return `Fallback ${name}: model ${fallback.model}${next}.`
    case "wait":
      return `Fallback ${name}: wait up to ${durationText(fallback.forMs)} and ask again${next}.`
    case "answer":
      return `Fallback ${name}: a canned answer.`
    case "custom":
      return `Fallback ${name}: the host's own handler${next}.`
  }
}
