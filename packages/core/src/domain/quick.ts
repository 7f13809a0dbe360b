import { type Reserve, type Settle, SKEW_MAX_MS } from "./command.ts"
import type { Reserved, Settled } from "./draft.ts"
import { handlesOf } from "./handles.ts"
import type { Handle, Ledger, Reservation, Source } from "./ledger.ts"
import type { Amounts } from "./terms.ts"
import type { EpochMs } from "./time.ts"

/*
 * The common case, decided without writing a draft: every account is closed and used before in this very
 * period, nothing is to be said, no level is reached. Whatever else it meets, it answers null, and the
 * full rules decide. A law holds both to the same answers.
 */

/** Far below 2^53, so that no sum of two can pass it. */
const QUICK_MAX = 2 ** 50

/** A Reserve that fits everywhere as it is; null where the full rules must look. */
export const quickReserve = (
  ledger: Ledger,
  source: Source | undefined,
  command: Reserve,
  nowMs: EpochMs,
): Reserved | null => {
  if (source?.isKnown === false) return null
  const skewMs = command.issuedAtMs - nowMs
  if (skewMs > SKEW_MAX_MS || skewMs < -SKEW_MAX_MS) return null
  if (isSwitchedOff(ledger, command.switches)) return null
  if (ledger.reservations.get(command.id, command.division) !== undefined) return null
  const handles = handlesOf(ledger, command.lines)
  if (handles === null) return null
  const granted = quickGrant(handles, command, nowMs)
  if (granted < 0) return null
  return {
    kind: "reserved",
    command,
    outcome: granted === 0 ? GRANTED_NOTHING : { kind: "reserved", granted },
    atMs: nowMs,
    fresh: source === undefined,
  }
}

const GRANTED_NOTHING = Object.freeze({ kind: "reserved", granted: 0 } as const)

/** A final Settle within its hold that reaches no level; null where the full rules must look. */
export const quickSettle = (
  ledger: Ledger,
  source: Source | undefined,
  command: Settle,
  nowMs: EpochMs,
): Settled | null => {
  if (!command.final || source?.isKnown === false) return null
  if (source?.entries.get(command.id.n) !== undefined) return null
  const { actual, reservation: id, division } = command
  const reservation = ledger.reservations.get(id, division)
  if (reservation === undefined || reservation.state !== "running") return null
  if (command.seq <= reservation.seq) return null
  if (isSwitchedOff(ledger, reservation.switches)) return null
  const { hold, settled } = reservation
  if (!isWithin(actual, hold) || !isWithin(settled, actual)) return null
  const handles = handlesOf(ledger, reservation.lines)
  if (handles === null || !areAlive(reservation, handles)) return null
  for (const handle of handles) {
    const { meter, limits } = handle
    if (!isOpenAt(handle, nowMs) || nowMs >= meter.period.endMs) return null
    const { unit, nextLevel, cap } = limits
    if (meter.settled + actual[unit] - settled[unit] >= nextLevel) return null
    if (meter.settled + meter.held > cap) return null
  }
  const marks = isUnanswered(source, command)
  if (marks === null) return null
  const fresh = source === undefined
  return { kind: "settled", command, outcome: SETTLED, atMs: nowMs, fresh, marks }
}

const SETTLED = Object.freeze({
  kind: "settled",
  drain: false,
  skipped: Object.freeze([]) as readonly string[],
} as const)

/** The largest grant that all lines allow; below 0 where the full rules must look. */
const quickGrant = (handles: readonly Handle[], command: Reserve, nowMs: EpochMs): number => {
  const { units, base, perUnit } = command
  let granted = units.most
  for (const handle of handles) {
    const { meter, limits } = handle
    const { unit, cap } = limits
    if (!isOpenAt(handle, nowMs) || meter.settled >= limits.degradeAt) return -1
    const room = cap - meter.settled - meter.held - base[unit]
    const each = perUnit[unit]
    if (each * granted > room) {
      // Below 0 where not even the base fits, whatever a unit costs.
      granted = Math.floor(room / each)
      if (granted < units.least) return -1
    }
  }
  return costsLittle(base, perUnit, granted) ? granted : -1
}

/** Whether the meter is still of its period and far from any edge. */
const isOpenAt = ({ meter, limits, plainUntilMs }: Handle, nowMs: EpochMs): boolean =>
  nowMs < meter.period.keptUntilMs &&
  nowMs < plainUntilMs &&
  (limits.idleMs === 0 || nowMs - meter.usedAtMs < limits.idleMs) &&
  meter.settled + meter.held <= QUICK_MAX

/** Whether each lifetime is the one that was held in; of other windows both say 0. */
const areAlive = ({ lives }: Reservation, handles: readonly Handle[]): boolean =>
  lives === null || handles.every(({ meter }, at) => meter.bornAtMs === lives[at])

const costsLittle = (base: Amounts, perUnit: Amounts, n: number): boolean =>
  base.usd + n * perUnit.usd <= QUICK_MAX &&
  base.tokens + n * perUnit.tokens <= QUICK_MAX &&
  base.requests + n * perUnit.requests <= QUICK_MAX

const isWithin = (one: Amounts, other: Amounts): boolean =>
  one.usd <= other.usd && one.tokens <= other.tokens && one.requests <= other.requests

const isSwitchedOff = ({ switches }: Ledger, keys: readonly string[]): boolean => {
  if (switches.size > 0) for (const key of keys) if (switches.has(key)) return true
  return false
}

/** Whether the Reserve is unanswered yet; null where its source is not known, or another one's. */
const isUnanswered = (source: Source | undefined, command: Settle): boolean | null => {
  const { id, done, reservation } = command
  if (reservation.source !== id.source) return null
  if (reservation.n <= done) return false
  return source === undefined ? null : reservation.n > source.done
}
