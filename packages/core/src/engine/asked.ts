import type { Plan } from "../domain/compile.ts"
import type { Estimate } from "./estimate.ts"
import type { CallRequest } from "./request.ts"

/** A request with its worst case; each attempt compiles it for its own instant. */
export interface Asked {
  readonly request: CallRequest
  readonly estimate: Estimate
  readonly via: string | null
  /** Accounts that slices of this host carry for it: the store is not asked about them. Absent: none. */
  readonly carried?: ReadonlySet<string>
}

/** Life of a hold without a heartbeat. */
export const RESERVATION_MS = 600_000

/** The store must answer within it, unless the host says otherwise. */
export const STORE_DEADLINE_MS = 250

/** Tries of one command under new numbers, where the clock was off or the store did not know this process. */
export const ATTEMPTS_MAX = 3

/** One try of a request, compiled for its instant. */
export interface Trial {
  readonly asked: Asked
  readonly plan: Plan
  readonly issuedAtMs: number
  readonly tries: number
}
