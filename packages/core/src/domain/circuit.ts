import type { Draft } from "./draft.ts"
import type { Account, Circuit, Meter } from "./ledger.ts"
import { settledAt } from "./meter.ts"
import { AMOUNT_MAX } from "./money.ts"
import type { BlockingEffect } from "./terms.ts"
import type { EpochMs } from "./time.ts"
import type { Period } from "./window.ts"

/** The strongest of the effects that one command reaches on one account, with the period of its cause. */
export interface Cause {
  readonly effect: BlockingEffect
  readonly period: Period
  readonly channels: readonly string[]
  readonly observed: boolean
}

/** Moves a circuit whose time is over: the first command that looks at it at or after `untilMs` does so. */
export const look = (draft: Draft, account: Account): Account => {
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
  const opening = {
    generation: circuit.generation + 1,
    observed: cause.observed,
    told: toldOf(circuit, cause.channels),
    causeStartMs: period.startMs,
  }
  if (effect.kind === "latch" && draft.nowMs < period.keptUntilMs)
    return moveTo(draft, account, { ...opening, state: "latched" })
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
export const tripFor = (draft: Draft, account: Account, coolDownMs: number): Account => {
  const { circuit } = account
  if (circuit.state === "latched") return account
  const until = draft.nowMs + coolDownMs
  return moveTo(draft, account, {
    state: "open",
    generation: circuit.generation + 1,
    observed: false,
    told: toldOf(circuit, []),
    causeStartMs: null,
    untilMs: isOpenAlike(circuit, false) ? Math.max(circuit.untilMs, until) : until,
    coolDownMs,
    maxCoolDownMs: coolDownMs,
    probation: null,
  })
}

export const close = (draft: Draft, account: Account): Account =>
  account.circuit.state === "closed"
    ? account
    : moveTo(draft, account, closedAfter(account.circuit, draft.nowMs))

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
  circuit.state === "closed" ? channels : [...new Set([...circuit.told, ...channels])]

const moveTo = (draft: Draft, account: Account, circuit: Circuit): Account => {
  const moved = { ...account, circuit }
  const told = circuit.state === "closed" ? account.circuit : circuit
  draft.putAccount(moved)
  draft.events.push({
    kind: "circuit",
    id: `${account.key}/${circuit.generation}/${circuit.state}`,
    atMs: draft.nowMs,
    channels: told.state === "closed" ? [] : told.told,
    account: account.key,
    incident: `${account.key}/${circuit.generation}`,
    state: circuit.state,
    generation: circuit.generation,
    untilMs: circuit.state === "open" || circuit.state === "half-open" ? circuit.untilMs : null,
  })
  return moved
}
