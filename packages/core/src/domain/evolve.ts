import type { Line } from "./command.ts"
import type { Answered, Change, Marked, Reserved, Settled } from "./draft.ts"
import { REPLACED } from "./handles.ts"
import {
  type Account,
  copyOfAccount,
  type Entry,
  type Handle,
  type Ledger,
  type Meter,
  type Reservation,
  type Source,
} from "./ledger.ts"
import { isMeterOf } from "./meter.ts"
import { Numbered } from "./numbered.ts"
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
  const handles = ledger.handles.get(lines)
  let lives: number[] | null = null
  for (let at = 0; at < lines.length; at += 1) {
    const meter = meterAt(ledger, lines, handles, at)
    if (meter === undefined) continue
    meter.held += hold[meter.terms.unit]
    if (meter.terms.idleMs === 0) continue
    lives ??= lines.map(() => 0)
    lives[at] = meter.bornAtMs
    if (atMs > meter.usedAtMs) meter.usedAtMs = atMs
  }
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
    lives,
    skipped: NONE,
    via,
  })
  const source = sourceFor(ledger, sourceKey(id.source, division), command.done, atMs, fresh)
  source.entries.set(id.n, { command, outcome, ended: null })
}

/** What was used takes the place of what was held. */
const settle = (ledger: Ledger, { command, outcome, atMs, fresh, marks }: Settled): void => {
  const { id, reservation: of, division, actual } = command
  const reservation = ledger.reservations.get(of, division)
  if (reservation !== undefined) {
    const { hold, settled, lines } = reservation
    const handles = ledger.handles.get(lines)
    for (let at = 0; at < lines.length; at += 1) {
      const meter = meterAt(ledger, lines, handles, at)
      if (meter === undefined) continue
      const { unit, idleMs } = meter.terms
      meter.settled += actual[unit] - settled[unit]
      meter.held += settled[unit] - hold[unit]
      if (idleMs > 0 && atMs > meter.usedAtMs) meter.usedAtMs = atMs
    }
    putReservation(ledger, reservation, null)
  }
  const key = sourceKey(id.source, division)
  const source = sourceFor(ledger, key, command.done, atMs, fresh)
  source.entries.set(id.n, { command, outcome, ended: null })
  if (!marks) return
  mark(ledger, {
    kind: "marked",
    key: sourceKey(of.source, division),
    n: of.n,
    atMs,
    fresh: false,
    ended: "settled",
  })
}

const NONE: readonly string[] = Object.freeze([])

const costAt = (base: Amounts, perUnit: Amounts, n: number): Amounts => ({
  usd: base.usd + n * perUnit.usd,
  tokens: base.tokens + n * perUnit.tokens,
  requests: base.requests + n * perUnit.requests,
})

const meterAt = (
  ledger: Ledger,
  lines: readonly Line[],
  handles: readonly Handle[] | undefined,
  at: number,
): Mutable<Meter> | undefined => {
  const handle = handles?.[at]
  if (handle !== undefined && handle.meter.period !== REPLACED) return handle.meter
  const line = lines[at] as Line
  return ledger.accounts.get(line.account)?.meters.find((meter) => isMeterOf(meter, line))
}

/** Meters whose place others take say so: somebody may have them at hand. */
const putAccount = (ledger: Ledger, key: string, value: Account | null): void => {
  const known: Mutable<Account> | undefined = ledger.accounts.get(key)
  for (const meter of known?.meters ?? []) (meter as Mutable<Meter>).period = REPLACED
  if (value === null) {
    ledger.accounts.delete(key)
    return
  }
  ledger.accounts.set(key, copyOfAccount(value))
  if (known === undefined) ledger.rounds.owe()
}

const putReservation = (
  ledger: Ledger,
  before: Reservation | undefined,
  after: Reservation | null,
): void => {
  if (after === null) {
    if (before !== undefined) ledger.reservations.delete(before.id, before.division)
    return
  }
  ledger.reservations.put(after)
  if (after.state === "running") ledger.expiries.put(after)
  else if (before?.state === "running") ledger.rounds.owe()
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
    const entries = source?.isKnown === false ? source.entries : new Numbered<Entry>()
    source = { done, lastAtMs: atMs, isKnown: true, entries }
    ledger.sources.set(key, source)
    ledger.rounds.owe()
  }
  if (done > source.done) {
    source.entries.deleteUpTo(source.done, done)
    source.done = done
  }
  source.lastAtMs = atMs
  return source
}

const mark = (ledger: Ledger, { key, n, atMs, fresh, ended }: Marked): void => {
  let source = ledger.sources.get(key)
  if (source === undefined || fresh) {
    source = { done: 0, lastAtMs: atMs, isKnown: false, entries: new Numbered<Entry>() }
    ledger.sources.set(key, source)
    ledger.rounds.owe()
  }
  if (n <= source.done) return
  const entry = source.entries.get(n) ?? { command: null, outcome: null, ended: null }
  source.entries.set(n, { ...entry, ended })
}
