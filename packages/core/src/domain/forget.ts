import { SKEW_MAX_MS, SOURCE_KEPT_MS } from "./command.ts"
import { type Change, Draft, isOver } from "./draft.ts"
import { CLOSED, copyOfAccount, type Ledger, type Meter, remembered } from "./ledger.ts"
import { isIdle } from "./meter.ts"
import type { EpochMs } from "./time.ts"

/**
 * What may be forgotten now, of the few records whose turn it is: periods that are no longer kept, accounts
 * that are closed and empty and whose end was told, expired reservations of such periods, sources silent for a day, switches whose
 * time is over. Idleness never lifts a latch. Law I14, at a bounded cost per command.
 *
 * Nobody sees when it happens: what goes has not counted for ten minutes, longer than a clock may go back.
 */
export const forget = (ledger: Ledger, nowMs: EpochMs): readonly Change[] => {
  const { rounds } = ledger
  const past = new Draft(ledger, nowMs - SKEW_MAX_MS)
  const looks = rounds.takeLooks()
  return [
    ...reservations(ledger, past, looks),
    ...accounts(ledger, past.nowMs, looks),
    ...sources(ledger, past.nowMs, looks),
    ...switches(ledger, past.nowMs, looks),
  ]
}

const reservations = function* (ledger: Ledger, past: Draft, looks: number): Iterable<Change> {
  for (let look = 0; look < looks; look += 1) {
    const found = ledger.rounds.next("reservations", () => ledger.reservations.values())
    if (found === undefined) return
    const { id, division } = found
    if (isOver(past, found)) yield { kind: "reservation", id, division, value: null }
  }
}

const accounts = function* (ledger: Ledger, pastMs: EpochMs, looks: number): Iterable<Change> {
  for (let look = 0; look < looks; look += 1) {
    const account = ledger.rounds.next("accounts", () => ledger.accounts.values())
    if (account === undefined) return
    const { key } = account
    const meters = account.meters.filter((meter) => isKept(meter, pastMs))
    if (meters.length === 0 && remembered(account.circuit, pastMs) === CLOSED)
      yield { kind: "account", key, value: null }
    else if (meters.length < account.meters.length)
      yield { kind: "account", key, value: copyOfAccount({ ...account, meters }) }
  }
}

const isKept = (meter: Meter, pastMs: EpochMs): boolean => {
  if (meter.held > 0 || meter.notes.told.length > 0) return true
  const { idleMs, slidingMs } = meter.terms
  if (idleMs > 0 || slidingMs > 0) return !isIdle(meter, pastMs)
  return pastMs < meter.period.keptUntilMs
}

const sources = function* (ledger: Ledger, pastMs: EpochMs, looks: number): Iterable<Change> {
  for (let look = 0; look < looks; look += 1) {
    const found = ledger.rounds.next("sources", () => ledger.sources.entries())
    if (found === undefined) return
    const [key, { lastAtMs }] = found
    if (pastMs - lastAtMs >= SOURCE_KEPT_MS) yield { kind: "source", key, value: null }
  }
}

const switches = function* (ledger: Ledger, pastMs: EpochMs, looks: number): Iterable<Change> {
  for (let look = 0; look < looks; look += 1) {
    const found = ledger.rounds.next("switches", () => ledger.switches.entries())
    if (found === undefined) return
    const [key, { untilMs }] = found
    if (untilMs !== null && pastMs >= untilMs) yield { kind: "switch", key, value: null }
  }
}
