import { allowanceOf, look, openFor, reopen } from "./circuit.ts"
import type { Line } from "./command.ts"
import type { Draft } from "./draft.ts"
import type { DomainEvent } from "./event.ts"
import type { Account, Bucket, Meter } from "./ledger.ts"
import {
  capOf,
  type Level,
  markReached,
  meterStart,
  noted,
  reached,
  rearm,
  settledAt,
} from "./meter.ts"
import { AMOUNT_MAX } from "./money.ts"
import type { BlockingEffect, TierTerms } from "./terms.ts"

/** What a command does to one line's meter: both may be negative. */
export interface Movement {
  readonly settled: number
  readonly held: number
}

/** Moves amounts on a line's meter and fires what they reach: tiers ascending, overshoot, then the circuit once. */
export const move = (draft: Draft, line: Line, movement: Movement): void => {
  look(draft, draft.account(line))
  const before = rearm({ ...draft.meter(line), terms: line.terms }, draft.nowMs)
  const { meter: moved, stopped } = post(before, line, movement)
  draft.putMeter(line, moved)
  if (stopped) sayOnce(draft, line, "overflow")
  if (movement.settled <= 0) return
  fire(draft, line, settledAt(moved, draft.nowMs))
  const meter = draft.meter(line)
  const cap = capOf(before, line.terms, draft.nowMs)
  if (!line.terms.observe && settledAt(meter, draft.nowMs) + meter.held > cap)
    sayOnce(draft, line, "overshoot")
}

/** Fires every level that `amount` newly reaches, and moves the circuit to the strongest effect. */
export const fire = (draft: Draft, line: Line, amount: number): void => {
  const meter = draft.meter(line)
  const account = draft.account(line)
  const levels = reached(meter, line.terms, amount)
  const overAllowance =
    account.circuit.state === "half-open" &&
    draft.nowMs < line.period.endMs &&
    amount >= allowanceOf(account.circuit, meter)
  if (levels.length > 0) draft.putMeter(line, markReached(meter, line.terms, amount))
  const strongest = strongestOf(levels)
  const at = draft.events.length
  const opened = openCircuit(draft, line, strongest, overAllowance)
  const circuitEvents = draft.events.splice(at)
  for (const level of levels) draft.events.push(tierEvent(draft, line, level, opened))
  draft.events.push(...circuitEvents)
}

/** Says something once for a meter, to the channels of the level that makes its cap. */
export const sayOnce = (
  draft: Draft,
  line: Line,
  kind: "refusing" | "overshoot" | "overflow",
): void => {
  const meter = draft.meter(line)
  const { said } = meter.notes
  if (said.includes(kind)) return
  draft.putMeter(line, noted(meter, { said: [...said, kind] }))
  draft.events.push({ ...meterHead(draft, line, kind), kind, channels: capChannels(draft, line) })
}

/** In observe mode, what would have been refused; once per meter and reason. */
export const sayWouldRefuse = (draft: Draft, line: Line, reason: string): void => {
  const meter = draft.meter(line)
  const kind = `would-refuse ${reason}`
  const { said } = meter.notes
  if (said.includes(kind)) return
  draft.putMeter(line, noted(meter, { said: [...said, kind] }))
  const channels = capChannels(draft, line)
  draft.events.push({ ...meterHead(draft, line, kind), kind: "would-refuse", reason, channels })
}

const post = (meter: Meter, line: Line, movement: Movement): { meter: Meter; stopped: boolean } => {
  const held = within(meter.held + movement.held)
  const stopped = meter.held + movement.held > AMOUNT_MAX
  if (line.terms.slidingMs > 0) {
    const { buckets, isFull } = postBucket(meter.notes.buckets, line, movement.settled)
    const settled = within(buckets.reduce((sum, bucket) => sum + bucket.settled, 0))
    const moved = noted({ ...meter, settled, held }, { buckets })
    return { meter: moved, stopped: stopped || isFull }
  }
  const sum = meter.settled + movement.settled
  return { meter: { ...meter, settled: within(sum), held }, stopped: stopped || sum > AMOUNT_MAX }
}

const within = (amount: number): number => Math.max(0, Math.min(AMOUNT_MAX, amount))

