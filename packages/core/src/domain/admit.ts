import { allowanceOf, binds, close } from "./circuit.ts"
import type { Line, Units } from "./command.ts"
import type { Draft } from "./draft.ts"
import type { Meter, Reservation } from "./ledger.ts"
import { look } from "./look.ts"
import { capOf, fitsFrom, meterStart, noted, settledAt } from "./meter.ts"
import { AMOUNT_MAX, isAmount } from "./money.ts"
import { type Obstacle, REFUSAL_REASONS, type RefusalReason } from "./outcome.ts"
import { fire, sayOnce, sayWouldRefuse } from "./raise.ts"
import type { Amounts } from "./terms.ts"
import { FOREVER_MS } from "./time.ts"

/** What is asked of every line: `base + n × perUnit` for one `n` from `least` to `most`. */
export interface Asked {
  readonly lines: readonly Line[]
  readonly switches: readonly string[]
  readonly base: Amounts
  readonly perUnit: Amounts
  readonly units: Units
  readonly via: string | null
  readonly swallowed: number
  readonly issuedAtMs: number
  /** It is asked for a reservation that runs. */
  readonly raises: boolean
}

export type Verdict =
  | { readonly kind: "fits"; readonly granted: number }
  | { readonly kind: "overflow"; readonly what: string }
  | {
      readonly kind: "refused"
      readonly reason: RefusalReason
      readonly obstacles: readonly Obstacle[]
      readonly untilMs: number | null
    }

type LineObstacle = Extract<Obstacle, { kind: "line" }>

/** Looks at every switch and circuit, then at every line; all fit, or every obstacle is named. */
export const admit = (draft: Draft, asked: Asked): Verdict => {
  const obstacles: Obstacle[] = []
  for (const key of asked.switches) {
    const off = draft.switchedOff(key)
    if (off !== undefined)
      obstacles.push({ kind: "switch", switch: key, reason: "switched-off", untilMs: off.untilMs })
  }
  let granted = asked.units.most
  for (const line of asked.lines) {
    enforce(draft, line)
    const obstacle = obstacleOf(draft, line, asked)
    if (obstacle !== null && line.terms.observe) sayWouldRefuse(draft, line, obstacle.reason)
    else if (obstacle !== null) obstacles.push(obstacle)
    else granted = Math.min(granted, largestFit(draft, line, asked))
  }
  if (obstacles.length > 0) {
    countRefusals(draft, asked, obstacles)
    return refusal(obstacles)
  }
  for (const unit of ["usd", "tokens", "requests"] as const)
    if (!isAmount(asked.base[unit] + granted * asked.perUnit[unit]))
      return { kind: "overflow", what: `the hold in \`${unit}\`` }
  for (const line of asked.lines) {
    const meter = draft.meter(line)
    const used = settledAt(meter, judgedAt(asked, line)) + meter.held
    if (used > AMOUNT_MAX - costOf(line, asked, granted))
      return { kind: "overflow", what: `account \`${line.account}\`` }
  }
  return { kind: "fits", granted }
}

/** The cost of a line at `n` units, in its unit. */
export const costOf = (
  line: Line,
  asked: { readonly base: Amounts; readonly perUnit: Amounts },
  n: number,
): number => asked.base[line.terms.unit] + n * asked.perUnit[line.terms.unit]

/** Moves a circuit whose time is over; what was opened under observation does not bind an enforcing line. */
const enforce = (draft: Draft, line: Line): void => {
  const account = look(draft, draft.account(line))
  if (!binds(account.circuit, line.terms.observe)) close(draft, account)
}

const obstacleOf = (draft: Draft, line: Line, asked: Asked): LineObstacle | null => {
  const { circuit } = draft.account(line)
  const meter = draft.meter(line)
  const atMs = judgedAt(asked, line)
  const settled = settledAt(meter, atMs)
  const cap = capOf(meter, line.terms, draft.nowMs)
  const cost = costOf(line, asked, asked.units.least)
  const used = settled + meter.held
  const refused = (reason: LineObstacle["reason"], untilMs: number | null): LineObstacle => ({
    kind: "line",
    account: line.account,
    reason,
    settled,
    held: meter.held,
    cap,
    remaining: Math.max(0, cap - used),
    untilMs,
  })
  if (circuit.state === "latched") return refused("latched", null)
  if (circuit.state === "open") return refused("open", circuit.untilMs)
  if (cost > cap) return refused("too-large", null)
  if (cost > 0 && settled + cost > cap) {
    const end = line.terms.slidingMs > 0 ? fitsFrom(meter, cost, cap, atMs) : endOf(line)
    return refused("exhausted", end)
  }
  if (circuit.state === "half-open" && cost > 0 && used + cost > allowanceOf(circuit, meter))
    return refused("probation", circuit.untilMs)
  if (isDegraded(line, settled, asked.via)) return refused("degraded", endOf(line))
  if (cost > 0 && used + cost > cap) return refused("busy", oldestExpiry(draft, line))
  return null
}

