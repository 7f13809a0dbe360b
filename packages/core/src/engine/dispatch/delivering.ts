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
/** A receiver may ask for more: a page must not be silent for a day by one answer. */
const RETRY_AFTER_MAX_MS = 3_600_000
const GIVE_UP_MS = 24 * 3_600_000
const LEASE_MS = 60_000

/** What one channel does with rows that it has claimed: tells them, and says in the outbox what became of them. */
export class Delivering {
  readonly #options: DeliveringOptions
  /** It was said that the channel does not deliver. */
  #isFailing = false
  /** Until when claimed rows are held against other claimers, epoch milliseconds. */
  readonly #heldUntilMs = new WeakMap<readonly OutboxRow[], number>()

  constructor(options: DeliveringOptions) {
    this.#options = options
  }

  /** Due rows of one account, so many at most. */
  async claim(limit: number): Promise<readonly OutboxRow[]> {
    const { store, channel, nowMs } = this.#options
    const untilMs = nowMs() + LEASE_MS
    const rows = await store.claim(channel, limit, LEASE_MS)
    this.#heldUntilMs.set(rows, untilMs)
    return rows
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
    const { store, nowMs, stop } = this.#options
    // Whoever took over says what became of them.
    if (failure !== null && this.#isLost(rows)) return
    this.#noteHealth(failure)
    if (failure === null) return store.confirm(idsOf(rows))
    if (stop.aborted) return store.retry(idsOf(rows), nowMs())
    const isOver = ({ createdAtMs }: OutboxRow) =>
      !failure.retryable || nowMs() - createdAtMs >= GIVE_UP_MS
    const over = rows.filter(isOver)
    const [first, ...others] = rows.filter((row) => !over.includes(row))
    await this.#giveUp(over, failure)
    if (first !== undefined) await this.#putOff([first, ...others], failure)
  }

  /** A process that was paused for longer than its lease: somebody else tells them, or has. */
  #isLost(rows: readonly OutboxRow[]): boolean {
    return this.#options.nowMs() >= (this.#heldUntilMs.get(rows) ?? 0)
  }

  async #try(rows: readonly OutboxRow[]): Promise<Failure | null> {
    const { notifier, stop, channel } = this.#options
    const timeout = AbortSignal.any([AbortSignal.timeout(DELIVERY_TIMEOUT_MS), stop])
    if (timeout.aborted || this.#isLost(rows)) return STOPPED
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
      return failureOf(error)
    }
  }

  /** Later each time, and as the receiver asks; the last time when the oldest of them is given up. */
  #putOff(rows: readonly [OutboxRow, ...OutboxRow[]], { retryAfterMs }: Failure): Promise<void> {
    const { store, nowMs, random } = this.#options
    const [{ attempts, createdAtMs }] = rows
    const backoffMs = Math.min(RETRY_FIRST_MS * 2 ** Math.min(attempts, 20), RETRY_MAX_MS)
    const delayMs = Math.max(backoffMs * (0.5 + random()), retryAfterMs ?? 0)
    const dueAtMs = Math.min(nowMs() + Math.ceil(delayMs), createdAtMs + GIVE_UP_MS)
    return store.retry(idsOf(rows), dueAtMs)
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

/** What was thrown may be anything, and so may be what it says of itself. */
const failureOf = (error: unknown): Failure => {
  const { retryable, retryAfterMs } = (error ?? {}) as Partial<Record<keyof Failure, unknown>>
  const askedMs = typeof retryAfterMs === "number" && retryAfterMs >= 0 ? retryAfterMs : null
  return {
    error,
    retryable: retryable !== false,
    retryAfterMs: askedMs === null ? null : Math.min(askedMs, RETRY_AFTER_MAX_MS),
  }
}

const idsOf = (rows: readonly OutboxRow[]): readonly string[] => rows.map(({ id }) => id)

const deliveryOf = (channel: string, rows: readonly OutboxRow[]): Delivery => ({
  channel,
  attempts: rows[0]?.attempts ?? 0,
  createdAtMs: Math.min(...rows.map(({ createdAtMs }) => createdAtMs)),
})

const OURS: ReadonlySet<unknown> = new Set(["NotifyFailed", "StoreUnavailable", "StoreCorrupt"])

/**
 * What may be said of a failure: an error of ours in its own words, for these hold no secrets; of any other only
 * its class, for its text may be a URL with a token, or what the far side wrote.
 */
export const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return "it failed"
  const name = /^[A-Z]\w{1,40}$/.test(error.name) ? error.name : "Error"
  return "_tag" in error && OURS.has(error._tag) ? `${name}: ${error.message}` : name
}
