import type { Line } from "./command.ts"
import { type Mark, type Meter, NO_NOTES, type Notes } from "./ledger.ts"
import { AMOUNT_MAX, formatUsd } from "./money.ts"
import { levelAbove, levelAtOrBelow, type Terms, type TierTerms } from "./terms.ts"
import type { EpochMs } from "./time.ts"

/** A meter that nothing has used yet. */
export const emptyMeter = (line: Line, nowMs: EpochMs): Meter => ({
  period:
    line.terms.slidingMs > 0
      ? { ...line.period, startMs: 0, endMs: FOREVER, keptUntilMs: FOREVER }
      : line.period,
  terms: line.terms,
  settled: 0,
  held: 0,
  notes: NO_NOTES,
  usedAtMs: line.terms.slidingMs > 0 || line.terms.idleMs > 0 ? nowMs : 0,
  bornAtMs: line.terms.slidingMs > 0 || line.terms.idleMs > 0 ? nowMs : 0,
})

/** The meter with something else to remember. */
export const noted = (meter: Meter, notes: Partial<Notes>): Meter => ({
  ...meter,
  notes: { ...meter.notes, ...notes },
})

const FOREVER = 8_640_000_000_000_000

/** The start that names the meter of a line: 0 where one meter serves all time. */
export const meterStart = (line: Line): EpochMs =>
  line.terms.slidingMs > 0 ? 0 : line.period.startMs

/**
 * A lifetime that nobody has used for so long is over, and so is a sliding window after three of its lengths,
 * when nothing of it counts: the next use begins another.
 */
export const isIdle = (meter: Meter, nowMs: EpochMs): boolean => {
  const { idleMs, slidingMs } = meter.terms
  if (meter.held > 0) return false
  if (idleMs > 0) return nowMs - meter.usedAtMs >= idleMs
  return slidingMs > 0 && nowMs - meter.usedAtMs >= 3 * slidingMs && settledAt(meter, nowMs) === 0
}

/** Whether it is the meter of the line: same start, and counted and cut in the same way. */
export const isMeterOf = (meter: Meter, line: Line): boolean =>
  meter.period.startMs === meterStart(line) &&
  meter.terms.unit === line.terms.unit &&
  meter.terms.window === line.terms.window

/**
 * What counts as settled at an instant. Of a sliding window, every bucket that has not left it whole,
 * later ones too: so no interval of its length exceeds the cap.
 */
export const settledAt = (meter: Meter, atMs: EpochMs): number => {
  if (meter.terms.slidingMs === 0) return meter.settled
  let sum = 0
  for (const bucket of meter.notes.buckets) if (bucket.period.endMs > atMs) sum += bucket.settled
  return Math.min(sum, AMOUNT_MAX)
}

/** When enough of a sliding window will have left for `cost` to fit beside what is settled. */
export const fitsFrom = (
  meter: Meter,
  cost: number,
  cap: number,
  atMs: EpochMs,
): EpochMs | null => {
  let settled = settledAt(meter, atMs)
  const live = meter.notes.buckets.filter((bucket) => bucket.period.endMs > atMs)
  for (const bucket of live.sort((a, b) => a.period.endMs - b.period.endMs)) {
    settled -= bucket.settled
    if (settled + cost <= cap) return bucket.period.endMs
  }
  return null
}

/** The lowest blocking level that no one has acknowledged; Infinity where no tier blocks. */
export const capOf = (meter: Meter | undefined, terms: Terms, nowMs: EpochMs): number => {
  const { acknowledged, allow } = meter === undefined ? NOTHING_SEEN : seenBy(meter, nowMs)
  let cap = Number.POSITIVE_INFINITY
  for (const tier of terms.tiers) {
    if (tier.effect !== null) cap = Math.min(cap, levelAbove(tier, acknowledged))
  }
  return allow === null ? cap : Math.min(cap, allow.amount)
}

/** What a person has acknowledged and allowed, as far as it still holds. */
export const seenBy = ({ notes }: Meter, nowMs: EpochMs): Pick<Notes, "acknowledged" | "allow"> =>
  notes.acknowledgedUntilMs !== null && nowMs >= notes.acknowledgedUntilMs ? NOTHING_SEEN : notes

const NOTHING_SEEN = Object.freeze({ acknowledged: 0, allow: null })

/** One amount at which tiers fire: those that meet there, and what they do together. */
export interface Level {
  readonly amount: number
  readonly tiers: readonly TierTerms[]
  readonly label: string
  readonly passed: number
  readonly arming: number
}

/**
 * Of each tier the highest level that `amount` newly reaches, ascending; tiers that meet at one amount
 * are one level. What it costs is bounded by the policy, never by the amounts.
 */
