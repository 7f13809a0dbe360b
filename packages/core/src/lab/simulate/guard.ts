import type { Subject } from "../../domain/subject.ts"
import type { DurationMs, EpochMs } from "../../domain/time.ts"
import type { Usage } from "../../domain/usage.ts"
import type { Actor, FleetModel } from "../../edge/fleet/fleet.ts"
import type { Host } from "./host.ts"

/** One call as an actor means it, before anybody decides. */
export interface FleetCall {
  readonly actor: Actor
  readonly subject: Subject
  readonly inputTokens: number
  /** What it would write if nothing cut it. */
  readonly outputTokens: number
  readonly takesMs: number
  /** It writes as much as it may. */
  readonly isInjected: boolean
  /** Its client leaves half way. */
  readonly isCancelled: boolean
}

/** A call that may be made. */
export interface Grant {
  readonly call: FleetCall
  /** A cheaper one where the policy degrades. */
  readonly model: FleetModel
  /** It writes no more; null: nothing cuts it. */
  readonly mostOutput: number | null
  readonly host: Host
  readonly atMs: EpochMs
}

/** A call that is not made. */
export interface Refusal {
  readonly reason: string
  /** When to ask again; null where nobody says. */
  readonly untilMs: EpochMs | null
}

/** What a guard is given to live in. */
export interface Desk {
  readonly nowMs: EpochMs
  /** Does something later, after what was put there before for the same instant. */
  readonly at: (atMs: EpochMs, task: () => void) => void
  /** What all calls that ended have cost so far, nano-USD by the provider's bill. */
  readonly billed: () => number
  /** Somebody is paged: after their time to answer they stop what they may, and `then` happens. */
  readonly page: (then?: () => void) => void
}

/** Who decides whether calls are made. A fleet runs under one at a time, and all see the same fleet. */
export interface Guard<Held extends Grant = Grant> {
  readonly begin?: (desk: Desk) => void
  readonly ask: (call: FleetCall, host: Host, atMs: EpochMs) => Held | Refusal
  /** How much later its answer comes. */
  readonly takesMs?: (host: Host, atMs: EpochMs) => DurationMs
  /** It ended, and this is what it used. */
  readonly end: (grant: Held, used: Usage, atMs: EpochMs) => void
  /** Its host died: nobody hears what it used. */
  readonly lose: (grant: Held, atMs: EpochMs) => void
  /** A host dies, and with it what it had in memory. */
  readonly crash?: (host: Host) => void
  /** The store answers again, or does no more. */
  readonly store?: (isDown: boolean, atMs: EpochMs) => void
}

/** The most that a call writes by its own limit, the policy's and the model's; null where there is none. */
export const mostOutputOf = (
  { limit }: Actor,
  model: FleetModel,
  ofPolicy: number | null,
): number | null => {
  const bound = Math.min(
    limit ?? ofPolicy ?? Number.POSITIVE_INFINITY,
    model.maxOutput ?? Number.POSITIVE_INFINITY,
  )
  return Number.isFinite(bound) ? bound : null
}
