import type { Line } from "../domain/command.ts"
import type { Obstacle } from "../domain/outcome.ts"
import type { Estimate } from "./estimate.ts"

type LineObstacle = Extract<Obstacle, { kind: "line" }>

/** A plan that remembers what is remembered of its lines. */
export interface Recalls {
  readonly plan: { readonly lines: readonly Line[] }
  recalled: Recalled | null
}

/** The remembered refusals of a plan's lines, at one version of the memory. */
export interface Recalled {
  readonly version: number
  readonly lines: readonly { readonly line: Line; readonly known: Remembered }[]
}

export interface Remembered {
  readonly obstacle: LineObstacle
  readonly periodStartMs: number
  readonly termsId: string
  readonly untilMs: number
  swallowed: number
}

/** A refusal is trusted this long at most. */
const REMEMBERED_MS = 1_000
const ACCOUNTS_MAX = 10_000
const SWALLOWED_MAX = 1_000_000

/**
 * Remembers refusals per line: a circuit that does not admit, or how little is left beside what is
 * settled. So a retry storm costs the store nothing, and a small call is not refused for a large one.
 * `busy`, `probation` and `degraded` are never remembered: they end by others' doing, or do not hold for all.
 */
export class Refusals {
  readonly #lines = new Map<string, Remembered>()
  /** Counts what was added and forgotten. */
  #version = 0

  get isEmpty(): boolean {
    return this.#lines.size === 0
  }

  /** The remembered obstacles that refuse this request, counted as swallowed; null where none does. */
  recall(kept: Recalls, estimate: Estimate, nowMs: number): readonly LineObstacle[] | null {
    let { recalled } = kept
    if (recalled === null || recalled.version !== this.#version) {
      recalled = { version: this.#version, lines: this.#known(kept.plan.lines) }
      kept.recalled = recalled
    }
    let found: LineObstacle[] | null = null
    for (const { known, line } of recalled.lines) {
      if (known.untilMs <= nowMs) {
        if (known.swallowed === 0) this.forget(line.account)
        continue
      }
      if (!stillRefuses(known, line, estimate)) continue
      if (known.swallowed < SWALLOWED_MAX) known.swallowed += 1
      if (found === null) found = [known.obstacle]
      else found.push(known.obstacle)
    }
    return found
  }

  /** What was answered from memory for these lines since the last Reserve; counted once. */
  takeSwallowed(lines: readonly Line[]): number {
    let most = 0
    for (const line of lines) {
      const known = this.#lines.get(line.account)
      if (known === undefined) continue
      most = Math.max(most, known.swallowed)
      known.swallowed = 0
    }
    return most
  }

  /** Keeps what a store refused for. */
  remember(lines: readonly Line[], obstacles: readonly Obstacle[], nowMs: number): void {
    for (const obstacle of obstacles) {
      if (obstacle.kind !== "line" || !isKept(obstacle.reason)) continue
      const line = lines.find(({ account }) => account === obstacle.account)
      if (line === undefined) continue
      if (this.#lines.size >= ACCOUNTS_MAX) this.#dropOldest()
      const ends = obstacle.untilMs ?? Number.POSITIVE_INFINITY
      this.#version += 1
      this.#lines.set(line.account, {
        obstacle,
        periodStartMs: line.period.startMs,
        termsId: line.terms.id,
        untilMs: Math.min(nowMs + REMEMBERED_MS, ends, line.period.endMs),
        swallowed: 0,
      })
    }
  }

  /** Something of this account was given back, settled or resumed here: what was remembered may no longer hold. */
  forget(account: string): void {
    this.#version += 1
    this.#lines.delete(account)
  }

  clear(): void {
    this.#version += 1
    this.#lines.clear()
  }

  #known(lines: readonly Line[]): Recalled["lines"] {
    const found: { line: Line; known: Remembered }[] = []
    for (const line of lines) {
      const known = this.#lines.get(line.account)
      if (known !== undefined) found.push({ line, known })
    }
    return found
  }

  #dropOldest(): void {
    const first = this.#lines.keys().next()
    if (first.done !== true) this.forget(first.value)
  }
}

const isKept = (reason: LineObstacle["reason"]): boolean =>
  reason === "latched" || reason === "open" || reason === "exhausted" || reason === "too-large"

const stillRefuses = (known: Remembered, line: Line, estimate: Estimate): boolean => {
  const { reason, cap, settled } = known.obstacle
  if (reason === "latched" || reason === "open") return !line.terms.observe
  if (known.periodStartMs !== line.period.startMs || known.termsId !== line.terms.id) return false
  const { unit } = line.terms
  const least = estimate.base[unit] + estimate.units.least * estimate.perUnit[unit]
  return least > 0 && least > cap - settled
}
