import { termsOf } from "../../domain/compile.ts"
import type { Budget, Match, Policy } from "../../domain/policy.ts"
import { PLATFORM, PLATFORM_VALUE } from "../../domain/subject.ts"
import type { Terms, Unit } from "../../domain/terms.ts"
import type { Bound } from "./cover.ts"

/** Who is one payer: the values of these dimensions, for calls that `match` narrows. */
export interface Payer {
  /** The dimensions whose values are one payer: `apiKey`; `platform` is everybody together. */
  readonly per: readonly string[]
  readonly unit: Unit
  /** Only calls of these models and providers; absent: all calls. */
  readonly match?: Match
}

/** One payer for each set of dimensions that a budget counts by, and one for everybody together. */
export const payersOf = ({ budgets }: Policy): readonly Payer[] => {
  const rows = new Map<string, Payer>()
  const add = (row: Payer): void => {
    const key = JSON.stringify([row.unit, [...row.per].sort(), row.match ?? null])
    if (!rows.has(key)) rows.set(key, row)
  }
  for (const { per, unit, match } of budgets)
    add({ per, unit, ...(match !== undefined && { match }) })
  for (const { unit } of budgets) add({ per: [PLATFORM], unit })
  return [...rows.values()]
}

/** A kind of subject that limits tell apart: its values with limits of their own, and the budgets that bind it. */
export interface Kind {
  readonly subject: ReadonlyMap<string, string>
  readonly bounds: readonly Bound[]
}

/**
 * The kinds of subjects of a payer that may spend the most: those that another kind does not surpass in every
 * budget. Of more than 10,000 kinds one that has the largest limit of each budget.
 */
export const kindsOf = (policy: Policy, payer: Payer): readonly Kind[] => {
  const budgets = policy.budgets.filter((budget) => binds(budget, payer))
  const kinds = new Map<string, Kind>()
  for (const kind of allKinds(policy, budgets)) {
    const key = kind.bounds.map(({ id, cap }) => `${id} ${cap}`).join()
    if (!kinds.has(key)) kinds.set(key, kind)
  }
  const all = [...kinds.values()]
  return all.filter((kind) => !all.some((other) => other !== kind && surpasses(other, kind)))
}

/** Whether a budget bounds what a payer spends: it counts by nothing else, enforces, and no rule may leave it out. */
export const binds = (budget: Budget, { per, unit, match }: Payer): boolean =>
  budget.observe !== true &&
  budget.rule === undefined &&
  budget.unit === unit &&
  budget.per.every((dimension) => dimension === PLATFORM || per.includes(dimension)) &&
  (budget.match === undefined || JSON.stringify(budget.match) === JSON.stringify(match))

/** Every budget that binds the one binds the other at least as much. */
const surpasses = (one: Kind, other: Kind): boolean =>
  one.bounds.every(({ id, cap }) =>
    other.bounds.some((bound) => bound.id === id && bound.cap <= cap),
  )

const KINDS_MAX = 10_000

/** Every kind of subject that the limits of these budgets tell apart, the largest of each budget where they are too many. */
export const allKinds = (policy: Policy, budgets: readonly Budget[]): readonly Kind[] => {
  const named = new Map<string, Set<string>>()
  for (const { per, overrides } of budgets) {
    const dimension = per.at(-1) ?? PLATFORM
    const values = named.get(dimension) ?? new Set()
    for (const value of overrides?.keys() ?? []) values.add(value)
    named.set(dimension, values)
  }
  const count = [...named.values()].reduce((product, { size }) => product * (size + 1), 1)
  if (count > KINDS_MAX)
    return [{ subject: new Map(), bounds: budgets.flatMap((budget) => largest(policy, budget)) }]
  let subjects: readonly ReadonlyMap<string, string>[] = [new Map()]
  for (const [dimension, values] of named)
    subjects = subjects.flatMap((subject) =>
      (dimension === PLATFORM ? [PLATFORM_VALUE] : [null, ...values]).map((value) =>
        value === null ? subject : new Map([...subject, [dimension, value]]),
      ),
    )
  return subjects.map((subject) => ({
    subject,
    bounds: budgets.flatMap((budget) =>
      boundOf(policy, budget, subject.get(budget.per.at(-1) ?? PLATFORM)),
    ),
  }))
}

const boundOf = (policy: Policy, budget: Budget, value: string | undefined): readonly Bound[] => {
  const cap = capAtStart(termsOf(policy, budget, value ?? unnamed(budget)))
  return cap === null ? [] : [{ id: budget.id, window: budget.window, cap: BigInt(cap) }]
}

/** Too many subjects have limits of their own to look at each: the largest of each budget bounds all. */
const largest = (policy: Policy, budget: Budget): readonly Bound[] => {
  const values =
    budget.per.at(-1) === PLATFORM
      ? [PLATFORM_VALUE]
      : [undefined, ...(budget.overrides?.keys() ?? [])]
  const all = values.map((value) => boundOf(policy, budget, value))
  if (all.some((bound) => bound.length === 0)) return []
  return [all.flat().reduce((most, bound) => (bound.cap > most.cap ? bound : most))]
}

/** The lowest level that blocks, before any acknowledgement; null where none does. */
export const capAtStart = ({ tiers }: Terms): number | null => {
  const blocking = tiers.filter(({ effect }) => effect !== null).map(({ at }) => at)
  return blocking.length === 0 ? null : Math.min(...blocking)
}

/** A value that has no limit of its own. */
export const unnamed = ({ overrides }: Budget): string => {
  let value = ""
  while (overrides?.has(value) === true) value += "-"
  return value
}
