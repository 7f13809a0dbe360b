import type { Estimate } from "./estimate.ts"
import type { CallRequest } from "./request.ts"

/** A request with its worst case; each attempt compiles it for its own instant. */
export interface Asked {
  readonly request: CallRequest
  readonly estimate: Estimate
  readonly via: string | null
}

/** Life of a hold without a heartbeat. */
export const RESERVATION_MS = 600_000
