import type { CommandId } from "../domain/command.ts"
import type { Outcome } from "../domain/outcome.ts"
import type { Amounts } from "../domain/terms.ts"
import type { EpochMs } from "../domain/time.ts"
import type { CallRequest } from "../engine/request.ts"
import type { RuledPlan } from "../engine/rules.ts"

/** A call that was let through, until `settle` or `release`. */
export interface Let {
  readonly allowed: true
  readonly id: CommandId
  readonly plan: RuledPlan
  /** As it is made: its model is a fallback's where the request was degraded. */
  readonly request: CallRequest
  readonly via: string | null
  /** Output tokens granted, per choice; 0 where the request gave amounts. */
  readonly granted: number
  /** What is held for it, per unit. */
  readonly held: Amounts
  readonly atMs: EpochMs
}

/** A call that was refused, by all obstacles, and the fallbacks of the policy did not help. */
export interface Barred {
  readonly allowed: false
  readonly reason: Extract<Outcome, { kind: "refused" }>["reason"]
  readonly obstacles: Extract<Outcome, { kind: "refused" }>["obstacles"]
  readonly untilMs: EpochMs | null
  readonly plan: RuledPlan
  /** The canned answer or the handler that the chain of fallbacks ends in. */
  readonly fallback: string | null
}

/** What became of a request. */
export type Ruling = Let | Barred

/** Who does it and why; kept in the audit event. */
export interface Hand {
  readonly by: string
  readonly why: string
}
