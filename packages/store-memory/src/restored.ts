import { emptyLedger, evolve, type Ledger, ledgerOf } from "@spendfuse/core/domain"
import { StoreCorrupt, StoreUnavailable } from "@spendfuse/core/ports"
import type { Journal } from "./entry.ts"
import type { Outbox } from "./outbox.ts"

/**
 * Rebuilds ledger and outbox by `evolve` alone, whatever the rules of the version that reads. Where that
 * fails the journal is closed as it was.
 *
 * @throws StoreCorrupt where what was kept makes no ledger; StoreUnavailable where it cannot be read now
 */
export const restored = (store: string, journal: Journal, outbox: Outbox): Ledger => {
  try {
    return rebuilt(journal, outbox)
  } catch (error) {
    journal.close()
    if (error instanceof StoreCorrupt) throw error
    // The file system's own errors name a call: what is kept may be whole, and cannot be had now.
    if (error instanceof Error && "syscall" in error) throw new StoreUnavailable(store, error)
    const where = journal.place?.() ?? "its journal"
    throw new StoreCorrupt(
      store,
      `${where}: ${error instanceof Error ? error.message : "it failed"}`,
    )
  }
}

const rebuilt = (journal: Journal, outbox: Outbox): Ledger => {
  const { snapshot, entries } = journal.load()
  const ledger = snapshot === null ? emptyLedger() : ledgerOf(snapshot.ledger)
  if (snapshot !== null) outbox.load(snapshot.outbox)
  for (const entry of entries) {
    if (entry.kind === "outbox") outbox.apply(entry.change)
    else {
      evolve(ledger, entry.changes)
      outbox.write(entry.events, entry.atMs)
    }
  }
  return ledger
}
