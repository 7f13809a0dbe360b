import type { Draft } from "./draft.ts"
import { meterFacts, meterIncident, meterName } from "./incident.ts"
import type { Account, Meter } from "./ledger.ts"
import { highestFired, isIdle, noted, rearm } from "./meter.ts"
import type { EpochMs } from "./time.ts"

/** Tells the end of each meter that is over to the channels that heard of it, once. */
export const endPeriods = (draft: Draft, account: Account): Account => {
  const { nowMs } = draft
  if (!account.meters.some((meter) => isOver(meter, nowMs))) return account
  const meters = account.meters.map((known) => {
    if (!isOver(known, nowMs)) return known
    const meter = rearm(known, nowMs)
    const { told, ends } = meter.notes
    draft.events.push({
      kind: "period-end",
      id: `${meterName(account.key, meter)}/period-end${ends === 0 ? "" : `/${ends}`}`,
      atMs: nowMs,
      channels: told,
      account: account.key,
      incident: meterIncident(account.key, meter),
      generation: account.circuit.generation,
      ...meterFacts(meter, meter, nowMs),
    })
    return noted(meter, { told: NOBODY, ends: ends + 1 })
  })
  const ended = { ...account, meters }
  draft.putAccount(ended)
  return ended
}

const NOBODY: readonly string[] = Object.freeze([])

/**
 * Whether a meter that somebody heard of is over: a period when its end has come, a lifetime when it is idle, a
 * sliding window when it is idle, or no level of it is fired any more once it was armed again.
 */
const isOver = (meter: Meter, nowMs: EpochMs): boolean => {
  if (meter.notes.told.length === 0) return false
  const { slidingMs, idleMs } = meter.terms
  if (idleMs > 0) return isIdle(meter, nowMs)
  if (slidingMs === 0) return nowMs >= meter.period.endMs
  return isIdle(meter, nowMs) || highestFired(rearm(meter, nowMs)) === 0
}

/**
 * The first instant at which it can be over as it stands; null where nobody heard of it, or where that takes a
 * movement first. A lifetime may be used meanwhile: then it is later.
 */
export const endsAt = (meter: Meter): EpochMs | null => {
  if (meter.notes.told.length === 0) return null
  const { slidingMs, idleMs } = meter.terms
  if (idleMs > 0) return meter.usedAtMs + idleMs
  if (slidingMs === 0) return meter.period.endMs
  const { buckets, acknowledgedUntilMs } = meter.notes
  const steps = [...buckets.map(({ period }) => period.endMs), acknowledgedUntilMs ?? 0]
    .filter((atMs) => atMs > meter.usedAtMs)
    .sort((one, other) => one - other)
  return [meter.usedAtMs, ...steps].find((atMs) => isOver(meter, atMs)) ?? null
}
