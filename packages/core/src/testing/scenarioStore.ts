import type { Command, CommandId } from "../domain/command.ts"
import type { Outcome } from "../domain/outcome.ts"
import { StoreUnavailable } from "../ports/errors.ts"
import type { Store } from "../ports/Store.ts"

/** A command that was handed to the store, and its answer; null where there was none. */
export interface Handed {
  readonly command: Command
  outcome: Outcome | null
}

/** Answers that a store is made to keep, so that a file may send the same command again. */
const ANSWERS_KEPT = 500

/**
 * The store of a scenario as its engine sees it: silent where the file says so, and told late that its
 * answers have come, so that it keeps them. What was handed to it can be looked up.
 */
export class ScenarioStore {
  readonly store: Store
  isDown = false
  #last: Handed | null = null
  readonly #ofReservation = new Map<string, Handed>()

  /** @param hostNowMs the engine's clock: with two clocks apart it would follow the store's */
  constructor(inner: Store, hostNowMs: () => number) {
    this.store = {
      name: inner.name,
      apply: async (commands, signal) => {
        const sent = commands.map(keepingAnswers)
        const handed = sent.map((command) => this.#keep(command))
        this.#assertUp(inner)
        const applied = await inner.apply(sent, signal)
        // The engine must not take what it was not told of for lost.
        return applied.map(({ done: _, ...answer }, at) => {
          const own = handed[at]
          if (own !== undefined) own.outcome = answer.outcome
          return { ...answer, storeTimeMs: hostNowMs() }
        })
      },
      read: async (accounts) => {
        this.#assertUp(inner)
        return inner.read(accounts)
      },
      list: (query) => inner.list(query),
      events: (query) => inner.events(query),
      unheard: (query) => inner.unheard(query),
      audit: (query) => inner.audit(query),
      claim: (channel, limit, leaseMs) => inner.claim(channel, limit, leaseMs),
      confirm: (ids) => inner.confirm(ids),
      retry: (ids, dueAtMs) => inner.retry(ids, dueAtMs),
      deadLetter: (...how) => inner.deadLetter(...how),
      deadLetters: (query) => inner.deadLetters(query),
      resend: (ids) => inner.resend(ids),
      close: () => inner.close(),
    }
  }

  /** The command that `hand` gave to the store before it returned, whatever became of it. */
  handedBy(hand: () => void): Handed | null {
    this.#last = null
    hand()
    return this.#last
  }

  /** The last command of this kind about a reservation. */
  about(kind: Command["kind"], reservation: CommandId): Handed | null {
    return this.#ofReservation.get(keyOf(kind, reservation)) ?? null
  }

  #keep(command: Command): Handed {
    const handed: Handed = { command, outcome: null }
    this.#last = handed
    if ("reservation" in command)
      this.#ofReservation.set(keyOf(command.kind, command.reservation), handed)
    return handed
  }

  #assertUp(inner: Store): void {
    if (this.isDown) throw new StoreUnavailable(inner.name, "the scenario says so")
  }
}

const keepingAnswers = (command: Command): Command => ({
  ...command,
  done: Math.min(command.done, Math.max(0, command.id.n - ANSWERS_KEPT)),
})

const keyOf = (kind: Command["kind"], { source, n }: CommandId): string => `${kind} ${source}/${n}`
