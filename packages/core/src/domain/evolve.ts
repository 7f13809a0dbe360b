import type { Answered, Change } from "./draft.ts"
import { dueOf } from "./due.ts"
import { evolveReserved, evolveSettled } from "./evolveQuick.ts"
import { REPLACED } from "./handles.ts"
import { type Account, copyOfAccount, type Ledger } from "./ledger.ts"
import { type Mutable, putMark, putReservation, sourceFor } from "./records.ts"

/** Applies what a decision writes to the ledger, in place. It knows no rules: what is written is what holds. */
export const evolve = (ledger: Ledger, changes: readonly Change[]): void => {
  for (const change of changes) evolveOne(ledger, change)
}

/** One change of a decision. */
export const evolveOne = (ledger: Ledger, change: Change): void => {
  switch (change.kind) {
    case "reserved":
      evolveReserved(ledger, change)
      break
    case "settled":
      evolveSettled(ledger, change)
      break
    case "answered":
      answer(ledger, change)
      break
    case "marked":
      putMark(ledger, change)
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
  }
}

/** Meters whose place others take say so: somebody may have them at hand. */
const putAccount = (ledger: Ledger, key: string, value: Account | null): void => {
  const known = ledger.accounts.get(key)
  ledger.handles.current = undefined
  for (const meter of known?.meters ?? []) (meter as Mutable<typeof meter>).period = REPLACED
  if (value === null) {
    if (known !== undefined) ledger.timed.delete(key, known.division)
    ledger.accounts.delete(key)
    return
  }
  ledger.timed.put(value, dueOf(value))
  ledger.accounts.set(key, copyOfAccount(value))
  if (known === undefined) ledger.rounds.owe()
}

const answer = (ledger: Ledger, { key, n, done, atMs, fresh, entry }: Answered): void => {
  const source = sourceFor(ledger, key, done, atMs, fresh)
  if (entry !== null) source.entries.set(n, entry)
}
