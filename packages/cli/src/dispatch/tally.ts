import type { Notifier } from "@spendfuse/core"

/** What was told by one channel, and what could not be. */
export interface Told {
  readonly channel: string
  readonly account: string | null
  readonly events: number
  /** Null where it was delivered. */
  readonly why: string | null
}

/** Counts what the notifiers deliver; a try that fails and is made good by the next counts once, as delivered. */
export class Tally {
  readonly #delivered = new Map<string, number>()
  readonly #open = new Set<string>()
  readonly #onTold: (told: Told) => void

  constructor(onTold: (told: Told) => void) {
    this.#onTold = onTold
  }

  /** Events that were delivered, by channel. */
  get delivered(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#delivered)
  }

  /** Deliveries that failed, and were not made good. */
  get failed(): number {
    return this.#open.size
  }

  /** The same notifiers, counted. */
  around(notifiers: Readonly<Record<string, Notifier>>): Readonly<Record<string, Notifier>> {
    const counted = Object.entries(notifiers).map(([channel, notifier]) => [
      channel,
      this.#counted(channel, notifier),
    ])
    return Object.fromEntries(counted) as Readonly<Record<string, Notifier>>
  }

  #counted(channel: string, notifier: Notifier): Notifier {
    return {
      name: notifier.name,
      deliver: async (events, signal, delivery) => {
        const [first] = events
        const name = JSON.stringify([channel, first?.id])
        const account = first !== undefined && "account" in first ? first.account : null
        const told = { channel, account, events: events.length }
        try {
          await notifier.deliver(events, signal, delivery)
        } catch (error) {
          this.#open.add(name)
          this.#onTold({ ...told, why: error instanceof Error ? error.message : "it failed" })
          throw error
        }
        this.#open.delete(name)
        this.#delivered.set(channel, (this.#delivered.get(channel) ?? 0) + events.length)
        this.#onTold({ ...told, why: null })
      },
    }
  }
}
