import type { Command } from "../../domain/command.ts"
import type { DomainEvent } from "../../domain/event.ts"
import { emptyLedger, type Ledger } from "../../domain/ledger.ts"
import { sourceOf } from "../../domain/once.ts"
import { apply } from "../../domain/step.ts"
import { formProblemOf } from "../../domain/validate.ts"
import { type Applied, STORE_BATCH_MAX, type Store } from "../../ports/Store.ts"
import { canonical, countedAt, meantBy } from "./compare.ts"
import { Differs } from "./failure.ts"
import type { Batch } from "./plan.ts"

/** An answer with its command, as the store gave it. */
export interface Answer {
  readonly command: Command
  readonly applied: Applied
}

/**
 * The core beside a store: it is given each command in the order and at the time that the store says, and
 * must come to the same.
 */
export class Trial {
  readonly ledger: Ledger = emptyLedger()
  /** What the core raised, in order. */
  readonly events: DomainEvent[] = []
  readonly #spansDivisions: boolean

  constructor(spansDivisions: boolean) {
    this.#spansDivisions = spansDivisions
  }

  /** Judges the answers of one batch, and answers what the core raised with it. */
  judge(answers: readonly Answer[], atMs?: number): readonly DomainEvent[] {
    const raised: DomainEvent[] = []
    for (const { command, applied } of this.inOrder(answers)) {
      if (atMs !== undefined && applied.storeTimeMs !== atMs)
        throw new Differs(command, "the store's clock", atMs, applied.storeTimeMs)
      raised.push(...this.#judgeOne(command, applied))
    }
    this.events.push(...raised)
    return raised
  }

  /**
   * By rank; where divisions have nothing in common, each by its own ranks. What is refused for its form
   * alone has no place in any order, and comes first.
   */
  inOrder(answers: readonly Answer[]): readonly Answer[] {
    const formless = answers.filter(
      ({ command, applied }) => applied.rank === undefined && formProblemOf(command) !== null,
    )
    const ranked = answers.filter((answer) => !formless.includes(answer))
    return [...formless, ...this.#byRank(ranked)]
  }

  #byRank(answers: readonly Answer[]): readonly Answer[] {
    for (const { command, applied } of answers)
      if (!Number.isSafeInteger(applied.rank) || (applied.rank ?? 0) < 1)
        throw new Differs(command, "its rank, from 1", "an integer", applied.rank)
    const ranks = new Set<string>()
    for (const { command, applied } of answers) {
      const place = `${this.#spansDivisions ? "" : command.division}#${applied.rank}`
      if (ranks.has(place)) throw new Differs(command, "its rank", "its own", applied.rank)
      ranks.add(place)
    }
    return [...answers].sort((a, b) => (a.applied.rank ?? 0) - (b.applied.rank ?? 0))
  }

  #judgeOne(command: Command, applied: Applied): readonly DomainEvent[] {
    const { done, eventsWritten, outcome, storeTimeMs } = applied
    const known = done === undefined ? 0 : (sourceOf(this.ledger, command, storeTimeMs)?.done ?? 0)
    const decision = apply(this.ledger, command, storeTimeMs)
    const expected = canonical(meantBy(decision.outcome))
    if (canonical(meantBy(outcome)) !== expected)
      throw new Differs(command, "the outcome", decision.outcome, outcome)
    if (eventsWritten !== decision.events.length)
      throw new Differs(command, "eventsWritten", decision.events, eventsWritten)
    if (done !== undefined && done !== known && outcome.kind !== "error")
      throw new Differs(command, "`done` as the store knew it", known, done)
    return decision.events
  }

  /** Judges the accounts as the store keeps them. */
  async judgeAccounts(store: Store, keys: readonly string[], nowMs: number): Promise<void> {
    const found = await store.read(keys)
    for (const [at, key] of keys.entries()) {
      const expected = countedAt(this.ledger.accounts.get(key) ?? null, nowMs)
      const actual = countedAt(found[at]?.account ?? null, nowMs)
      if (canonical(actual) !== canonical(expected))
        throw new Differs(null, `account ${JSON.stringify(key.slice(0, 80))}`, expected, actual)
    }
  }

  /** Judges what the store's log got: in one order, or where divisions are apart each account's in its order. */
  judgeLog(expected: readonly DomainEvent[], actual: readonly DomainEvent[]): void {
    const sorted = this.#spansDivisions ? asIs : bySubject
    const [must, is] = [sorted(expected), sorted(actual)]
    const at = must.findIndex((event, index) => canonical(event) !== canonical(is[index]))
    if (at >= 0) throw new Differs(null, `event ${at} of the log`, must[at], is[at])
    if (is.length > must.length)
      throw new Differs(null, `event ${must.length} of the log`, undefined, is[must.length])
  }
}

const asIs = (events: readonly DomainEvent[]): readonly DomainEvent[] => events

const bySubject = (events: readonly DomainEvent[]): readonly DomainEvent[] => {
  const subject = (event: DomainEvent): string => ("account" in event ? event.account : event.id)
  return [...events].sort((a, b) =>
    subject(a) < subject(b) ? -1 : subject(a) > subject(b) ? 1 : 0,
  )
}

/** Sends a batch; a store takes at most 256 commands at once. */
export const send = async (store: Store, { commands }: Batch): Promise<readonly Answer[]> => {
  const answers: Answer[] = []
  for (let from = 0; from < commands.length; from += STORE_BATCH_MAX) {
    const part = commands.slice(from, from + STORE_BATCH_MAX)
    const applied = await store.apply(part)
    if (applied.length !== part.length)
      throw new Differs(null, "answers to a batch", part.length, applied.length)
    for (const [at, command] of part.entries())
      answers.push({ command, applied: applied[at] as Applied })
  }
  return answers
}

/** All events after a cursor, page by page, and the cursor after them. */
export const eventsAfter = async (
  store: Store,
  after: string | null,
  limit: number = PAGE,
): Promise<{ readonly events: readonly DomainEvent[]; readonly next: string | null }> => {
  const events: DomainEvent[] = []
  let next = after
  for (;;) {
    const page = await store.events(next === null ? { limit } : { after: next, limit })
    if (page.items.length > limit)
      throw new Differs(null, "a page of events", `at most ${limit}`, page.items)
    if (page.items.length > 0 && page.next === null)
      throw new Differs(null, "`next` of a page of events with entries", "a cursor", null)
    events.push(...page.items)
    if (page.next === null || page.items.length === 0) return { events, next }
    next = page.next
  }
}

const PAGE = 100
