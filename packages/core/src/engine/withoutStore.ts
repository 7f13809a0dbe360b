import type { Line } from "../domain/command.ts"
import type { Asked, Trial } from "./asked.ts"
import type { Decision } from "./decision.ts"
import { Held } from "./held.ts"
import type { HeldBy } from "./heldBy.ts"
import { latestEnd, refused } from "./refusal.ts"
import type { Numbered } from "./send.ts"

/**
 * Decides by the policy's rule for a store that gives no answer. What was last known to be latched or
 * switched off refuses in every mode.
 *
 * @param reserve the Reserve whose answer is missing; null where none was sent
 */
export const withoutStore = (engine: HeldBy, trial: Trial, reserve: Numbered | null): Decision => {
  const { asked, plan, issuedAtMs } = trial
  const { lines, switches } = plan
  const obstacles = engine.known.stopsOf(lines, switches, issuedAtMs)
  const granted = obstacles.length > 0 ? null : shareOf(engine, asked, lines)
  if (granted !== null)
    return new Held(engine, { ...trial, numbered: reserve, granted, withoutStore: true })
  if (reserve !== null) engine.postRelease(plan, reserve)
  const reason = obstacles[0]?.reason ?? "store-unavailable"
  const untilMs = obstacles.length > 0 ? latestEnd(obstacles) : null
  return refused({ asked, lines, reason, obstacles, issuedAtMs, untilMs, withoutStore: true })
}

/** The largest grant that the policy lets this host make by itself, or null. */
const shareOf = (engine: HeldBy, { estimate }: Asked, lines: readonly Line[]): number | null => {
  const { base, perUnit, units } = estimate
  for (const n of new Set([units.most, units.least])) {
    const amounts = {
      usd: base.usd + n * perUnit.usd,
      tokens: base.tokens + n * perUnit.tokens,
      requests: base.requests + n * perUnit.requests,
    }
    if (engine.known.takeShare(engine.policy, lines, amounts)) return n
  }
  return null
}
