import { type Account, type Command, copyOfAccount, type Ledger } from "@spendfuse/core/domain"
import { type Applied, STORE_BATCH_MAX, type Store } from "@spendfuse/core/ports"
import { copiesOfRows, copyOfPage } from "./copies.ts"
import type { Journal } from "./entry.ts"
import { Keeper } from "./keeper.ts"
import { Outbox } from "./outbox.ts"

/** What a memory store keeps, for how long, and by which clock. */
export interface MemoryStoreOptions {
  /** The store's clock, epoch milliseconds; `Date.now` unless given. */
  readonly nowMs?: () => number
  /** Without one, spend and latches end with this process. */
  readonly journal?: Journal
  /** Ranks what it applies, so that the order is known. */
  readonly history?: boolean
  /** How many of the latest events, operators' events and dead letters are kept at least; 10,000 each unless given. */
  readonly eventsKept?: number
  readonly auditKept?: number
  readonly deadLettersKept?: number
  /** Told where older ones were dropped for that; a warning to the console unless given. */
  readonly onNotice?: (notice: { readonly kind: "dropped"; readonly message: string }) => void
}

/** A store that can also answer without a Promise: `applyNow` throws what `apply` rejects with. */
export interface MemoryStore extends Store {
  readonly applyNow: (command: Command) => Applied
  /** The ledger itself, to be read only. */
  readonly ledger: Ledger
  /**
   * When the first row of the outbox is due and free, epoch milliseconds; infinite where none waits. For hosts
   * that sleep until then.
   */
  readonly rowDueAtMs: () => number
}

/**
 * A store in this process's memory. With a journal each decision is kept before it is answered; once one
 * could not be kept, everything is refused with StoreUnavailable until the store is opened anew.
 *
 * @throws StoreCorrupt where the journal cannot be read
 */
export const memoryStore = (options: MemoryStoreOptions = {}): MemoryStore => {
  const nowMs = options.nowMs ?? Date.now
  const { journal, history = false } = options
  const outbox = outboxOf(options)
  const keeper = new Keeper({ name: NAME, nowMs, journal, outbox, history })
  const { ledger, accountKeys } = keeper
  return {
    name: NAME,
    endsWithProcess: journal === undefined,
    ledger,
    rowDueAtMs: () => outbox.dueAtMs,
    applyNow: (command) => keeper.applyNow(command),
    apply: async (commands, signal) => {
      signal?.throwIfAborted()
      assertBatch(commands)
      return keeper.applyAll(commands)
    },
    read: async (accounts) => {
      keeper.assertOpen()
      const storeTimeMs = nowMs()
      return accounts.map((key) => ({ account: copyAt(ledger, key), storeTimeMs }))
    },
    list: async ({ after, limit }) => {
      keeper.assertOpen()
      const keys = accountKeys.after(after, limit)
      const items = keys.flatMap((key) => copyAt(ledger, key) ?? [])
      return { items, next: keys.at(-1) ?? null }
    },
    events: async (query) => {
      keeper.assertOpen()
      return copyOfPage(outbox.events(query))
    },
    unheard: async (query) => {
      keeper.assertOpen()
      const heard = outbox.heardBy(query)
      if (heard !== null) keeper.changeOutbox(heard)
      return copyOfPage(outbox.unheard(query))
    },
    audit: async (query) => {
      keeper.assertOpen()
      return copyOfPage(outbox.audit(query))
    },
    claim: async (channel, limit, leaseMs) => {
      keeper.assertOpen()
      return copiesOfRows(outbox.claim(channel, limit, leaseMs, nowMs()))
    },
    confirm: async (ids) => void keeper.changeOutbox({ kind: "confirm", ids }),
    retry: async (ids, dueAtMs) => void keeper.changeOutbox({ kind: "retry", ids, dueAtMs }),
    deadLetter: async (ids, why, tell = []) =>
      void keeper.changeOutbox(
        tell.length === 0
          ? { kind: "dead", ids, why }
          : { kind: "dead-told", ids, why, tell, atMs: nowMs() },
      ),
    deadLetters: async (query) => {
      keeper.assertOpen()
      const { items, next } = outbox.deadLetters(query)
      return { items: copiesOfRows(items), next }
    },
    resend: async (ids) => keeper.changeOutbox({ kind: "resend", ids, atMs: nowMs() }),
    close: async () => keeper.close(),
  }
}

const NAME = "memory"
const KEPT = 10_000

/** Meters move in place: who reads one gets it as it stands now. */
const copyAt = (ledger: Ledger, key: string): Account | null => {
  const account = ledger.accounts.get(key)
  return account === undefined ? null : copyOfAccount(account)
}

const outboxOf = (options: MemoryStoreOptions): Outbox => {
  const onNotice = options.onNotice ?? ((notice) => console.warn(`[spendfuse] ${notice.message}`))
  return new Outbox({
    eventsKept: options.eventsKept ?? KEPT,
    auditKept: options.auditKept ?? KEPT,
    deadLettersKept: options.deadLettersKept ?? KEPT,
    onDropped: (what, count) => {
      const message = `store \`${NAME}\` dropped its ${count} oldest ${what}; raise what it keeps, or read them sooner`
      // The host's callback may throw, or reject as an async function: the step it is told of must not end by it.
      new Promise((resolve) => resolve(onNotice({ kind: "dropped", message }))).catch(() =>
        console.warn(`[spendfuse] ${message}`),
      )
    },
  })
}

const assertBatch = ({ length }: readonly Command[]): void => {
  if (length < 1 || length > STORE_BATCH_MAX)
    throw new RangeError(`${length} commands; from 1 to ${STORE_BATCH_MAX} at once`)
}
