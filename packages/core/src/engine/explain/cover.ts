import type { EpochMs } from "../../domain/time.ts"
import type { Window } from "../../domain/window.ts"
import { endOfPeriod } from "./periods.ts"

/** A stretch of time `[startMs, endMs)`. */
export interface Span {
  readonly startMs: EpochMs
  readonly endMs: EpochMs
}

/** A budget as it binds one payer: its window and its cap in the budget's unit. */
export interface Bound {
  readonly id: string
  readonly window: Window
  readonly cap: bigint
}

/** Periods that cover a span, by budget, and what their caps add up to. */
export interface Cover {
  readonly amount: bigint
  readonly by: readonly { readonly budget: string; readonly periods: number }[]
}

/**
 * The cheapest way to cover a span with periods of the budgets: the most that can be spent in it.
 *
 * Whatever is spent at an instant counts in every budget's period of that instant. So any set of periods that
 * covers the span bounds what is spent in it by the sum of their caps; and the cheapest such set is reached,
 * for the periods are intervals of one line: the matrix of a linear program over intervals is totally
 * unimodular, and its dual is this cover. It is found as a shortest path: from an instant, each budget leads
 * to the end of its period, at the price of its cap.
 *
 * @returns null where no budget binds
 */
export const cheapestCover = (span: Span, bounds: readonly Bound[]): Cover | null => {
  const frontier = new Frontier()
  frontier.put({ atMs: span.startMs, amount: 0n, from: null, by: null })
  let reachedMs = Number.NEGATIVE_INFINITY
  for (let step = frontier.take(); step !== undefined; step = frontier.take()) {
    // Covering more never costs less: who came as far for as little before is the better.
    if (step.atMs <= reachedMs) continue
    reachedMs = step.atMs
    if (reachedMs >= span.endMs) return told(step)
    for (const bound of bounds) {
      const atMs = endOfPeriod(bound.window, reachedMs)
      frontier.put({ atMs, amount: step.amount + bound.cap, from: step, by: bound })
    }
  }
  return null
}

interface Step {
  readonly atMs: EpochMs
  readonly amount: bigint
  readonly from: Step | null
  readonly by: Bound | null
}

const told = (last: Step): Cover => {
  const by = new Map<string, number>()
  for (let step: Step | null = last; step !== null; step = step.from)
    if (step.by !== null) by.set(step.by.id, (by.get(step.by.id) ?? 0) + 1)
  return {
    amount: last.amount,
    by: [...by].map(([budget, periods]) => ({ budget, periods })).reverse(),
  }
}

/** Steps by amount, of equal ones the furthest first. Few at a time: each budget adds one. */
class Frontier {
  /** The cheapest is the last. */
  readonly #steps: Step[] = []

  put(step: Step): void {
    let low = 0
    let high = this.#steps.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.#steps[middle]
      if (other !== undefined && isBetter(step, other)) low = middle + 1
      else high = middle
    }
    this.#steps.splice(low, 0, step)
  }

  take(): Step | undefined {
    return this.#steps.pop()
  }
}

const isBetter = (one: Step, other: Step): boolean =>
  one.amount !== other.amount ? one.amount < other.amount : one.atMs > other.atMs
