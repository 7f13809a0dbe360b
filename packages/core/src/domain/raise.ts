import { allowanceOf, openFor, reopen } from "./circuit.ts"
import type { Line } from "./command.ts"
import type { Draft } from "./draft.ts"
import { atOnceOf, type Further, furtherOf } from "./escalation.ts"
import { type DomainEvent, LEVEL_EFFECTS, type LevelEffect } from "./event.ts"
import { circuitIncident, joined, meterFacts, meterIncident, meterName } from "./incident.ts"
import type { Bucket, Meter } from "./ledger.ts"
import { look } from "./look.ts"
import { capOf, type Level, markReached, noted, reached, rearm, settledAt } from "./meter.ts"
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
    draft.nowMs < line.period.endMs && amount >= allowanceOf(account.circuit, meter)
  if (levels.length > 0) draft.putMeter(line, markReached(meter, line.terms, amount))
  const strongest = strongestOf(levels)
  const at = draft.events.length
  openCircuit(draft, line, strongest, overAllowance)
  const circuitEvents = draft.events.splice(at)
  for (const level of levels) draft.events.push(tierEvent(draft, line, level))
  draft.events.push(...circuitEvents)
  hear(draft, line, channelsOf(levels.flatMap(({ tiers }) => tiers)))
}

/** Who hears of a line is remembered by what will end it: the circuit that stands, else the meter. */
const hear = (draft: Draft, line: Line, channels: readonly string[]): void => {
  const account = draft.account(line)
  const { circuit } = account
  if (circuit.state !== "closed") {
    const told = joined(circuit.told, channels)
    if (told.length > circuit.told.length)
      draft.putAccount({ ...account, circuit: { ...circuit, told } })
    return
  }
  const meter = draft.meter(line)
  const told = joined(meter.notes.told, channels)
  if (told.length > meter.notes.told.length) draft.putMeter(line, noted(meter, { told }))
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
  const channels = capChannels(draft, line)
  draft.events.push({ ...meterHead(draft, line, kind), kind, channels })
  hearWord(draft, line, channels)
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
  hearWord(draft, line, channels)
}

/** A sliding window ends with its levels: what is said beside them has no end there. */
const hearWord = (draft: Draft, line: Line, channels: readonly string[]): void => {
  const isOpen = draft.account(line).circuit.state !== "closed"
  if (isOpen || line.terms.slidingMs === 0) hear(draft, line, channels)
}

const post = (meter: Meter, line: Line, movement: Movement): { meter: Meter; stopped: boolean } => {
  // An admission sees to it that what is held stays an amount.
  const held = within(meter.held + movement.held)
  if (line.terms.slidingMs > 0) {
    const { buckets, isFull } = postBucket(meter.notes.buckets, line, movement.settled)
    const settled = within(buckets.reduce((sum, bucket) => sum + bucket.settled, 0))
    const moved = noted({ ...meter, settled, held }, { buckets })
    return { meter: moved, stopped: isFull }
  }
  const sum = meter.settled + movement.settled
  return { meter: { ...meter, settled: within(sum), held }, stopped: sum > AMOUNT_MAX }
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
  readonly further: Further | null
}

const strongestOf = (levels: readonly Level[]): Strongest | null => {
  let effect: BlockingEffect | null = null
  const blocking = levels.flatMap(({ tiers }) => tiers).filter((tier) => tier.effect !== null)
  for (const tier of blocking)
    if (tier.effect !== null && (effect === null || isStronger(tier.effect, effect)))
      effect = tier.effect
  if (effect === null) return null
  return { effect, channels: channelsOf(blocking), further: furtherOf(blocking) }
}

/** Latch before trip before block; of two trips, the longer. */
export const isStronger = (one: BlockingEffect, other: BlockingEffect): boolean =>
  one.kind === "trip" && other.kind === "trip"
    ? one.coolDownMs > other.coolDownMs
    : RANK[one.kind] > RANK[other.kind]

const openCircuit = (
  draft: Draft,
  line: Line,
  strongest: Strongest | null,
  overAllowance: boolean,
): void => {
  const account = draft.account(line)
  if (overAllowance && strongest?.effect.kind !== "latch") reopen(draft, account)
  else if (strongest !== null)
    openFor(draft, account, { ...strongest, period: line.period, observed: line.terms.observe })
}

const tierEvent = (draft: Draft, line: Line, level: Level): DomainEvent => ({
  ...meterHead(draft, line, `${level.amount}/${level.arming}`),
  kind: "tier",
  channels: channelsOf(level.tiers),
  level: level.amount,
  label: level.label,
  passed: level.passed,
  message: messageOf(level.tiers),
  effect: levelEffectOf(level.tiers),
})

const levelEffectOf = (tiers: readonly TierTerms[]): LevelEffect => {
  const ranks = tiers.map(({ effect, degrade }) =>
    LEVEL_EFFECTS.indexOf(effect?.kind ?? (degrade === null ? "notify" : "degrade")),
  )
  return LEVEL_EFFECTS[Math.max(...ranks)] ?? "notify"
}

/** What tiers that meet at one level say together. */
export const messageOf = (tiers: readonly TierTerms[]): string =>
  tiers
    .map((tier) => tier.message)
    .filter((message) => message !== "")
    .join("; ")

const channelsOf = (tiers: readonly TierTerms[]): readonly string[] => [
  ...new Set(tiers.flatMap(atOnceOf)),
]

const capChannels = (draft: Draft, line: Line): readonly string[] => {
  const meter = draft.meter(line)
  const { allow } = meter.notes
  const cap = capOf(meter, line.terms, draft.nowMs)
  const makes = line.terms.tiers.filter(
    (tier) =>
      tier.effect !== null &&
      tier.at <= cap &&
      (tier.at === cap || (cap - tier.at) % tier.repeat === 0),
  )
  return channelsOf(makes.length > 0 || allow === null ? makes : [allow.tier])
}

const meterHead = (draft: Draft, line: Line, kind: string) => {
  const { account } = line
  const meter = draft.meter(line)
  const { circuit } = draft.account(line)
  return {
    id: `${meterName(account, meter)}/${kind}`,
    atMs: draft.nowMs,
    account,
    incident:
      circuit.state === "closed"
        ? meterIncident(account, meter)
        : circuitIncident(account, circuit),
    generation: circuit.generation,
    ...meterFacts(meter, line, draft.nowMs),
  }
}
