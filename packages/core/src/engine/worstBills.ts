import { termsOf } from "../domain/compile.ts"
import { AMOUNT_MAX } from "../domain/money.ts"
import type { Budget, Match, Policy } from "../domain/policy.ts"
import { PLATFORM } from "../domain/subject.ts"
import type { Terms, Unit } from "../domain/terms.ts"
import { type BillSpan, periodsTouched } from "./explainSpans.ts"

/** The most that one payer may spend, in the unit (nano-USD for `usd`); null where nothing bounds it. */
export interface WorstBill {
  /** The dimensions whose values are one payer: `apiKey`; `platform` is everybody together. */
  readonly per: readonly string[]
  readonly unit: Unit
  /** Only calls of these models and providers; absent: all calls. */
  readonly match?: Match
  /** Calendar hours, days and months are those of `timeZone`. */
  readonly perHour: number | null
  /** Any 60 minutes: around a full hour two periods meet. */
  readonly perAnyHour: number | null
  readonly perDay: number | null
  readonly perMonth: number | null
  /** More, by all hosts together, each time that the store does not answer. */
  readonly perOutage: number | null
  /** The budgets that make the bounds, for hour, any hour, day and month. */
  readonly boundBy: readonly (string | null)[]
}

/**
 * The worst bills that a policy permits while nobody acknowledges. Of a payer, every budget binds that counts
 * by nothing else than the payer's dimensions: its cap times the periods that the span can touch. The
 * smallest of them is the bound; where subjects have limits of their own, of the subject with the most.
 */
export const worstBills = (policy: Policy, timeZone: string): readonly WorstBill[] =>
  rowsOf(policy).map((row) => {
    const budgets = policy.budgets.filter((budget) => binds(budget, row))
    const subjects = subjectsOf(policy, budgets)
    const [hour, anyHour, day, month] = SPANS.map((span) =>
      mostOf(subjects, ({ window }) => BigInt(periodsTouched(window, span, timeZone))),
    )
    return {
      ...row,
      perHour: amountOf(hour),
      perAnyHour: amountOf(anyHour),
      perDay: amountOf(day),
      perMonth: amountOf(month),
      perOutage: outageOf(policy, subjects),
      boundBy: [hour, anyHour, day, month].map((bound) => bound?.by ?? null),
    }
  })

const SPANS: readonly BillSpan[] = ["hour", "any-hour", "day", "month"]

type Row = Pick<WorstBill, "per" | "unit" | "match">

/** One row for each set of dimensions that a budget counts by, and one for everybody together. */
const rowsOf = ({ budgets }: Policy): readonly Row[] => {
  const rows = new Map<string, Row>()
  const add = (row: Row): void => {
    const key = JSON.stringify([row.unit, [...row.per].sort(), row.match ?? null])
    if (!rows.has(key)) rows.set(key, row)
  }
  for (const { per, unit, match } of budgets)
    add({ per, unit, ...(match !== undefined && { match }) })
  for (const { unit } of budgets) add({ per: [PLATFORM], unit })
  return [...rows.values()]
}

const binds = (budget: Budget, row: Row): boolean =>
  budget.observe !== true &&
  budget.unit === row.unit &&
  budget.per.every((dimension) => dimension === PLATFORM || row.per.includes(dimension)) &&
  (budget.match === undefined || JSON.stringify(budget.match) === JSON.stringify(row.match))

/** A budget as it binds one subject: its window and its cap; only budgets that have one. */
interface Bound {
  readonly id: string
  readonly window: Budget["window"]
  readonly cap: bigint
}

const SUBJECTS_MAX = 10_000

/** Every kind of subject that limits tell apart, as the budgets that bind it. */
const subjectsOf = (policy: Policy, budgets: readonly Budget[]): readonly (readonly Bound[])[] => {
  const named = new Map<string, Set<string>>()
  for (const { per, overrides } of budgets) {
    const dimension = per.at(-1) ?? PLATFORM
    const values = named.get(dimension) ?? new Set()
    for (const value of overrides?.keys() ?? []) values.add(value)
    named.set(dimension, values)
  }
  const count = [...named.values()].reduce((product, { size }) => product * (size + 1), 1)
  if (count > SUBJECTS_MAX) return [budgets.flatMap((budget) => largest(policy, budget))]
  let subjects: readonly ReadonlyMap<string, string>[] = [new Map()]
  for (const [dimension, values] of named)
    subjects = subjects.flatMap((subject) =>
      [null, ...values].map((value) =>
        value === null ? subject : new Map([...subject, [dimension, value]]),
      ),
    )
  return subjects.map((subject) =>
    budgets.flatMap((budget) =>
      boundOf(policy, budget, subject.get(budget.per.at(-1) ?? PLATFORM)),
    ),
  )
}

const boundOf = (policy: Policy, budget: Budget, value: string | undefined): readonly Bound[] => {
  const cap = capAtStart(termsOf(policy, budget, value ?? unnamed(budget)))
  return cap === null ? [] : [{ id: budget.id, window: budget.window, cap: BigInt(cap) }]
}

/** Too many subjects have limits of their own to look at each: the largest of each budget bounds all. */
const largest = (policy: Policy, budget: Budget): readonly Bound[] => {
  const all = [undefined, ...(budget.overrides?.keys() ?? [])].map((value) =>
    boundOf(policy, budget, value),
  )
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

interface Most {
  readonly amount: bigint
  readonly by: string
}

/** Of each subject the tightest budget, and of all subjects the one with the most; null where one has no bound. */
const mostOf = (
  subjects: readonly (readonly Bound[])[],
  times: (bound: Bound) => bigint,
): Most | null => {
  let most: Most | null = null
  for (const bounds of subjects) {
    let least: Most | null = null
    for (const bound of bounds) {
      const amount = bound.cap * times(bound)
      if (least === null || amount < least.amount) least = { amount, by: bound.id }
    }
    if (least === null) return null
    if (most === null || least.amount > most.amount) most = least
  }
  return most
}

/** What all hosts together may spend without the store: their shares of an unused cap at most. */
const outageOf = (policy: Policy, subjects: readonly (readonly Bound[])[]): number | null => {
  const rule = policy.onStoreUnavailable
  if (rule.kind === "deny") return 0
  if (rule.kind === "allow") return null
  const hosts = BigInt(rule.hosts)
  const share = BigInt(Math.round(rule.sharePercent * 10_000))
  const most = mostOf(
    subjects.map((bounds) =>
      bounds.map((bound) => ({
        ...bound,
        cap: ((bound.cap * share) / (1_000_000n * hosts)) * hosts,
      })),
    ),
    () => 1n,
  )
  return amountOf(most)
}

const amountOf = (most: Most | null | undefined): number | null =>
  most == null || most.amount > BigInt(AMOUNT_MAX) ? null : Number(most.amount)