export const reached = (meter: Meter, terms: Terms, amount: number): readonly Level[] => {
  const levels = new Map<number, Level>()
  for (const tier of terms.tiers) {
    const highest = levelAtOrBelow(tier, amount)
    const mark = markOf(meter, tier)
    if (highest <= mark.fired) continue
    const passed = tier.repeat === 0 ? 1 : stepsBetween(tier, mark.fired, highest)
    add(levels, {
      amount: highest,
      tiers: [tier],
      label: labelOf(tier, terms, highest),
      passed,
      arming: mark.arming,
    })
  }
  const { allow } = meter.notes
  if (allow !== null && !allow.fired && amount >= allow.amount) {
    const label = labelOf({ ...allow.tier, percent: null }, terms, allow.amount)
    add(levels, { amount: allow.amount, tiers: [allow.tier], label, passed: 1, arming: 0 })
  }
  return [...levels.values()].sort((a, b) => a.amount - b.amount)
}

/** The meter after its tiers fired for `amount`. */
export const markReached = (meter: Meter, terms: Terms, amount: number): Meter => {
  let marks: readonly Mark[] = meter.notes.marks
  for (const tier of terms.tiers) {
    const fired = levelAtOrBelow(tier, amount)
    const mark = markOf(meter, tier)
    if (fired > mark.fired)
      marks = [...marks.filter((other) => !isOf(other, tier)), { ...mark, fired }]
  }
  const { allow } = meter.notes
  const fires = allow !== null && amount >= allow.amount
  return noted(meter, { marks, allow: fires ? { ...allow, fired: true } : allow })
}

/** Of a sliding window: an acknowledgement lapses, and levels that settled + held is 10 % below are armed again. */
export const rearm = (meter: Meter, nowMs: EpochMs): Meter => {
  if (meter.terms.slidingMs === 0) return meter
  const { acknowledged, allow } = seenBy(meter, nowMs)
  const seen =
    acknowledged === meter.notes.acknowledged && allow === meter.notes.allow
      ? meter
      : noted(meter, { acknowledged, allow, acknowledgedUntilMs: null })
  const used = settledAt(meter, nowMs) + meter.held
  if (!seen.notes.marks.some(({ fired }) => isTenthAbove(fired, used))) return seen
  const marks = seen.notes.marks.map((mark) => {
    if (!isTenthAbove(mark.fired, used)) return mark
    const fired = levelAtOrBelow(mark, lessThanTenthAbove(used))
    return { ...mark, fired, arming: mark.arming + 1 }
  })
  return noted(seen, { marks })
}

/** 10 × used ≤ 9 × level, without passing 2^53. */
const isTenthAbove = (level: number, used: number): boolean =>
  level > 0 && level - used >= Math.ceil(level / 10)

/** The largest amount of which `used` is not 10 % below: the largest integer below used × 10 / 9. */
const lessThanTenthAbove = (used: number): number =>
  used % 9 === 0 ? used + used / 9 - 1 : used + Math.floor(used / 9)

/** The highest amount that any level of the meter has fired at. */
export const highestFired = ({ notes: { marks, allow } }: Meter): number =>
  marks.reduce(
    (highest, mark) => Math.max(highest, mark.fired),
    allow?.fired === true ? allow.amount : 0,
  )

/** The highest fired level of any tier at or below `upTo`. */
export const firedUpTo = ({ notes: { marks, allow } }: Meter, upTo: number): number => {
  let amount = allow?.fired === true && allow.amount <= upTo ? allow.amount : 0
  for (const mark of marks)
    amount = Math.max(amount, levelAtOrBelow(mark, Math.min(mark.fired, upTo)))
  return amount
}

export const markOf = ({ notes }: Meter, tier: TierTerms): Mark =>
  notes.marks.find((mark) => isOf(mark, tier)) ?? {
    at: tier.at,
    repeat: tier.repeat,
    fired: 0,
    arming: 0,
  }

const isOf = (mark: Mark, tier: TierTerms): boolean =>
  mark.at === tier.at && mark.repeat === tier.repeat

const stepsBetween = (tier: TierTerms, fired: number, highest: number): number =>
  fired === 0
    ? Math.round((highest - tier.at) / tier.repeat) + 1
    : Math.round((highest - fired) / tier.repeat)

/** The name of a tier's level for people. */
export const labelOf = (
  tier: Pick<TierTerms, "at" | "repeat" | "percent">,
  terms: Pick<Terms, "limit" | "unit">,
  level: number,
): string => {
  if (tier.percent !== null) {
    const steps = tier.repeat === 0 ? 0 : Math.round((level - tier.at) / tier.repeat)
    const percent = tier.percent + (steps * tier.repeat * 100) / terms.limit
    return `${Number(percent.toFixed(4))}%`
  }
  return terms.unit === "usd" ? `${formatUsd(level)}usd` : `${level}${terms.unit}`
}

const add = (levels: Map<number, Level>, level: Level): void => {
  const other = levels.get(level.amount)
  if (other === undefined) levels.set(level.amount, level)
  else
    levels.set(level.amount, {
      ...other,
      tiers: [...other.tiers, ...level.tiers],
      passed: Math.max(other.passed, level.passed),
      label: other.tiers[0]?.percent == null ? level.label : other.label,
      arming: Math.max(other.arming, level.arming),
    })
}
