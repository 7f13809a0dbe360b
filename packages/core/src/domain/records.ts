import { type Reserve, SOURCE_KEPT_MS } from "./command.ts"
import type { Marked } from "./draft.ts"
import type { Entry, Ledger, Reservation, Source } from "./ledger.ts"
import { Numbered } from "./numbered.ts"
import { NOTHING } from "./terms.ts"

/** A record that `evolve` moves in place; for everybody else it is read only. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** A reservation at its start. */
export const reservationOf = (
  { id, division, lines, switches, expiresAtMs, via }: Reserve,
  { granted, hold, lives }: Pick<Reservation, "granted" | "hold" | "lives">,
): Reservation => ({
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

const NONE: readonly string[] = Object.freeze([])

/** Writes a reservation over `before`, or ends it. */
export const putReservation = (
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

/** The source of a command that is answered now, with what it has answered forgotten. */
export const sourceFor = (
  ledger: Ledger,
  key: string,
  done: number,
  atMs: number,
  fresh: boolean,
): Mutable<Source> => {
  let source: Mutable<Source> | undefined = ledger.sources.get(key)
  if (source === undefined || fresh) {
    // One that was heard within a day and starts anew was named by marks alone: they stay.
    const entries =
      source !== undefined && atMs - source.lastAtMs < SOURCE_KEPT_MS
        ? source.entries
        : new Numbered<Entry>()
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

/** How a reservation ended, on its Reserve's number. */
export const putMark = (ledger: Ledger, { key, n, atMs, fresh, ended }: Marked): void => {
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