const postBucket = (
  buckets: readonly Bucket[],
  line: Line,
  delta: number,
): { readonly buckets: readonly Bucket[]; readonly isFull: boolean } => {
  if (delta === 0) return { buckets, isFull: false }
  const old = bucketOf(buckets, line)
  const sum = (old?.settled ?? 0) + delta
  const bucket = { period: line.period, settled: within(sum) }
  return {
    buckets: [...buckets.filter((other) => other !== old), bucket],
    isFull: sum > AMOUNT_MAX,
  }
}

const bucketOf = (buckets: readonly Bucket[], line: Line): Bucket | undefined =>
  buckets.find((bucket) => bucket.period.startMs === line.period.startMs)

/** What a correction may take back at most: of a sliding window, what its bucket has. */
export const takeableOf = (meter: Meter, line: Line): number =>
  line.terms.slidingMs > 0 ? (bucketOf(meter.notes.buckets, line)?.settled ?? 0) : meter.settled

const RANK = { block: 1, trip: 2, latch: 3 } as const

interface Strongest {
  readonly effect: BlockingEffect
  readonly channels: readonly string[]
}

const strongestOf = (levels: readonly Level[]): Strongest | null => {
  let effect: BlockingEffect | null = null
  const channels = new Set<string>()
  for (const tier of levels.flatMap((level) => level.tiers)) {
    if (tier.effect === null) continue
    for (const channel of tier.notify) channels.add(channel)
    if (effect === null || isStronger(tier.effect, effect)) effect = tier.effect
  }
  return effect === null ? null : { effect, channels: [...channels] }
}

/** Latch before trip before block; of two trips, the longer. */
export const isStronger = (one: BlockingEffect, other: BlockingEffect): boolean =>
  RANK[one.kind] !== RANK[other.kind]
    ? RANK[one.kind] > RANK[other.kind]
    : one.kind === "trip" && other.kind === "trip" && one.coolDownMs > other.coolDownMs

const openCircuit = (
  draft: Draft,
  line: Line,
  strongest: Strongest | null,
  overAllowance: boolean,
): Account => {
  const account = draft.account(line)
  if (overAllowance && strongest?.effect.kind !== "latch") return reopen(draft, account)
  if (strongest === null) return account
  return openFor(draft, account, {
    ...strongest,
    period: line.period,
    observed: line.terms.observe,
  })
}

const tierEvent = (draft: Draft, line: Line, level: Level, account: Account): DomainEvent => ({
  ...meterHead(draft, line, `${level.amount}/${level.arming}`),
  kind: "tier",
  incident: `${line.account}/${account.circuit.generation}`,
  channels: channelsOf(level.tiers),
  level: level.amount,
  label: level.label,
  passed: level.passed,
  message: messageOf(level.tiers),
})

/** What tiers that meet at one level say together. */
export const messageOf = (tiers: readonly TierTerms[]): string =>
  tiers
    .map((tier) => tier.message)
    .filter((message) => message !== "")
    .join("; ")

const channelsOf = (tiers: readonly TierTerms[]): readonly string[] => [
  ...new Set(tiers.flatMap((tier) => tier.notify)),
]

const capChannels = (draft: Draft, line: Line): readonly string[] => {
  const meter = draft.meter(line)
  const { allow } = meter.notes
  const cap = capOf(meter, line.terms, draft.nowMs)
  const makes = line.terms.tiers.filter(
    (tier) =>
      tier.effect !== null &&
      tier.at <= cap &&
      (tier.at === cap || (tier.repeat > 0 && (cap - tier.at) % tier.repeat === 0)),
  )
  return channelsOf(makes.length > 0 || allow === null ? makes : [allow.tier])
}

const meterHead = (draft: Draft, line: Line, kind: string) => {
  const meter = draft.meter(line)
  const born = line.terms.idleMs > 0 ? meter.bornAtMs : meterStart(line)
  return {
    id: `${line.account}@${born}/${kind}`,
    atMs: draft.nowMs,
    account: line.account,
    incident: `${line.account}/${draft.account(line).circuit.generation}`,
    periodStartMs: line.period.startMs,
    settled: settledAt(meter, draft.nowMs),
    held: meter.held,
    limit: line.terms.limit,
    unit: line.terms.unit,
  }
}
