import type { Line } from "../domain/command.ts"
import { type Obstacle, REFUSAL_REASONS, type RefusalReason } from "../domain/outcome.ts"
import type { Amounts } from "../domain/terms.ts"
import { FOREVER_MS } from "../domain/time.ts"
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

/** What a hold asks in addition, and what it has. */
export interface Raise {
  readonly lines: readonly Line[]
  readonly own: Amounts
  readonly least: Amounts
}

type StoreRefusal = Pick<Refused, "obstacles" | "untilMs"> & { readonly reason: RefusalReason }

/**
 * A refusal to raise a hold, as its owner must hear it. To the store its own hold is one of those that keep the
 * budget busy; but what does not fit beside that is exhausted for it, and no wait helps.
 */
export const besideOwn = (refusal: StoreRefusal, { lines, own, least }: Raise): StoreRefusal => {
  const obstacles = refusal.obstacles.map((obstacle): Obstacle => {
    if (obstacle.kind !== "line" || obstacle.reason !== "busy") return obstacle
    const line = lines.find(({ account }) => account === obstacle.account)
    if (line === undefined) return obstacle
    const { unit, slidingMs } = line.terms
    if (obstacle.settled + own[unit] + least[unit] <= obstacle.cap) return obstacle
    const { endMs } = line.period
    const untilMs = slidingMs > 0 || endMs === FOREVER_MS ? null : endMs
    return { ...obstacle, reason: "exhausted", untilMs }
  })
  const reason = REFUSAL_REASONS.find((one) => obstacles.some((other) => other.reason === one))
  return { reason: reason ?? refusal.reason, obstacles, untilMs: latestEnd(obstacles) }
}

const NONE: readonly Obstacle[] = Object.freeze([])
