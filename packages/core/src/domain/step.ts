import { type Command, EXPIRE_MAX, SWEEP_MAX } from "./command.ts"
import { type Change, Draft, type Reserved, type Settled } from "./draft.ts"
import type { DomainEvent } from "./event.ts"
import { evolve, evolveOne } from "./evolve.ts"
import { forget } from "./forget.ts"
import { copyOf } from "./kept.ts"
import type { Ledger, Source } from "./ledger.ts"
import { recall, remember, sourceOf } from "./once.ts"
import type { Outcome } from "./outcome.ts"
import { quickReserve, quickSettle } from "./quick.ts"
import { charge } from "./step/charge.ts"
import { expire, NONE_SWEPT, sweep } from "./step/expire.ts"
import { extend } from "./step/extend.ts"
import { acknowledge, adjust, switchTo, trip } from "./step/operator.ts"
import { release } from "./step/release.ts"
import { reserve } from "./step/reserve.ts"
import { settle } from "./step/settle.ts"
import type { EpochMs } from "./time.ts"
import { problemOf } from "./validate.ts"

/** What one command did: the answer, what to tell, and what to write. */
export interface Decision {
  readonly outcome: Outcome
  readonly events: readonly DomainEvent[]
  readonly changes: readonly Change[]
}

/**
 * One step: at most 16 overdue reservations of the command's division end (128 before an Expire), then the command is decided
 * and applied. The ledger is changed in place; errors and replays change nothing of their own.
 */
export const apply = (ledger: Ledger, command: Command, nowMs: EpochMs): Decision => {
  const problem = problemOf(command, nowMs, ledger.handles.knows)
  if (problem !== null) return failed(problem)
  const source = sourceOf(ledger, command, nowMs)
  const known = recall(source, command)
  if (known !== null) return { outcome: known, events: NO_EVENTS, changes: NO_CHANGES }
  const most = command.kind === "expire" ? EXPIRE_MAX : SWEEP_MAX
  const swept = sweep(ledger, command.division, nowMs, most)
  const forgotten = ledger.rounds.isDue() ? forget(ledger, nowMs) : NO_CHANGES
  if (forgotten.length > 0) evolve(ledger, forgotten)
  const change = quickly(ledger, source, command, nowMs)
  const decision =
    change === null ? decideInFull(ledger, command, nowMs, swept.ids) : decisionOf(change)
  if (change === null) evolve(ledger, decision.changes)
  else evolveOne(ledger, change)
  if (swept === NONE_SWEPT && forgotten.length === 0) return decision
  return {
    outcome: decision.outcome,
    events: [...swept.events, ...decision.events],
    changes: [...swept.changes, ...forgotten, ...decision.changes],
  }
}

/** The pure form of `apply`: the given ledger is left as it was. */
export const step = (
  ledger: Ledger,
  command: Command,
  nowMs: EpochMs,
): Decision & { ledger: Ledger } => {
  const copy = copyOf(ledger)
  return { ...apply(copy, command, nowMs), ledger: copy }
}

/** Decides one new command against a ledger that it only reads. */
export const decide = (ledger: Ledger, command: Command, nowMs: EpochMs): Decision => {
  const change = quickly(ledger, sourceOf(ledger, command, nowMs), command, nowMs)
  return change === null ? decideInFull(ledger, command, nowMs) : decisionOf(change)
}

/**
 * The same by the full rules alone: what the quick answers must equal.
 *
 * @param swept names of the reservations that the sweep before it ended: an Expire answers them
 */
export const decideInFull = (
  ledger: Ledger,
  command: Command,
  nowMs: EpochMs,
  swept: readonly string[] = [],
): Decision => {
  const draft = new Draft(ledger, nowMs)
  const outcome = dispatch(draft, command, swept)
  if (outcome.kind === "error") return { outcome, events: NO_EVENTS, changes: NO_CHANGES }
  remember(draft, command, outcome)
  return { outcome, events: draft.events, changes: draft.changes }
}

const quickly = (
  ledger: Ledger,
  source: Source | undefined,
  command: Command,
  nowMs: EpochMs,
): Reserved | Settled | null => {
  if (command.kind === "reserve") return quickReserve(ledger, source, command, nowMs)
  return command.kind === "settle" ? quickSettle(ledger, source, command, nowMs) : null
}

const decisionOf = (change: Reserved | Settled): Decision => ({
  outcome: change.outcome,
  events: NO_EVENTS,
  changes: [change],
})

const NO_EVENTS: readonly DomainEvent[] = Object.freeze([])
const NO_CHANGES: readonly Change[] = Object.freeze([])

const failed = (detail: string): Decision => ({
  outcome: { kind: "error", error: "invalid-command", detail },
  events: NO_EVENTS,
  changes: NO_CHANGES,
})

const dispatch = (draft: Draft, command: Command, swept: readonly string[]): Outcome => {
  switch (command.kind) {
    case "reserve":
      return reserve(draft, command)
    case "extend":
      return extend(draft, command)
    case "settle":
      return settle(draft, command)
    case "release":
      return release(draft, command)
    case "charge":
      return charge(draft, command)
    case "adjust":
      return adjust(draft, command)
    case "acknowledge":
      return acknowledge(draft, command)
    case "trip":
      return trip(draft, command)
    case "switch":
      return switchTo(draft, command)
    case "expire":
      return expire(draft, command, swept)
  }
}
