import { dueOf } from "./due.ts"
import {
  type Account,
  copyOfAccount,
  type Entry,
  emptyLedger,
  type Ledger,
  type Reservation,
  type Source,
  type Switch,
} from "./ledger.ts"
import { Numbered } from "./numbered.ts"

/** What a ledger must not lose, as plain data. */
export interface KeptLedger {
  readonly accounts: ReadonlyMap<string, Account>
  readonly reservations: readonly Reservation[]
  readonly sources: ReadonlyMap<string, KeptSource>
  readonly switches: ReadonlyMap<string, Switch>
}

interface KeptSource extends Omit<Source, "entries"> {
  readonly entries: ReadonlyMap<number, Entry>
}

/** What must be kept of a ledger: to be written down at once, for its meters go on moving. */
export const keptOf = ({ accounts, reservations, sources, switches }: Ledger): KeptLedger => ({
  accounts,
  reservations: [...reservations.values()],
  sources: new Map(
    [...sources].map(([key, source]) => [key, { ...source, entries: new Map(source.entries) }]),
  ),
  switches,
})

/** A ledger of its own from what was kept of one. */
export const ledgerOf = (kept: KeptLedger): Ledger => {
  const ledger = emptyLedger()
  for (const [key, account] of kept.accounts) {
    ledger.accounts.set(key, copyOfAccount(account))
    ledger.timed.put(account, dueOf(account))
  }
  for (const reservation of kept.reservations) {
    ledger.reservations.put(reservation)
    if (reservation.state === "running") ledger.expiries.put(reservation)
  }
  for (const [key, { entries, ...source }] of kept.sources)
    ledger.sources.set(key, { ...source, entries: new Numbered(entries) })
  for (const [key, off] of kept.switches) ledger.switches.set(key, off)
  return ledger
}

/** A ledger of its own: nothing that is written to it is seen in the first. */
export const copyOf = (ledger: Ledger): Ledger => ledgerOf(keptOf(ledger))
