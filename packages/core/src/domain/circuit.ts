import type { Draft } from "./draft.ts"
import { escalationAfter, type Further } from "./escalation.ts"
import { circuitIncident, joined } from "./incident.ts"
import type { Account, Circuit, Meter } from "./ledger.ts"
import { settledAt } from "./meter.ts"
import { AMOUNT_MAX } from "./money.ts"
import type { BlockingEffect } from "./terms.ts"
import type { DurationMs, EpochMs } from "./time.ts"
import type { Period } from "./window.ts"

/** The strongest of the effects that one command reaches on one account, with the period of its cause. */
export interface Cause {
  readonly effect: BlockingEffect
  readonly period: Period
  /** Whom it tells at once, and whom one after the other while nobody acknowledges it. */
  readonly channels: readonly string[]
  readonly further: Further | null
  readonly observed: boolean
}

/** Who moved a circuit by an operator's command. */
export interface Hand {
  readonly by: string
  readonly why: string
}

/** Moves a circuit whose time is over: the first command that looks at it at or after `untilMs` does so. */
export const moveByTime = (draft: Draft, account: Account): Account => {
  const circuit = circuitAt(account, draft.nowMs)
  return circuit === account.circuit ? account : moveTo(draft, account, circuit)
}

/** The circuit as it is found at an instant: the same one, unless its time is over. */
export const circuitAt = ({ circuit, meters }: Account, nowMs: EpochMs): Circuit => {
  if (circuit.state === "closed" || circuit.state === "latched" || nowMs < circuit.untilMs)
    return circuit
  const { probation } = circuit
  if (circuit.state === "half-open" || probation === null) return closedAfter(circuit, nowMs)
  const current = meters.find(({ period }) => period.startMs <= nowMs && nowMs < period.endMs)
  const base = current === undefined ? 0 : settledAt(current, nowMs) + current.held
  return {
    ...circuit,
    state: "half-open",
    untilMs: nowMs + probation.forMs,
    probation,
    meterStartMs: current?.period.startMs ?? null,
    allowance: Math.min(AMOUNT_MAX, base + probation.allow),
  }
}

/** Whether it binds a line: what was opened by observation does not bind one that enforces. */
export const binds = (circuit: Circuit, observes: boolean): boolean => observes || !circuit.observed

/** The amount that probation lets a meter reach; Infinity off probation. */
export const allowanceOf = (circuit: Circuit, meter: Meter | undefined): number => {
  if (circuit.state !== "half-open") return Number.POSITIVE_INFINITY
  return meter !== undefined && circuit.meterStartMs === meter.period.startMs
    ? circuit.allowance
    : circuit.probation.allow
}

/** Opens or latches for the strongest effect; an ended period moves nothing (`latch`: one period later). */
export const openFor = (draft: Draft, account: Account, cause: Cause): Account => {
  const { circuit } = account
  const { effect, period } = cause
  // What only observes does not touch what is enforced.
  if (cause.observed && circuit.state !== "closed" && !circuit.observed) return account
  const told = toldOf(circuit, cause.channels)
  const opening = {
    generation: circuit.generation + 1,
    since: sinceOf(circuit),
    observed: cause.observed,
    told,
    causeStartMs: period.startMs,
  }
  if (effect.kind === "latch" && draft.nowMs < period.keptUntilMs) {
    const { channels: atOnce, further } = cause
    const escalation = escalationAfter(circuit, { atOnce, told, further, nowMs: draft.nowMs })
    return moveTo(draft, account, { ...opening, state: "latched", escalation })
  }
  if (effect.kind !== "trip" || draft.nowMs >= period.endMs || circuit.state === "latched")
    return account
  const until = draft.nowMs + effect.coolDownMs
  return moveTo(draft, account, {
    ...opening,
    state: "open",
    untilMs: isOpenAlike(circuit, cause.observed) ? Math.max(circuit.untilMs, until) : until,
    coolDownMs: effect.coolDownMs,
    maxCoolDownMs: effect.maxCoolDownMs,
    probation: effect.probation,
  })
}

/** What was open by observation alone does not lengthen what is enforced. */
const isOpenAlike = (
  circuit: Circuit,
  observed: boolean,
): circuit is Extract<Circuit, { state: "open" }> =>
  circuit.state === "open" && circuit.observed === observed

/** Probation's allowance is reached: open again, for twice as long. */
export const reopen = (draft: Draft, account: Account): Account => {
  const { circuit } = account
  if (circuit.state !== "half-open") return account
  const coolDownMs = Math.min(circuit.coolDownMs * 2, circuit.maxCoolDownMs)
  return moveTo(draft, account, {
    state: "open",
    generation: circuit.generation + 1,
    since: circuit.since,
    observed: circuit.observed,
    told: circuit.told,
    causeStartMs: circuit.causeStartMs,
    untilMs: draft.nowMs + coolDownMs,
    coolDownMs,
    maxCoolDownMs: circuit.maxCoolDownMs,
    probation: circuit.probation,
  })
}

/** An operator's Trip. */
export const tripFor = (
  draft: Draft,
  account: Account,
  { coolDownMs, hand }: { readonly coolDownMs: DurationMs; readonly hand: Hand },
): Account => {
  const { circuit } = account
  if (circuit.state === "latched") return account
  const until = draft.nowMs + coolDownMs
  const opened: Circuit = {
    state: "open",
    generation: circuit.generation + 1,
    since: sinceOf(circuit),
    observed: false,
    told: toldOf(circuit, []),
    causeStartMs: null,
    untilMs: isOpenAlike(circuit, false) ? Math.max(circuit.untilMs, until) : until,
    coolDownMs,
    maxCoolDownMs: coolDownMs,
    probation: null,
  }
  return moveTo(draft, account, opened, hand)
}

/** Closes it; `hand` is who acknowledged it. */
export const close = (draft: Draft, account: Account, hand: Hand | null = null): Account =>
  moveTo(draft, account, closedAfter(account.circuit, draft.nowMs), hand)

/** Whether the circuit refuses now, without moving it. */
export const refuses = (circuit: Circuit, nowMs: EpochMs): boolean =>
  circuit.state === "latched" || (circuit.state === "open" && nowMs < circuit.untilMs)

const closedAfter = ({ generation }: Circuit, nowMs: EpochMs): Circuit => ({
  state: "closed",
  generation,
  observed: false,
  sinceMs: nowMs,
})

const toldOf = (circuit: Circuit, channels: readonly string[]): readonly string[] =>
  circuit.state === "closed" ? channels : joined(circuit.told, channels)

/** The generation that an opening belongs to from now on: its own, or that of the one it goes on. */
const sinceOf = (circuit: Circuit): number =>
  circuit.state === "closed" ? circuit.generation + 1 : circuit.since

const moveTo = (
  draft: Draft,
  account: Account,
  circuit: Circuit,
  hand: Hand | null = null,
): Account => {
  // A closing ends what it closes: the same incident, told to whoever heard of that.
  const opened = circuit.state === "closed" ? account.circuit : circuit
  if (opened.state === "closed") return account
  const moved = { ...account, circuit }
  const { key } = account
  draft.putAccount(moved)
  draft.events.push({
    kind: "circuit",
    id: `${key}/${circuit.generation}/${circuit.state}`,
    atMs: draft.nowMs,
    channels: opened.told,
    account: key,
    incident: circuitIncident(key, opened),
    generation: circuit.generation,
    state: circuit.state,
    untilMs: circuit.state === "open" || circuit.state === "half-open" ? circuit.untilMs : null,
    observed: opened.observed,
    by: hand?.by ?? null,
    why: hand?.why ?? null,
  })
  return moved
}
