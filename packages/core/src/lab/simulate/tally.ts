import { type EpochMs, HOUR_MS } from "../../domain/time.ts"
import type { Actor, Fleet } from "../../edge/fleet/fleet.ts"
import type { ActorReport } from "./report.ts"

/** Counts what a fleet did under one guard. */
export class Tally {
  billedNanoUsd = 0
  readonly #startMs: EpochMs
  readonly #stepMs: number
  readonly #actors: ReadonlyMap<string, Counting>
  readonly #hours = new Map<number, number>()
  readonly #steps: number[]

  constructor({ actors, startMs, endMs }: Fleet) {
    this.#startMs = startMs
    this.#stepMs = Math.max(1, Math.ceil((endMs - startMs) / STEPS))
    this.#steps = new Array<number>(STEPS).fill(0)
    this.#actors = new Map(actors.map((actor) => [actor.name, new Counting(actor)]))
  }

  of(actor: Actor): Counting {
    const counting = this.#actors.get(actor.name)
    if (counting === undefined) throw new Error(`\`${actor.name}\` is no actor of this fleet`)
    return counting
  }

  /** By the provider, for a call that began then. */
  bill(actor: Actor, nanoUsd: number, beganAtMs: EpochMs, atMs: EpochMs): void {
    this.billedNanoUsd += nanoUsd
    this.of(actor).billedNanoUsd += nanoUsd
    const hour = Math.floor(beganAtMs / HOUR_MS)
    this.#hours.set(hour, (this.#hours.get(hour) ?? 0) + nanoUsd)
    const step = Math.floor((atMs - this.#startMs) / this.#stepMs)
    const at = Math.min(step, STEPS - 1)
    this.#steps[at] = (this.#steps[at] ?? 0) + nanoUsd
  }

  get worstHourNanoUsd(): number {
    return Math.max(0, ...this.#hours.values())
  }

  /** What was billed by the end of each step of time. */
  get timeline(): { readonly stepMs: number; readonly billed: readonly number[] } {
    let sum = 0
    const billed = this.#steps.map((nano) => {
      sum += nano
      return sum
    })
    return { stepMs: this.#stepMs, billed }
  }

  get actors(): readonly ActorReport[] {
    return [...this.#actors.values()].map((counting) => counting.report)
  }
}

const STEPS = 120

/** Counts of one actor. */
class Counting {
  readonly #actor: Actor
  readonly #reasons = new Map<string, number>()
  calls = 0
  callsRefused = 0
  made = 0
  failed = 0
  lost = 0
  refused = 0
  cut = 0
  degraded = 0
  billedNanoUsd = 0

  constructor(actor: Actor) {
    this.#actor = actor
  }

  refuse(reason: string): void {
    this.refused += 1
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
  }

  get report(): ActorReport {
    const { calls, callsRefused, made, failed, lost, refused, cut, degraded, billedNanoUsd } = this
    const { name, kind, isWanted } = this.#actor
    const each = { calls, callsRefused }
    const counts = { asked: made + refused, made, refused, failed, lost, cut, degraded }
    const reasons = Object.fromEntries([...this.#reasons].sort(([a], [b]) => (a < b ? -1 : 1)))
    return { name, kind, isWanted, ...each, ...counts, reasons, billedNanoUsd }
  }
}
