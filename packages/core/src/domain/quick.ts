import type { Line, Reserve, Settle } from "./command.ts"
import { SKEW_MAX_MS } from "./command.ts"
import type { Quick } from "./draft.ts"
import {
  type HeldLine,
  type Ledger,
  type Meter,
  type Reservation,
  reservationKey,
} from "./ledger.ts"
import { capOf, meterStart } from "./meter.ts"
import { AMOUNT_MAX } from "./money.ts"
import { levelAbove, NOTHING } from "./terms.ts"
import type { EpochMs } from "./time.ts"

/*
 * The common case, decided without writing a draft: every account is closed and used before in this very
 * period, nothing is to be said, no level is reached. Whatever else it meets, it answers null, and the
 * full rules decide. A law holds both to the same answers.
 */

/** A Reserve that fits everywhere as it is; null where the full rules must look. */
export const quickReserve = (ledger: Ledger, command: Reserve, nowMs: EpochMs): Quick | null => {
  if (Math.abs(command.issuedAtMs - nowMs) > SKEW_MAX_MS) return null
  if (ledger.switches.size > 0)
    for (const key of command.switches) if (ledger.switches.has(key)) return null
  const granted = quickGrant(ledger, command, nowMs)
  if (granted === null) return null
  const lines: HeldLine[] = []
  for (const line of command.lines) {
    const { account, division, period, terms } = line
    lines.push({
      account,
      division,
      period,
      terms,
      hold: costAt(command, line, granted),
      settled: 0,
    })
  }
  const reservation: Reservation = {
    id: reservationKey(command.id),
    division: command.division,
    lines,
    switches: command.switches,
    granted,
    expiresAtMs: command.expiresAtMs,
    state: "running",
    seq: 0,
    actual: NOTHING,
    via: command.via,
  }
  return { kind: "quick", reservation, actual: null, atMs: nowMs }
}

/** A final Settle within its hold that reaches no level; null where the full rules must look. */
export const quickSettle = (ledger: Ledger, command: Settle, nowMs: EpochMs): Quick | null => {
  if (!command.final) return null
  const reservation = ledger.reservations.get(reservationKey(command.reservation))
  if (reservation === undefined || reservation.state !== "running") return null
  if (command.seq <= reservation.seq) return null
  if (ledger.switches.size > 0) return null
  for (const line of reservation.lines) {
    const meter = meterFor(ledger, line, nowMs)
    if (meter === null || nowMs >= line.period.endMs) return null
    const used = command.actual[line.terms.unit]
    const more = used - line.settled
    if (more < 0 || used > line.hold) return null
    const limits = limitsOf(meter)
    if (meter.settled + more >= limits.nextLevel || meter.settled + meter.held > limits.cap)
      return null
  }
  return { kind: "quick", reservation, actual: command.actual, atMs: nowMs }
}

const quickGrant = (ledger: Ledger, command: Reserve, nowMs: EpochMs): number | null => {
  const { least, most } = command.units
  let granted = most
  for (const line of command.lines) {
    const meter = meterFor(ledger, line, nowMs)
    if (meter === null || meter.refusals > 0 || meter.busySinceMs !== null) return null
    const limits = limitsOf(meter)
    if (meter.settled >= limits.degradeAt) return null
    const room = limits.cap - meter.settled - meter.held - command.base[line.terms.unit]
    const perUnit = command.perUnit[line.terms.unit]
    if (perUnit > 0) granted = Math.min(granted, Math.floor(room / perUnit))
    else if (room < 0) return null
  }
  if (granted < least) return null
  for (const line of command.lines) if (costAt(command, line, granted) > AMOUNT_MAX / 4) return null
  return granted
}

const costAt = (command: Reserve, line: Line, n: number): number =>
  command.base[line.terms.unit] + n * command.perUnit[line.terms.unit]

/** The line's meter, where it is the plain kind: alone in its account, of these terms, far from any edge. */
const meterFor = (ledger: Ledger, line: Line, nowMs: EpochMs): Meter | null => {
  const account = ledger.accounts.get(line.account)
  if (account === undefined || account.circuit.state !== "closed" || account.meters.length !== 1)
    return null
  const meter = account.meters[0]
  if (meter === undefined || meter.terms !== line.terms) return null
  const { terms } = meter
  if (terms.observe || terms.slidingMs > 0 || meter.period.startMs !== meterStart(line)) return null
  if (terms.idleMs > 0 && nowMs - meter.usedAtMs >= terms.idleMs) return null
  if (nowMs >= meter.period.keptUntilMs) return null
  return meter.settled + meter.held > AMOUNT_MAX / 4 ? null : meter
}

/** What bounds a meter while its marks stay as they are. */
interface Limits {
  readonly marks: Meter["marks"]
  readonly allow: Meter["allow"]
  readonly acknowledged: number
  readonly cap: number
  /** The lowest level of any tier that has not fired. */
  readonly nextLevel: number
  /** Where only fallbacks are admitted. */
  readonly degradeAt: number
}

const limits = new WeakMap<Meter["terms"], Limits>()
const ownLimits = new WeakMap<Meter, Limits>()

/** Computed once for fresh meters of the same terms, and once for each other until its marks change. */
const limitsOf = (meter: Meter): Limits => {
  const isFresh = meter.marks.length === 0 && meter.allow === null && meter.acknowledged === 0
  const known = isFresh ? limits.get(meter.terms) : ownLimits.get(meter)
  if (
    known !== undefined &&
    (isFresh ||
      (known.marks === meter.marks &&
        known.allow === meter.allow &&
        known.acknowledged === meter.acknowledged))
  )
    return known
  const made = computed(meter)
  if (isFresh) limits.set(meter.terms, made)
  else ownLimits.set(meter, made)
  return made
}

const computed = (meter: Meter): Limits => {
  const { marks, allow, acknowledged, terms } = meter
  let nextLevel = allow !== null && !allow.fired ? allow.amount : Number.POSITIVE_INFINITY
  let degradeAt = Number.POSITIVE_INFINITY
  for (const tier of terms.tiers) {
    const fired = marks.find((one) => one.at === tier.at && one.repeat === tier.repeat)?.fired ?? 0
    nextLevel = Math.min(nextLevel, levelAbove(tier, fired))
    if (tier.degrade !== null) degradeAt = Math.min(degradeAt, tier.at)
  }
  return { marks, allow, acknowledged, cap: capOf(meter, terms), nextLevel, degradeAt }
}
