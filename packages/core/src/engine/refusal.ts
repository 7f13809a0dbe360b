import type { Line } from "../domain/command.ts"
import type { Obstacle } from "../domain/outcome.ts"
import type { Asked } from "./asked.ts"
import type { Refused } from "./decision.ts"

/** What a refusal is made of. */
export interface Refusing {
  readonly asked: Pick<Asked, "request">
  readonly lines: readonly Line[]
  readonly reason: Refused["reason"]
  /** Default: none. */
  readonly obstacles?: readonly Obstacle[]
  readonly issuedAtMs: number
  /** When it ends; null where that takes a person, absent: null. */
  readonly untilMs?: number | null
  readonly withoutStore?: boolean
}

/** A refusal as the host gets it. */
export const refused = (refusing: Refusing): Refused => {
  const untilMs = refusing.untilMs ?? null
  return {
    allowed: false,
    request: refusing.asked.request,
    lines: refusing.lines,
    reason: refusing.reason,
    obstacles: refusing.obstacles ?? NONE,
    untilMs,
    retryAfterMs: untilMs === null ? null : Math.max(0, untilMs - refusing.issuedAtMs),
    withoutStore: refusing.withoutStore ?? refusing.reason === "store-unavailable",
    fallback: null,
  }
}

/** When the last of them ends; null where one needs a person, or a smaller request. */
export const latestEnd = (obstacles: readonly Obstacle[]): number | null => {
  let latest = 0
  for (const { untilMs } of obstacles) {
    if (untilMs === null) return null
    if (untilMs > latest) latest = untilMs
  }
  return latest
}

const NONE: readonly Obstacle[] = Object.freeze([])
