import { Answers } from "./answers.ts"
import type { Answered, Change, Marked, Reserved, Settled } from "./draft.ts"
import {
  type Account,
  copyOfAccount,
  type Entry,
  type Ledger,
  type Meter,
  type Reservation,
  type Source,
} from "./ledger.ts"
import { meterStart } from "./meter.ts"
import { sourceKey } from "./source.ts"
import { type Amounts, NOTHING } from "./terms.ts"

/** Applies what a decision writes to the ledger, in place. It knows no rules: what is written is what holds. */
export const evolve = (ledger: Ledger, changes: readonly Change[]): void => {
  for (const change of changes) {
    switch (change.kind) {
      case "reserved":
        reserve(ledger, change)
        break
      case "settled":
        settle(ledger, change)
        break
      case "answered":
        answer(ledger, change)
        break
      case "marked":
        mark(ledger, change)
        break
      case "account":
        putAccount(ledger, change.key, change.value)
        break
      case "reservation": {
        const before = ledger.reservations.get(change.id, change.division)
        putReservation(ledger, before, change.value)
        break
      }
      case "source":
        ledger.sources.delete(change.key)
        break
      case "switch":
        if (change.value === null) ledger.switches.delete(change.key)
        else ledger.switches.set(change.key, change.value)
        break
    }
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Each line's meter holds its share more. */
const reserve = (ledger: Ledger, { command, outcome, atMs, fresh }: Reserved): void => {
  const { id, division, lines, switches, expiresAtMs, via, base, perUnit } = command
  const { granted } = outcome
  const hold = granted === 0 ? base : costAt(base, perUnit, granted)
  eachMeter(ledger, lines, atMs, (meter, unit) => {
    meter.held += hold[unit]
  })
  putReservation(ledger, undefined, {
    id,
    division,
    lines,
    switches,
    granted,
    expiresAtMs,
    state: "running",
    seq: 0,
    hold,
    settled: NOTHING,
    actual: NOTHING,
    skipped: NONE,
    via,
  })
  const source = sourceFor(ledger, sourceKey(command), command.done, atMs, fresh)
  source.entries.set(id.n, { command, outcome, ended: null })
}

/** What was used takes the place of what was held. */
const settle = (ledger: Ledger, { command, outcome, atMs, fresh, marks }: Settled): void => {
  const { reservation: id, division, actual } = command
  const reservation = ledger.reservations.get(id, division)
  if (reservation !== undefined) {
    const { hold, settled } = reservation
    eachMeter(ledger, reservation.lines, atMs, (meter, unit) => {
      meter.settled += actual[unit] - settled[unit]
      meter.held += settled[unit] - hold[unit]
    })
    putReservation(ledger, reservation, null)
  }
  const source = sourceFor(ledger, sourceKey(command), command.done, atMs, fresh)
  source.entries.set(command.id.n, { command, outcome, ended: null })
  if (marks)
    mark(ledger, {
      kind: "marked",
      key: sourceKey({ id, division }),
      n: id.n,
      atMs,
      ended: "settled",
    })
}

const NONE: readonly string[] = Object.freeze([])

const costAt = (base: Amounts, perUnit: Amounts, n: number): Amounts => ({
  usd: base.usd + n * perUnit.usd,
  tokens: base.tokens + n * perUnit.tokens,
  requests: base.requests + n * perUnit.requests,
})

const eachMeter = (
  ledger: Ledger,
  lines: Reservation["lines"],
  atMs: number,
  move: (meter: Mutable<Meter>, unit: keyof Amounts) => void,
): void => {
  const handles = ledger.handles.get(lines)
  for (let at = 0; at < lines.length; at += 1) {
    const handle = handles?.[at]
    const line = lines[at]
    if (line === undefined) continue
    const meter: Mutable<Meter> | undefined =
      handle !== undefined && handle.account.meters === handle.meters
        ? handle.meter
        : ledger.accounts
            .get(line.account)
            ?.meters.find(({ period }) => period.startMs === meterStart(line))
    if (meter === undefined) continue
    move(meter, line.terms.unit)
    if (atMs > meter.usedAtMs) meter.usedAtMs = atMs
  }
}

/** An account keeps its place, so that what is at hand sees that it has other meters now. */
const putAccount = (ledger: Ledger, key: string, value: Account | null): void => {
  const known: Mutable<Account> | undefined = ledger.accounts.get(key)
  if (value === null) {
    if (known !== undefined) known.meters = []
    ledger.accounts.delete(key)
    return
  }
  const { circuit, division, meters } = copyOfAccount(value)
  if (known === undefined) {
    ledger.accounts.set(key, { key, division, circuit, meters })
    ledger.rounds.owe()
    return
  }
  known.circuit = circuit
  known.meters = meters
}

const putReservation = (
  ledger: Ledger,
  before: Reservation | undefined,
  after: Reservation | null,
): void => {
  if (after !== null) {
    ledger.reservations.put(after)
    if (after.state === "expired" && before?.state === "running") ledger.rounds.owe()
  } else if (before !== undefined) ledger.reservations.delete(before.id, before.division)
  ledger.expiries.put(before, after)
}

const answer = (ledger: Ledger, { key, n, done, atMs, fresh, entry }: Answered): void => {
  const source = sourceFor(ledger, key, done, atMs, fresh)
  if (entry !== null) source.entries.set(n, entry)
}

const sourceFor = (
  ledger: Ledger,
  key: string,
  done: number,
  atMs: number,
  fresh: boolean,
): Mutable<Source> => {
  let source: Mutable<Source> | undefined = ledger.sources.get(key)
  if (source === undefined || fresh) {
    source = { done, lastAtMs: atMs, entries: new Answers<Entry>() }
    ledger.sources.set(key, source)
    ledger.rounds.owe()
  }
  if (done > source.done) {
    source.entries.forget(source.done, done)
    source.done = done
  }
  source.lastAtMs = atMs
  return source
}

const mark = (ledger: Ledger, { key, n, atMs, ended }: Marked): void => {
  let source = ledger.sources.get(key)
  if (source === undefined) {
    source = { done: 0, lastAtMs: atMs, entries: new Answers<Entry>() }
    ledger.sources.set(key, source)
    ledger.rounds.owe()
  }
  if (n <= source.done) return
  const entry = source.entries.get(n) ?? { command: null, outcome: null, ended: null }
  source.entries.set(n, { ...entry, ended })
}