/** When the period ends by itself; null where it does not. */
const endOf = ({ period }: Line): number | null =>
  period.endMs === FOREVER_MS ? null : period.endMs

/** What raises a reservation counts where that was made: a sliding window is judged from its bucket on. */
const judgedAt = ({ raises, issuedAtMs }: Asked, { period }: Line): number =>
  raises ? period.startMs : issuedAtMs

const isDegraded = (line: Line, settled: number, via: string | null): boolean =>
  line.terms.tiers.some(
    (tier) =>
      tier.degrade !== null && settled >= tier.at && (via === null || !tier.degrade.includes(via)),
  )

const largestFit = (draft: Draft, line: Line, asked: Asked): number => {
  const { least, most } = asked.units
  const perUnit = asked.perUnit[line.terms.unit]
  if (perUnit === 0 || line.terms.observe) return most
  const meter = draft.meter(line)
  const bound = Math.min(
    capOf(meter, line.terms, draft.nowMs),
    allowanceOf(draft.account(line).circuit, meter),
  )
  const used = settledAt(meter, judgedAt(asked, line)) + meter.held
  const room = bound - used - costOf(line, asked, 0)
  return Math.max(least, Math.min(most, Math.floor(room / perUnit)))
}

const oldestExpiry = (draft: Draft, line: Line): number | null => {
  const { unit } = line.terms
  const { expiries, reservations } = draft.ledger
  const holds = ({ hold, settled, lines }: Reservation): boolean =>
    hold[unit] > settled[unit] && lines.some((other) => isSameMeter(other, line))
  const key = draft.ledgerMeter(line)
  if (key === undefined) return null
  return expiries.oldestOf(key, reservations.values(), holds)?.expiresAtMs ?? null
}

const isSameMeter = (one: Line, other: Line): boolean =>
  one.account === other.account &&
  meterStart(one) === meterStart(other) &&
  one.terms.unit === other.terms.unit &&
  one.terms.window === other.terms.window

const refusal = (obstacles: readonly Obstacle[]): Verdict => {
  const rank = (obstacle: Obstacle): number => REFUSAL_REASONS.indexOf(obstacle.reason)
  const first = obstacles.reduce((best, other) => (rank(other) < rank(best) ? other : best))
  const untilMs = obstacles.reduce<number | null>(
    (latest, { untilMs: end }) => (latest === null || end === null ? null : Math.max(latest, end)),
    0,
  )
  return { kind: "refused", reason: first.reason, obstacles, untilMs }
}

const REFUSALS_MAX = 10
const REFUSALS_COUNTED_EACH_MS = 1_000
const BUSY_MAX_MS = 60_000

/** What refusals do to the meters they met: `refusing` once, and the level that a loop keeps missing. */
const countRefusals = (draft: Draft, asked: Asked, obstacles: readonly Obstacle[]): void => {
  const blocked = obstacles.some(({ reason }) =>
    ["switched-off", "latched", "open"].includes(reason),
  )
  for (const line of asked.lines) {
    const obstacle = obstacles.find(
      (other): other is LineObstacle => other.kind === "line" && other.account === line.account,
    )
    if (obstacle !== undefined && obstacle.settled + obstacle.held > obstacle.cap)
      sayOnce(draft, line, "overshoot")
    if (blocked || obstacle === undefined) continue
    const meter = { ...draft.meter(line), terms: line.terms }
    if (obstacle.reason === "exhausted") countExhausted(draft, line, obstacle, asked.swallowed)
    if (obstacle.reason === "busy") {
      const { busySinceMs } = meter.notes
      const since = Math.min(busySinceMs ?? draft.nowMs, draft.nowMs)
      if (busySinceMs !== since) draft.putMeter(line, noted(meter, { busySinceMs: since }))
      if (draft.nowMs - since >= BUSY_MAX_MS) sayOnce(draft, line, "refusing")
    }
  }
}

const countExhausted = (
  draft: Draft,
  line: Line,
  obstacle: LineObstacle,
  swallowed: number,
): void => {
  const { settled, cap } = obstacle
  const meter: Meter = { ...draft.meter(line), terms: line.terms }
  const { refusedAtMs, refusals: before } = meter.notes
  const counts =
    refusedAtMs === null || Math.abs(draft.nowMs - refusedAtMs) >= REFUSALS_COUNTED_EACH_MS
  const refusals = counts ? Math.min(before + 1 + swallowed, 1_000_000) : before
  if (counts) draft.putMeter(line, noted(meter, { refusals, refusedAtMs: draft.nowMs }))
  sayOnce(draft, line, "refusing")
  const nearlyAll = (cap - settled) * 100 < cap
  const tenth = refusals >= REFUSALS_MAX && settled * 10 >= cap * 9
  if (nearlyAll || tenth) fire(draft, line, cap)
}
