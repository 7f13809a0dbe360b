import fc from "fast-check"
import type { Rule } from "../../domain/policy.ts"
import type { RuleAdds, RuleFacts } from "../../domain/rule.ts"
import { DAY_MS, HOUR_MS } from "../../domain/time.ts"
import { askRule } from "../../engine/rules.ts"
import { anyFacts } from "./facts.ts"

/** What is tried, and how often. */
export interface CheckRuleOptions {
  /** Values that the rule tells apart, by dimension: `{ plan: ["trial"] }`. */
  readonly values?: Readonly<Record<string, readonly string[]>>
  /** Models that it tells apart. */
  readonly models?: readonly string[]
  /** Requests of your own, instead of those that are made from the rule. */
  readonly facts?: fc.Arbitrary<RuleFacts>
  /** 300 unless given. */
  readonly runs?: number
  /** The same seed tries the same requests; 42 unless given. */
  readonly seed?: number
  /** From a failure: tries that request alone. */
  readonly path?: string
}

/** The laws of rules: three that all keep, and what a rule may claim. */
export type RuleLaw = "total" | "deterministic" | "lasting" | "monotone"

/** A rule breaks a law. The message shows the request that does it, and how to try it again. */
export class RuleBroken extends Error {
  readonly _tag = "RuleBroken"
  override readonly name = "RuleBroken"
  readonly rule: string
  readonly law: RuleLaw
  readonly facts: RuleFacts
  constructor(
    rule: string,
    broken: { readonly law: RuleLaw; readonly facts: RuleFacts; readonly why: string },
    where: { readonly seed: number; readonly path: string },
  ) {
    const { law, facts, why } = broken
    super(
      `rule \`${rule}\` is not ${law}: of ${JSON.stringify(facts)} it ${why}\ntry it again with { seed: ${where.seed}, path: "${where.path}" }`,
    )
    this.rule = rule
    this.law = law
    this.facts = facts
  }
}

/**
 * Holds a rule to the laws of rules, by random requests:
 * - total: it answers every request, changes nothing of it, and names only what it has;
 * - deterministic: the same request gets the same answer, whatever was asked between;
 * - lasting: until its `untilMs`, or for ever without one, the answer is the same;
 * - monotone, where it claims that: a subject with more dimensions is bound by no fewer budgets and switches.
 *
 * That it removes no line needs no law: what a rule answers can only add.
 *
 * @returns how many requests were tried
 * @throws RuleBroken with the smallest request that was found
 */
export const checkRule = (
  rule: Rule,
  options: CheckRuleOptions = {},
): { readonly requests: number } => {
  const { runs = 300, seed = 42, path } = options
  const facts = options.facts ?? anyFacts(rule, options.values ?? {}, options.models ?? [])
  const pairs = fc.record({ facts, other: facts, laterMs: anyLater })
  const result = fc.check(
    fc.property(pairs, (tried) => brokenBy(rule, tried) === null),
    { numRuns: runs, seed, ...(path !== undefined && { path }) },
  )
  if (!result.failed) return { requests: result.numRuns }
  const [found] = result.counterexample ?? []
  if (found === undefined) throw result.errorInstance ?? new Error("the check was interrupted")
  const broken = brokenAgain(rule, found) ?? {
    law: "deterministic" as const,
    facts: found.facts,
    why: "did not do again what it did",
  }
  throw new RuleBroken(rule.name, broken, { seed, path: result.counterexamplePath ?? "" })
}

interface Tried {
  readonly facts: RuleFacts
  readonly other: RuleFacts
  readonly laterMs: number
}

const anyLater = fc.oneof(fc.constantFrom(1, HOUR_MS, DAY_MS), fc.nat({ max: 400 * DAY_MS }))

/** A rule that is random breaks this law or that: where it ever answers one request in two ways, that is told. */
const brokenAgain = (
  rule: Rule,
  found: Parameters<typeof brokenBy>[1],
): ReturnType<typeof brokenBy> => {
  const all = Array.from({ length: AGAIN }, () => brokenBy(rule, found))
  return (
    all.find((broken) => broken?.law === "deterministic") ?? all.find((one) => one !== null) ?? null
  )
}

const AGAIN = 32

const brokenBy = (
  rule: Rule,
  { facts, other, laterMs }: Tried,
): { readonly law: RuleLaw; readonly facts: RuleFacts; readonly why: string } | null => {
  const first = answerOf(rule, facts)
  if (typeof first === "string") return { law: "total", facts, why: first }
  for (const between of [null, other]) {
    if (between !== null) answerOf(rule, between)
    const again = answerOf(rule, facts)
    if (textOf(again) !== textOf(first))
      return { law: "deterministic", facts, why: `says ${textOf(first)}, then ${textOf(again)}` }
  }
  const laterAtMs = Math.min(facts.atMs + laterMs, (first.untilMs ?? Number.POSITIVE_INFINITY) - 1)
  const later = answerOf(rule, { ...facts, atMs: laterAtMs })
  if (textOf(withoutEnd(later)) !== textOf(withoutEnd(first)))
    return {
      law: "lasting",
      facts,
      why: `says ${textOf(first)}, and at ${laterAtMs} already ${textOf(later)}; give \`untilMs\``,
    }
  return rule.claims.includes("monotone") ? loosened(rule, facts, other, first) : null
}

/** The other's further dimensions are added to the subject. */
const loosened = (
  rule: Rule,
  facts: RuleFacts,
  other: RuleFacts,
  first: RuleAdds,
): { readonly law: RuleLaw; readonly facts: RuleFacts; readonly why: string } | null => {
  const more = { ...facts, subject: { ...other.subject, ...facts.subject } }
  const next = answerOf(rule, more)
  if (typeof next === "string") return { law: "total", facts: more, why: next }
  const kept = new Set(bindingsOf(next))
  const lost = bindingsOf(first).filter((one) => !kept.has(one))
  if (lost.length === 0) return null
  return {
    law: "monotone",
    facts,
    why: `adds ${lost.join(", ")}, and no more where the subject is ${JSON.stringify(more.subject)}`,
  }
}

const answerOf = (rule: Rule, facts: RuleFacts): RuleAdds | string => {
  try {
    return askRule(rule, Object.freeze({ ...facts, subject: Object.freeze({ ...facts.subject }) }))
  } catch (error) {
    return `fails: ${error instanceof Error ? error.message : String(error)}`
  }
}

const bindingsOf = ({ budgets = [], switches = [] }: RuleAdds): readonly string[] => [
  ...budgets.map((id) => `budget ${id}`),
  ...switches.map(({ dimension, value }) => `switch ${dimension} ${value}`),
]

const withoutEnd = (answer: RuleAdds | string): RuleAdds | string => {
  if (typeof answer === "string") return answer
  const { untilMs: _, ...rest } = answer
  return rest
}

const textOf = (answer: RuleAdds | string): string => JSON.stringify(answer)
