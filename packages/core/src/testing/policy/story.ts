import fc from "fast-check"
import type { Budget, Policy } from "../../domain/policy.ts"
import { PLATFORM, type Subject } from "../../domain/subject.ts"
import { type DurationMs, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../domain/time.ts"

/** How long after the step before: a while, or until the end of a budget's current period, or just before it. */
export type After =
  | { readonly kind: "while"; readonly ms: DurationMs }
  | { readonly kind: "edge"; readonly budget: string; readonly beforeMs: 0 | 1 }

/** How much: one of the smallest amount, a share of the tightest cap, or one above that cap. */
export type Share = "one" | "above" | { readonly percent: number }

/** Somebody calls a model. */
export interface CallStep {
  readonly kind: "call"
  readonly after: After
  readonly subject: Subject
  readonly model: string | undefined
  readonly provider: string | undefined
  /** What is held for it, of the tightest cap that it touches. */
  readonly share: Share
  /** What it costs in the end, in percent of what was held. */
  readonly usesPercent: number
  readonly runsMs: DurationMs
  /** Its host dies: nobody settles it, and it expires. */
  readonly isLost: boolean
}

/** One step of a story. Any part of a story is a story, so it can be cut down to what matters. */
export type StoryStep =
  | CallStep
  | {
      readonly kind: "acknowledge"
      readonly after: After
      readonly budget: string
      readonly subject: Subject
      /** A small step more, of the limit; null for a whole level. */
      readonly allow: Share | null
    }
  | {
      readonly kind: "trip"
      readonly after: After
      readonly budget: string
      readonly subject: Subject
      readonly coolDownMs: DurationMs
    }
  | { readonly kind: "outage"; readonly after: After; readonly lastsMs: DurationMs }
  | {
      readonly kind: "switch"
      readonly after: After
      readonly dimension: string
      readonly value: string
      readonly state: "off" | "on"
    }

/** What may go wrong beside the callers. */
export interface StoryFaults {
  /** Hosts die: what they held expires. */
  readonly lostCalls?: boolean
  /** Calls run on for longer than what is held for them lives: they settle after it has expired. */
  readonly lateSettles?: boolean
  /** Calls cost up to twice their worst case. The worst bills are then not asserted: they bound estimates. */
  readonly overcharges?: boolean
  /** The store is silent for a while: hosts do what the policy's `onStoreUnavailable` says. */
  readonly outages?: boolean
}

/** Calls of the policy's own dimensions and models, to its limits and around its periods' edges. */
export const anyCall = (policy: Policy, faults: StoryFaults = {}): fc.Arbitrary<CallStep> =>
  fc.record({
    kind: fc.constant("call" as const),
    after: anyAfter(policy),
    subject: anySubject(policy),
    model: anyOf(policy, ({ match }) => match?.model),
    provider: anyOf(policy, ({ match }) => match?.provider),
    share: anyShare,
    usesPercent: fc.constantFrom(...[100, 50, 0], ...(faults.overcharges === true ? [200] : [])),
    runsMs: fc.constantFrom<DurationMs>(
      ...[0, SECOND_MS, 5 * MINUTE_MS, 2 * HOUR_MS],
      ...(faults.lateSettles === true ? [6 * HOUR_MS] : []),
    ),
    isLost: faults.lostCalls === true ? fc.boolean() : fc.constant(false),
  })

/** Calls, people who acknowledge, trip and switch, and outages where they are asked for. */
export const anyStep = (policy: Policy, faults: StoryFaults = {}): fc.Arbitrary<StoryStep> =>
  fc.oneof(
    { weight: 12, arbitrary: anyCall(policy, faults) },
    { weight: 3, arbitrary: anyAcknowledge(policy) },
    { weight: 1, arbitrary: anyTrip(policy) },
    { weight: 1, arbitrary: anySwitch(policy) },
    { weight: faults.outages === true ? 2 : 0, arbitrary: anyOutage },
  )

/** People who have seen it, and let it go on. */
export const anyAcknowledge = (policy: Policy): fc.Arbitrary<StoryStep> =>
  fc.record({
    kind: fc.constant("acknowledge" as const),
    after: anyAfter(policy),
    budget: anyBudget(policy),
    subject: anySubject(policy),
    allow: fc.option(anyShare, { nil: null }),
  })

const anyTrip = (policy: Policy): fc.Arbitrary<StoryStep> =>
  fc.record({
    kind: fc.constant("trip" as const),
    after: anyAfter(policy),
    budget: anyBudget(policy),
    subject: anySubject(policy),
    coolDownMs: fc.constantFrom<DurationMs>(MINUTE_MS, HOUR_MS),
  })

const anySwitch = (policy: Policy): fc.Arbitrary<StoryStep> =>
  fc
    .tuple(anyWhile, anySubject(policy), fc.nat(), fc.constantFrom("off" as const, "on"))
    .map(([after, subject, at, state]) => {
      const names = Object.keys(subject)
      const dimension = names.length === 0 ? PLATFORM : (names[at % names.length] ?? PLATFORM)
      return { kind: "switch", after, dimension, value: subject[dimension] ?? "all", state }
    })

/**
 * One value each of the policy's dimensions: those with limits of their own, and two without. A dimension that
 * every budget may skip is sometimes left out.
 */
export const anySubject = (policy: Policy): fc.Arbitrary<Subject> => {
  const values = valuesOf(policy)
  const isNeeded = (name: string): boolean =>
    policy.budgets.some(({ per, whenMissing }) => per.includes(name) && whenMissing !== "skip")
  const perName = [...values].map(([name, known]) => {
    const given = isNeeded(name) ? known : [...known, undefined]
    return fc.tuple(fc.constant(name), fc.constantFrom(...given))
  })
  return fc
    .tuple(...perName)
    .map((all) =>
      Object.fromEntries(
        all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
      ),
    )
}

const anyWhile: fc.Arbitrary<After> = fc.record({
  kind: fc.constant("while" as const),
  ms: fc.constantFrom<DurationMs>(0, SECOND_MS, MINUTE_MS, 30 * MINUTE_MS, HOUR_MS),
})

const anyOutage: fc.Arbitrary<StoryStep> = fc.record({
  kind: fc.constant("outage" as const),
  after: anyWhile,
  lastsMs: fc.constantFrom<DurationMs>(SECOND_MS, 5 * MINUTE_MS, 2 * HOUR_MS),
})

const anyBudget = ({ budgets }: Policy): fc.Arbitrary<string> =>
  fc.constantFrom(...budgets.map(({ id }) => id))

/** How long a step waits: a while, or until an edge of one of the policy's periods. */
export const anyAfter = (policy: Policy): fc.Arbitrary<After> =>
  fc.oneof(
    anyWhile,
    fc.record({
      kind: fc.constant("edge" as const),
      budget: anyBudget(policy),
      beforeMs: fc.constantFrom<0 | 1>(0, 1),
    }),
  )

/** A shrunk story has the whole cap where it can: that is what people read most easily. */
const anyShare: fc.Arbitrary<Share> = fc.constantFrom<Share>(
  { percent: 100 },
  { percent: 50 },
  { percent: 80 },
  { percent: 10 },
  "one",
  "above",
)

const NAMED_MAX = 2

const valuesOf = ({ budgets }: Policy): ReadonlyMap<string, readonly string[]> => {
  const values = new Map<string, string[]>()
  for (const { per, overrides, match } of budgets) {
    for (const name of per) if (name !== PLATFORM) values.set(name, values.get(name) ?? [])
    const last = per.at(-1) ?? PLATFORM
    if (last !== PLATFORM)
      values.get(last)?.push(...[...(overrides?.keys() ?? [])].slice(0, NAMED_MAX))
    for (const [name, patterns] of Object.entries(match?.subject ?? {}))
      values.set(name, [...(values.get(name) ?? []), ...patterns.map(exampleOf)])
  }
  for (const [name, known] of values)
    values.set(name, [...new Set([`${name}-1`, `${name}-2`, ...known])])
  return values
}

const anyOf = (
  { budgets }: Policy,
  patternsOf: (budget: Budget) => readonly string[] | undefined,
): fc.Arbitrary<string | undefined> => {
  const examples = budgets.flatMap((budget) => patternsOf(budget)?.map(exampleOf) ?? [])
  return fc.constantFrom<string | undefined>(undefined, ...new Set(examples))
}

/** A name that a pattern matches. */
export const exampleOf = (pattern: string): string => pattern.replaceAll("*", "x")
