import { type Change, dueOf, type Ledger } from "@spendfuse/core/domain"
import type { JournalEntry } from "@spendfuse/store-memory"

const NEVER = Number.POSITIVE_INFINITY

/** When the first thing that an entry wrote moves by itself: a hold, a circuit, a period, a row to be told. Epoch milliseconds. */
export const dueOfEntry = (entry: JournalEntry, tells: boolean): number => {
  if (entry.kind === "decision") {
    const told = tells && entry.events.some(({ channels }) => channels.length > 0)
    return Math.min(told ? entry.atMs : NEVER, ...entry.changes.map(dueOfChange))
  }
  const { change } = entry
  if (!tells || change.kind === "heard" || change.kind === "confirm" || change.kind === "dead")
    return NEVER
  return change.kind === "retry" ? change.dueAtMs : change.atMs
}

/** The same of all that a ledger holds: looked through, to be asked seldom. */
export const dueOfLedger = (ledger: Ledger): number => {
  let dueMs = NEVER
  for (const { state, expiresAtMs } of ledger.reservations.values())
    if (state === "running" && expiresAtMs < dueMs) dueMs = expiresAtMs
  for (const account of ledger.accounts.values()) dueMs = Math.min(dueMs, dueOf(account) ?? NEVER)
  return dueMs
}

const dueOfChange = (change: Change): number => {
  if (change.kind === "reserved") return change.command.expiresAtMs
  if (change.kind === "reservation" && change.value?.state === "running")
    return change.value.expiresAtMs
  return change.kind === "account" && change.value !== null ? (dueOf(change.value) ?? NEVER) : NEVER
}
