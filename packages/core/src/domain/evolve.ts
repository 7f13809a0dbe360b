import type { Answered, Change, Marked, Quick } from "./draft.ts"
import type { Account, Entry, Ledger, Meter, Source } from "./ledger.ts"
import { meterStart } from "./meter.ts"

/** Applies what a decision writes to the ledger, in place. It knows no rules: what is written is what holds. */
export const evolve = (ledger: Ledger, changes: readonly Change[]): void => {
  for (const change of changes) {
    switch (change.kind) {
      case "quick":
        move(ledger, change)
        break
      case "answered":
        answer(ledger, change)
        break
      case "marked":
        mark(ledger, change)
        break
      case "account":
        put(ledger.accounts, change.key, change.value === null ? null : ownCopy(change.value))
        break
      case "reservation":
        ledger.expiries.put(ledger.reservations.get(change.key), change.value)
        put(ledger.reservations, change.key, change.value)
        break
      case "source":
        ledger.sources.delete(change.key)
        break
      case "switch":
        put(ledger.switches, change.key, change.value)
        break
    }
  }
}

/** Meters move in place: what a change carries must stay as it was written. */
const ownCopy = (account: Account): Account => ({
  ...account,
  meters: account.meters.map((meter) => ({ ...meter })),
})

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const move = (ledger: Ledger, { reservation, actual, atMs }: Quick): void => {
  for (const line of reservation.lines) {
    const meter = meterOf(ledger, line.account, meterStart(line))
    if (meter === undefined) continue
    if (actual === null) meter.held += line.hold
    else {
      meter.settled += actual[line.terms.unit] - line.settled
      meter.held += line.settled - line.hold
    }
    if (atMs > meter.usedAtMs) meter.usedAtMs = atMs
  }
  if (actual === null) {
    ledger.expiries.put(undefined, reservation)
    ledger.reservations.set(reservation.id, reservation)
  } else {
    ledger.expiries.put(reservation, null)
    ledger.reservations.delete(reservation.id)
  }
}

const meterOf = (ledger: Ledger, account: string, startMs: number): Mutable<Meter> | undefined => {
  const meters = ledger.accounts.get(account)?.meters
  if (meters === undefined) return undefined
  for (const meter of meters) if (meter.period.startMs === startMs) return meter
  return undefined
}

const answer = (ledger: Ledger, { key, n, done, atMs, fresh, entry }: Answered): void => {
  let source = ledger.sources.get(key) as SourceInPlace | undefined
  if (source === undefined || fresh) {
    source = { done, lastAtMs: atMs, entries: new Map() }
    ledger.sources.set(key, source)
  }
  const { entries } = source
  if (done > source.done) {
    if (done - source.done > entries.size) {
      for (const known of entries.keys()) if (known <= done) entries.delete(known)
    } else for (let known = source.done + 1; known <= done; known += 1) entries.delete(known)
    source.done = done
  }
  if (entry !== null) entries.set(n, entry)
  source.lastAtMs = atMs
}

const mark = (ledger: Ledger, { key, n, atMs, ended }: Marked): void => {
  let source = ledger.sources.get(key) as SourceInPlace | undefined
  if (source === undefined) {
    source = { done: 0, lastAtMs: atMs, entries: new Map() }
    ledger.sources.set(key, source)
  }
  if (n <= source.done) return
  const entry = source.entries.get(n) ?? { command: null, outcome: null, ended: null }
  source.entries.set(n, { ...entry, ended })
}

type SourceInPlace = Mutable<Omit<Source, "entries">> & { readonly entries: Map<number, Entry> }

const put = <V>(map: Map<string, V>, key: string, value: V | null): void => {
  if (value === null) map.delete(key)
  else map.set(key, value)
}
