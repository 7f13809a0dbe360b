import { admit, costOf } from "./admit.ts"
import { close, look, refuses, tripFor } from "./circuit.ts"
import {
  type Acknowledge,
  type Adjust,
  type Charge,
  type Command,
  type CommandId,
  type Extend,
  type Line,
  type Release,
  type Reserve,
  type Settle,
  SKEW_MAX_MS,
  SWEEP_MAX,
} from "./command.ts"
import { type Change, Draft } from "./draft.ts"
import type { DomainEvent } from "./event.ts"
import { evolve } from "./evolve.ts"
import { forget } from "./forget.ts"
import {
  type HeldLine,
  type Ledger,
  ledgerOf,
  type Reservation,
  reservationKey,
  sourceKey,
} from "./ledger.ts"
import { firedUpTo, settledAt } from "./meter.ts"
import { AMOUNT_MAX } from "./money.ts"
import { answered, ended, markEnded, recall, remember } from "./once.ts"
import type { CommandError, Outcome } from "./outcome.ts"
import { quickReserve, quickSettle } from "./quick.ts"
import { move } from "./raise.ts"
import { type Amounts, levelAbove, NOTHING } from "./terms.ts"
import type { EpochMs } from "./time.ts"
import { problemOf } from "./validate.ts"

/** What one command did: the answer, what to tell, and what to write. */
export interface Decision {
  readonly outcome: Outcome
  readonly events: readonly DomainEvent[]
  readonly changes: readonly Change[]
}

/**
 * One step: at most 16 overdue reservations of the command's division end, then the command is decided
 * and applied. The ledger is changed in place; errors and replays change nothing of their own.
 */
