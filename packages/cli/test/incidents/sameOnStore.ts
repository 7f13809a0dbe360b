import { isDeepStrictEqual } from "node:util"
import { apply, type DomainEvent, emptyLedger } from "@spendfuse/core/domain"
import { STORE_BATCH_MAX, type Store } from "@spendfuse/core/ports"
import { type Applied, batchesOf } from "./tape.ts"

/** Opens an empty store over a clock, epoch milliseconds. */
export type Open = (nowMs: () => number) => Store | Promise<Store>

/** What was compared, and the first thing that a store did otherwise; null where it did all as the core. */
export interface Compared {
  readonly commands: number
  readonly events: number
  readonly difference: string | null
}

/** Plays a tape on a store: each outcome, then all events, must be those of the pure step. */
export const compareOn = async (tape: readonly Applied[], open: Open): Promise<Compared> => {
  let nowMs = tape[0]?.atMs ?? 0
  const store = await open(() => nowMs)
  try {
    const counts = { commands: 0, events: 0 }
    for (const batch of batchesOf(tape, STORE_BATCH_MAX)) {
      nowMs = batch[0]?.atMs ?? nowMs
      const answers = await store.apply(batch.map(({ command }) => command))
      const at = batch.findIndex(
        ({ outcome }, n) => !isDeepStrictEqual(answers[n]?.outcome, outcome),
      )
      if (at >= 0) return { ...counts, difference: told(batch[at], answers[at]?.outcome) }
      counts.commands += batch.length
    }
    const expected = eventsOf(tape)
    counts.events = expected.length
    return { ...counts, difference: eventsDiffer(expected, await allEvents(store)) }
  } finally {
    await store.close()
  }
}

const told = (applied: Applied | undefined, found: unknown): string =>
  [
    `at ${new Date(applied?.atMs ?? 0).toISOString()} ${JSON.stringify(applied?.command)}`,
    `the core says ${JSON.stringify(applied?.outcome)}`,
    `the store says ${JSON.stringify(found)}`,
  ].join("\n")

/** The same commands through the step of the core, for what they tell. */
const eventsOf = (tape: readonly Applied[]): readonly DomainEvent[] => {
  const ledger = emptyLedger()
  return tape.flatMap(({ command, atMs }) => apply(ledger, command, atMs).events)
}

const allEvents = async (store: Store): Promise<readonly DomainEvent[]> => {
  const events: DomainEvent[] = []
  let after: string | null = null
  for (;;) {
    const page: Awaited<ReturnType<Store["events"]>> = await store.events({
      limit: PAGE,
      ...(after !== null && { after }),
    })
    events.push(...page.items)
    if (page.items.length < PAGE) return events
    after = page.next
  }
}

const PAGE = 1_000

/** Compares account by account: a store may mix accounts otherwise. */
const eventsDiffer = (
  expected: readonly DomainEvent[],
  found: readonly DomainEvent[],
): string | null => {
  if (expected.length !== found.length)
    return `the core tells ${expected.length} events, the store ${found.length}`
  const stored = byAccount(found)
  for (const [account, events] of byAccount(expected)) {
    const others = stored.get(account) ?? []
    for (const [at, event] of events.entries())
      if (!isDeepStrictEqual(event, others[at]))
        return `event ${at} of \`${account}\` is ${JSON.stringify(event)} in the core, ${JSON.stringify(others[at])} in the store`
  }
  return null
}

const byAccount = (events: readonly DomainEvent[]): ReadonlyMap<string, readonly DomainEvent[]> => {
  const accounts = new Map<string, DomainEvent[]>()
  for (const event of events) {
    const account = "account" in event ? (event.account ?? "") : ""
    const known = accounts.get(account)
    if (known === undefined) accounts.set(account, [event])
    else known.push(event)
  }
  return accounts
}
