import type { DomainEvent } from "@spendfuse/core"

type State = Extract<DomainEvent, { kind: "circuit" }>["state"]

/** How many accounts of a budget are in a state. */
export interface CircuitCount {
  readonly budget: string
  readonly state: State
  readonly accounts: number
}

/** So many accounts that are not closed are told apart; more are not counted. */
const ACCOUNTS_MAX = 10_000

/** Circuits that are not closed, by what events say of them. */
export class Circuits {
  readonly #states = new Map<string, State>()
  /** States seen once are told with 0 from then on, so that a series ends at 0 and not at its last value. */
  readonly #seen = new Map<string, { budget: string; state: State }>()

  hear(event: DomainEvent): void {
    if (event.kind !== "circuit") return
    const { account, state } = event
    if (state === "closed") this.#states.delete(account)
    else if (this.#states.size < ACCOUNTS_MAX || this.#states.has(account))
      this.#states.set(account, state)
    const budget = account.slice(0, account.indexOf("/"))
    if (state !== "closed") this.#seen.set(`${budget} ${state}`, { budget, state })
  }

  counts(): readonly CircuitCount[] {
    const counts = new Map<string, number>()
    for (const [account, state] of this.#states) {
      const key = `${account.slice(0, account.indexOf("/"))} ${state}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    return [...this.#seen].map(([key, { budget, state }]) => ({
      budget,
      state,
      accounts: counts.get(key) ?? 0,
    }))
  }
}