export const apply = (ledger: Ledger, command: Command, nowMs: EpochMs): Decision => {
  const early = answeredEarly(ledger, command, nowMs)
  if (early !== null) return { outcome: early, events: [], changes: [] }
  const swept = sweep(ledger, command.division, nowMs, SWEEP_MAX)
  const forgotten = ledger.rounds.isDue() ? forget(ledger, nowMs) : NOTHING_FORGOTTEN
  if (forgotten.length > 0) evolve(ledger, forgotten)
  const decision = decide(ledger, command, nowMs)
  evolve(ledger, decision.changes)
  if (swept === NONE_SWEPT && forgotten.length === 0) return decision
  return {
    outcome:
      decision.outcome.kind === "expired"
        ? { kind: "expired", reservations: [...swept.ids, ...decision.outcome.reservations] }
        : decision.outcome,
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

/** A ledger of its own: nothing that is written to it is seen in the first. */
export const copyOf = (ledger: Ledger): Ledger =>
  ledgerOf({
    accounts: new Map(
      [...ledger.accounts].map(([key, account]) => [
        key,
        { ...account, meters: account.meters.map((meter) => ({ ...meter })) },
      ]),
    ),
    reservations: new Map(ledger.reservations),
    sources: new Map(
      [...ledger.sources].map(([key, source]) => [
        key,
        { ...source, entries: new Map(source.entries) },
      ]),
    ),
    switches: new Map(ledger.switches),
  })

/** Decides one command against a ledger that it only reads. */
export const decide = (ledger: Ledger, command: Command, nowMs: EpochMs): Decision => {
  const quick = quickly(ledger, command, nowMs)
  return quick ?? decideInFull(ledger, command, nowMs)
}

/** The same by the full rules alone: what the quick answers must equal. */
export const decideInFull = (ledger: Ledger, command: Command, nowMs: EpochMs): Decision => {
  const draft = new Draft(ledger, nowMs)
  const outcome = dispatch(draft, command)
  if (outcome.kind === "error") return { outcome, events: [], changes: [] }
  remember(draft, command, outcome)
  return { outcome, events: draft.events, changes: draft.changes }
}

const quickly = (ledger: Ledger, command: Command, nowMs: EpochMs): Decision | null => {
  if (command.kind === "reserve") {
    const quick = quickReserve(ledger, command, nowMs)
    if (quick === null) return null
    const outcome: Outcome = { kind: "reserved", granted: quick.reservation.granted }
    const known = answered(ledger, command, outcome, nowMs, null)
    return { outcome, events: NO_EVENTS, changes: [quick, known] }
  }
  if (command.kind !== "settle") return null
  const quick = quickSettle(ledger, command, nowMs)
  if (quick === null) return null
  const known = answered(ledger, command, SETTLED, nowMs, null)
  const id = command.reservation
  const key = sourceKey({ id, division: command.division })
  const isUnanswered =
    id.n >
    Math.max(ledger.sources.get(key)?.done ?? 0, id.source === command.id.source ? command.done : 0)
  if (!isUnanswered) return { outcome: SETTLED, events: NO_EVENTS, changes: [quick, known] }
  const mark: Change = { kind: "marked", key, n: id.n, atMs: nowMs, ended: "settled" }
  return { outcome: SETTLED, events: NO_EVENTS, changes: [quick, known, mark] }
}

const NO_EVENTS: readonly DomainEvent[] = Object.freeze([])
const SETTLED: Outcome = Object.freeze({
  kind: "settled",
  drain: false,
  skipped: Object.freeze([]) as readonly string[],
})

const answeredEarly = (ledger: Ledger, command: Command, nowMs: EpochMs): Outcome | null => {
  const problem = problemOf(command, nowMs)
  return problem === null ? recall(ledger, command, nowMs) : failed("invalid-command", problem)
}

const dispatch = (draft: Draft, command: Command): Outcome => {
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
    case "trip": {
      const account = { account: command.account, division: command.division }
      const { circuit } = tripFor(draft, look(draft, draft.account(account)), command.coolDownMs)
      audit(draft, command, command.account)
      return { kind: "tripped", generation: circuit.generation }
    }
    case "switch":
      draft.putSwitch(command.switch, command.state === "off" ? { untilMs: command.untilMs } : null)
      audit(draft, command, command.switch)
      return { kind: "switched" }
    case "expire":
      for (const account of draft.ledger.accounts.values())
        if (account.division === command.division) look(draft, account)
      return { kind: "expired", reservations: [] }
  }
}

const reserve = (draft: Draft, command: Reserve): Outcome => {
  if (Math.abs(command.issuedAtMs - draft.nowMs) > SKEW_MAX_MS)
    return failed("skewed", "`issuedAt` is more than 10 minutes from the store's clock; issue anew")
  const verdict = admit(draft, command)
  if (verdict.kind === "refused") return verdict
  if (verdict.kind === "overflow")
    return failed("overflow", `account \`${verdict.account}\` would pass 2^53 − 1`)
  const lines = command.lines.map((line): HeldLine => {
    const hold = costOf(line, command, verdict.granted)
    move(draft, line, { settled: 0, held: hold })
    admitted(draft, line)
    return { ...line, hold, settled: 0 }
  })
  draft.putReservation(reservationKey(command.id), {
    id: reservationKey(command.id),
    division: command.division,
    lines,
    switches: command.switches,
    granted: verdict.granted,
    expiresAtMs: command.expiresAtMs,
    state: "running",
    seq: 0,
    actual: NOTHING,
    via: command.via,
  })
  return { kind: "reserved", granted: verdict.granted }
}

const extend = (draft: Draft, command: Extend): Outcome => {
  const found = running(draft, command.reservation, command.division)
  if (!("lines" in found)) return found
  const expiresAtMs = Math.max(found.expiresAtMs, command.expiresAtMs ?? 0)
  const asks = command.units.most > 0 || Object.values(command.base).some((amount) => amount > 0)
  if (!asks) {
    draft.putReservation(found.id, { ...found, expiresAtMs })
    return { kind: "extended", granted: 0, drain: drains(draft, found) }
  }
  if (Math.abs(command.issuedAtMs - draft.nowMs) > SKEW_MAX_MS)
    return failed("skewed", "`issuedAt` is more than 10 minutes from the store's clock; issue anew")
  const over = found.lines.find((line) => draft.nowMs >= line.period.endMs)
  if (over !== undefined)
    return failed("period-over", `the period of \`${over.account}\` is over; reserve anew`)
  const verdict = admit(draft, { ...found, ...command, lines: found.lines, swallowed: 0 })
  if (verdict.kind === "refused") return verdict
  if (verdict.kind === "overflow")
    return failed("overflow", `account \`${verdict.account}\` would pass 2^53 − 1`)
  const lines = found.lines.map((line) => {
    const more = costOf(line, command, verdict.granted)
    move(draft, line, {
      settled: 0,
      held: heldOf(line.hold + more, line.settled) - heldOf(line.hold, line.settled),
    })
    admitted(draft, line)
    return { ...line, hold: line.hold + more }
  })
  const granted = found.granted + verdict.granted
  draft.putReservation(found.id, { ...found, lines, granted, expiresAtMs })
  return { kind: "extended", granted: verdict.granted, drain: drains(draft, found) }
}

const settle = (draft: Draft, command: Settle): Outcome => {
  const key = reservationKey(command.reservation)
  const found = draft.reservation(key)
  if (found === undefined) return unknown(draft, command.reservation, command.division)
  if (command.seq <= found.seq) return { kind: "settled", drain: drains(draft, found), skipped: [] }
  const skipped = post(draft, found, command.actual, command.final, command.seq)
  if (skipped.length === found.lines.length && skipped.length > 0) return unposted(skipped)
  if (command.final) markEnded(draft, command.reservation, command.division, "settled")
  return { kind: "settled", drain: drains(draft, found), skipped }
}

/** Replaces what a reservation contributes by what is known now; names the lines no longer kept. */
const post = (
  draft: Draft,
  found: Reservation,
  actual: Amounts,
  final: boolean,
  seq: number,
): readonly string[] => {
  const skipped: string[] = []
  const lines = found.lines.map((line): HeldLine => {
    const used = actual[line.terms.unit]
    const settled = found.state === "expired" && !final ? Math.max(line.settled, used) : used
    if (!draft.keeps(line)) {
      skipped.push(line.account)
      return line
    }
    const heldBefore = found.state === "running" ? heldOf(line.hold, line.settled) : 0
    const heldAfter = found.state === "running" && !final ? heldOf(line.hold, settled) : 0
    move(draft, line, { settled: settled - line.settled, held: heldAfter - heldBefore })
    return { ...line, settled }
  })
  draft.putReservation(found.id, final ? null : { ...found, lines, actual, seq })
  return skipped
}

const release = (draft: Draft, command: Release): Outcome => {
  const key = reservationKey(command.reservation)
  const found = draft.reservation(key)
  if (found === undefined) {
    const gone = unknown(draft, command.reservation, command.division)
    if (gone.kind === "error" && gone.error === "not-running") return gone
    markEnded(draft, command.reservation, command.division, "released")
    return { kind: "released" }
  }
  post(draft, found, found.actual, true, found.seq)
  markEnded(draft, command.reservation, command.division, "released")
  return { kind: "released" }
}

const charge = (draft: Draft, command: Charge): Outcome => {
  if (command.ends !== null) {
    const found = draft.reservation(reservationKey(command.ends))
    if (found !== undefined) {
      const skipped = post(draft, found, command.amounts, true, found.seq + 1)
      if (skipped.length === found.lines.length && skipped.length > 0) return unposted(skipped)
      markEnded(draft, command.ends, command.division, "settled")
      return { kind: "charged", skipped }
    }
    if (ended(draft, command.ends, command.division) === "settled")
      return failed("not-running", "the reservation was settled; nothing is charged")
    markEnded(draft, command.ends, command.division, "released")
  }
  const skipped: string[] = []
  for (const line of command.lines) {
    if (draft.keeps(line)) move(draft, line, { settled: command.amounts[line.terms.unit], held: 0 })
    else skipped.push(line.account)
  }
  if (skipped.length === command.lines.length && skipped.length > 0) return unposted(skipped)
  return { kind: "charged", skipped }
}

const adjust = (draft: Draft, command: Adjust): Outcome => {
  const { line } = command
  if (!draft.keeps(line)) return unposted([line.account])
  const before = draft.meter(line)
  move(draft, line, { settled: Math.max(command.amount, -before.settled), held: 0 })
  audit(draft, command, line.account)
  return { kind: "adjusted", settled: settledAt(draft.meter(line), draft.nowMs) }
}

const acknowledge = (draft: Draft, command: Acknowledge): Outcome => {
  const account = look(
    draft,
    draft.account({ account: command.account, division: command.division }),
  )
  const { circuit } = account
  if (circuit.generation > command.generation)
    return { kind: "later-generation", generation: circuit.generation }
  const causeStartMs = circuit.state === "closed" ? null : circuit.causeStartMs
  const isCurrent = (period: { startMs: number; endMs: number }): boolean =>
    period.startMs <= draft.nowMs && draft.nowMs < period.endMs
  let acknowledgedSome = false
  const meters = account.meters.map((meter) => {
    if (!isCurrent(meter.period) && meter.period.startMs !== causeStartMs) return meter
    const upTo = firedUpTo(meter, command.upTo)
    if (upTo <= meter.acknowledged) return meter
    acknowledgedSome = true
    return { ...meter, acknowledged: upTo }
  })
  if (circuit.state === "closed" && !acknowledgedSome && command.allow === null)
    return { kind: "nothing-to-acknowledge" }
  draft.putAccount({ ...account, meters })
  close(draft, draft.account({ account: command.account, division: command.division }))
  if (command.allow !== null && command.line !== null) allowMore(draft, command.line, command.allow)
  audit(draft, command, command.account)
  return { kind: "acknowledged" }
}

/** A small step: a level of the same effects at what is used plus `allow`, where that is below the next one. */
const allowMore = (draft: Draft, line: Line, allow: number): void => {
  const meter = { ...draft.meter(line), terms: line.terms }
  const amount = settledAt(meter, draft.nowMs) + meter.held + allow
  const blocking = line.terms.tiers.filter((tier) => tier.effect !== null)
  const [first] = blocking
  if (first === undefined) return
  const next = Math.min(...blocking.map((tier) => levelAbove(tier, meter.acknowledged)))
  if (amount >= next) return
  const tier = blocking.filter(({ at }) => at <= meter.acknowledged).at(-1) ?? first
  draft.putMeter(line, {
    ...meter,
    allow: { amount: Math.min(amount, AMOUNT_MAX), tier, fired: false },
  })
}

const running = (draft: Draft, id: CommandId, division: string): Reservation | Outcome => {
  const found = draft.reservation(reservationKey(id))
  if (found === undefined) return unknown(draft, id, division)
  return found.state === "running" ? found : failed("not-running", "the reservation has expired")
}

const unknown = (draft: Draft, id: CommandId, division: string): Outcome & { kind: "error" } =>
  ended(draft, id, division) === null
    ? failed("unknown-reservation", "no reservation of this name is known")
    : failed("not-running", "the reservation has ended")

const drains = (draft: Draft, reservation: Reservation): boolean =>
  reservation.switches.some((key) => draft.switchedOff(key) !== undefined) ||
  reservation.lines.some(
    (line) => !line.terms.observe && refuses(draft.account(line).circuit, draft.nowMs),
  )

const admitted = (draft: Draft, line: Line): void => {
  const meter = draft.meter(line)
  if (meter.refusals > 0 || meter.busySinceMs !== null)
    draft.putMeter(line, { ...meter, refusals: 0, refusedAtMs: null, busySinceMs: null })
}

interface Swept {
  readonly ids: readonly string[]
  readonly events: readonly DomainEvent[]
  readonly changes: readonly Change[]
}

const NOTHING_FORGOTTEN: readonly Change[] = []
const NONE_SWEPT: Swept = { ids: [], events: [], changes: [] }

/** Ends overdue reservations, oldest first: the whole hold counts as spent until someone knows better. */
const sweep = (ledger: Ledger, division: string, nowMs: EpochMs, most: number): Swept => {
  const ids: string[] = []
  const events: DomainEvent[] = []
  const changes: Change[] = []
  if (!ledger.expiries.mayBeDue(division, nowMs)) return NONE_SWEPT
  const overdue = ledger.expiries
    .due(division, nowMs)
    .flatMap((id) => ledger.reservations.get(id) ?? [])
    .filter((reservation) => reservation.expiresAtMs <= nowMs)
    .sort((a, b) => a.expiresAtMs - b.expiresAtMs || (a.id < b.id ? -1 : 1))
  for (const reservation of overdue.slice(0, most)) {
    const draft = new Draft(ledger, nowMs)
    const lines = reservation.lines.map((line): HeldLine => {
      const assumed = heldOf(line.hold, line.settled)
      move(draft, line, { settled: assumed, held: -assumed })
      return { ...line, settled: line.settled + assumed }
    })
    draft.putReservation(reservation.id, { ...reservation, lines, state: "expired" })
    const id = `${reservation.id}/expired`
    draft.events.push({
      kind: "expired",
      id,
      atMs: nowMs,
      channels: [],
      reservation: reservation.id,
    })
    evolve(ledger, draft.changes)
    ids.push(reservation.id)
    events.push(...draft.events)
    changes.push(...draft.changes)
  }
  return { ids, events, changes }
}

const heldOf = (hold: number, settled: number): number => Math.max(0, hold - settled)

const audit = (draft: Draft, command: Extract<Command, { by: string }>, target: string): void => {
  const id = `${reservationKey(command.id)}/audit`
  const { kind: verb, by, why } = command
  draft.events.push({ kind: "audit", id, atMs: draft.nowMs, channels: [], verb, target, by, why })
}

const unposted = (accounts: readonly string[]): Outcome =>
  failed("unknown-period", `no period of ${accounts.map((key) => `\`${key}\``).join(", ")} is kept`)

const failed = (error: CommandError, detail: string): Outcome & { kind: "error" } => ({
  kind: "error",
  error,
  detail,
})
