import type { Delivery, Notifier } from "../../ports/Notifier.ts"
import type { OutboxRow, Store } from "../../ports/Store.ts"
import type { Notice } from "../notice.ts"
import { undelivered } from "./undelivered.ts"

export interface DeliveringOptions {
  readonly store: Store
  readonly channel: string
  readonly notifier: Notifier
  /** All channels of this host, in the order in which they stand in for each other. */
  readonly order: readonly string[]
  readonly onNotice: (notice: Notice) => void
  /** Another channel has something to tell: what became of rows of this one. */
  readonly onToldOf: () => void
  readonly nowMs: () => number
  readonly random: () => number
  readonly stop: AbortSignal
}

/** Why a delivery failed, and what to do about it. */
export interface Failure {
  readonly error: unknown
  readonly retryable: boolean
  readonly retryAfterMs: number | null
}

const DELIVERY_TIMEOUT_MS = 15_000
const QUICK_RETRY_MS = 200
const RETRY_FIRST_MS = 2_000
const RETRY_MAX_MS = 300_000
const GIVE_UP_MS = 24 * 3_600_000

/** What one channel does with rows that it has claimed: tells them, and says in the outbox what became of them. */
export class Delivering {
  readonly #options: DeliveringOptions
  /** It was said that the channel does not deliver. */
  #isFailing = false

  constructor(options: DeliveringOptions) {
    this.#options = options
  }

  /** Tells the rows as one message; within one claim there is one more try a moment later. */
  async tell(rows: readonly OutboxRow[]): Promise<Failure | null> {
    const failure = await this.#try(rows)
    const isWorthIt = failure?.retryable === true && failure.retryAfterMs === null
    if (!isWorthIt || this.#options.stop.aborted) return failure
    await new Promise((resolve) => setTimeout(resolve, QUICK_RETRY_MS))
    return this.#try(rows)
  }

  /** Confirms, puts off, or gives up; what this process will not tell any more is due for the next one. */
  async conclude(rows: readonly OutboxRow[], failure: Failure | null): Promise<void> {
    const { store, nowMs, random, stop } = this.#options
    const ids = rows.map(({ id }) => id)
    this.#noteHealth(failure)
    if (failure === null) return store.confirm(ids)
    if (stop.aborted) return store.retry(ids, nowMs())
    if (!failure.retryable || this.#isTooOld(rows)) return this.#giveUp(rows, failure)
    const attempts = rows[0]?.attempts ?? 0
    const backoffMs = Math.min(RETRY_FIRST_MS * 2 ** Math.min(attempts, 20), RETRY_MAX_MS)
    const delayMs = Math.max(backoffMs * (0.5 + random()), failure.retryAfterMs ?? 0)
    return store.retry(ids, nowMs() + Math.ceil(delayMs))
  }

  async #try(rows: readonly OutboxRow[]): Promise<Failure | null> {
    const { notifier, stop, channel } = this.#options
    const timeout = AbortSignal.any([AbortSignal.timeout(DELIVERY_TIMEOUT_MS), stop])
    if (timeout.aborted) return STOPPED
    const late = new Promise<never>((_, reject) => {
      timeout.addEventListener("abort", () => reject(timeout.reason), { once: true })
    })
    try {
      const events = rows.map(({ event }) => event)
      const delivery = deliveryOf(channel, rows)
      // One that throws at once must not leave the other without a listener: that ends the process.
      const told = Promise.resolve().then(() => notifier.deliver(events, timeout, delivery))
      await Promise.race([told, late])
      return null
    } catch (error) {
      const { retryable, retryAfterMs } = (error ?? {}) as Partial<Failure>
      return { error, retryable: retryable ?? true, retryAfterMs: retryAfterMs ?? null }
    }
  }

  /** Rows become dead letters, and in the same step the next channel is told so. */
  async #giveUp(rows: readonly OutboxRow[], { error }: Failure): Promise<void> {
    const { store, channel, notifier, order, nowMs, onToldOf } = this.#options
    const why = describe(error)
    for (const died of undelivered(rows, { channel, order, why, atMs: nowMs() })) {
      const ids = died.rows.map(({ id }) => id)
      await store.deadLetter(ids, why, [died.event])
      onToldOf()
      const [next] = died.event.channels
      const told = next === undefined ? "no channel is left to tell" : `\`${next}\` is told`
      this.#warn(`a message by \`${notifier.name}\` is a dead letter, ${told}`, error)
    }
  }

  #isTooOld(rows: readonly OutboxRow[]): boolean {
    const nowMs = this.#options.nowMs()
    return rows.some(({ createdAtMs }) => nowMs - createdAtMs > GIVE_UP_MS)
  }

  /** Said once when a notifier stops delivering, and once when it delivers again: a page that waits is no page. */
  #noteHealth(failure: Failure | null): void {
    const { notifier, onNotice, stop } = this.#options
    if (failure === null) {
      if (this.#isFailing)
        onNotice({ kind: "warning", message: `notifier \`${notifier.name}\` delivers again` })
      this.#isFailing = false
    } else if (!this.#isFailing && !stop.aborted) {
      this.#isFailing = true
      this.#warn(`notifier \`${notifier.name}\` does not deliver; its messages wait`, failure.error)
    }
  }

  #warn(what: string, error: unknown): void {
    this.#options.onNotice({ kind: "warning", message: `${what}: ${describe(error)}` })
  }
}

const STOPPED: Failure = Object.freeze({
  error: new Error("the dispatcher was closed"),
  retryable: true,
  retryAfterMs: null,
})

const deliveryOf = (channel: string, rows: readonly OutboxRow[]): Delivery => ({
  channel,
  attempts: rows[0]?.attempts ?? 0,
  createdAtMs: Math.min(...rows.map(({ createdAtMs }) => createdAtMs)),
})

/**
 * What may be said of a failure: an error of ours in its own words, for these hold no secrets; of any other only
 * its class, for its text may be a URL with a token, or what the far side wrote.
 */
export const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return "it failed"
  const name = /^[A-Z]\w{1,40}$/.test(error.name) ? error.name : "Error"
  return "_tag" in error ? `${name}: ${error.message}` : name
}
