import type { DomainEvent } from "../domain/event.ts"
import type { Delivery, Notifier } from "../ports/Notifier.ts"
import type { OutboxRow, Store } from "../ports/Store.ts"
import type { Notice } from "./notice.ts"
import { unref } from "./timers.ts"

export interface DispatcherOptions {
  readonly store: Store
  readonly notifiers: Readonly<Record<string, Notifier>>
  readonly onEvent: ((event: DomainEvent) => void) | undefined
  readonly onNotice: (notice: Notice) => void
  readonly nowMs: () => number
  readonly random: () => number
}

const CLAIM_MAX = 32
/** Accounts that one channel tells at once: a chat that takes a second for each must not be a minute late for the last. */
const ACCOUNTS_AT_ONCE = 4
const LEASE_MS = 60_000
const DELIVERY_TIMEOUT_MS = 15_000
const QUICK_RETRY_MS = 200
const RETRY_FIRST_MS = 2_000
const RETRY_MAX_MS = 300_000
const GIVE_UP_MS = 24 * 3_600_000
const POLL_MS = 1_000
const HOOK_PAGE = 256
const CLOSE_MS = 5_000

/**
 * Brings the outbox to the notifiers: claims the due rows of one channel and account, delivers them in
 * order, confirms. Each channel runs by itself, so that a slow one delays nobody else, and tells a few
 * accounts at once. At least once.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #channels: readonly Channel[]
  /** Notifiers of which it was said that they do not deliver. */
  readonly #failing = new Set<Notifier>()
  readonly #stop = new AbortController()
  #timer: ReturnType<typeof setInterval> | null = null
  #cursor: string | undefined
  #hook: Promise<void> | null = null
  #hookAgain = false

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#channels = Object.entries(options.notifiers).map(([name, notifier]) => ({
      name,
      notifier,
      serving: new Set(),
      looking: 0,
      hasMore: false,
      looksAgain: false,
    }))
  }

  start(): void {
    this.#timer ??= setInterval(() => this.wake(), POLL_MS)
    unref(this.#timer)
  }

  /** Something was written: looks at every channel that is not being served. */
  wake(): void {
    if (this.#stop.signal.aborted) return
    for (const channel of this.#channels) this.#serve(channel)
    this.#tellHook()
  }

  /** Delivers what is due now, and resolves when nothing more is. */
  async drain(): Promise<void> {
    this.wake()
    const running = (): Promise<void>[] => this.#channels.flatMap(({ serving }) => [...serving])
    while (running().length > 0 || this.#hook !== null)
      await Promise.all([...running(), this.#hook])
  }

  /** Delivers what it can within 5 seconds; what hangs by then stays in the outbox for the next process. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS)
    })
    const drained = this.drain()
    await Promise.race([drained, late])
    clearTimeout(timer)
    this.#stop.abort()
    await drained
  }

  /** One looks for what is due; as long as something is found, others do beside it, each for another account. */
  #serve(channel: Channel): void {
    const { serving, looking, hasMore, name } = channel
    if (looking > 0) channel.looksAgain = true
    if (serving.size >= ACCOUNTS_AT_ONCE || (looking > 0 && !hasMore)) return
    const served = this.#serveUntilNone(channel)
      .catch((error: unknown) => this.#warn(`channel \`${name}\``, error))
      .finally(() => serving.delete(served))
    serving.add(served)
  }

  async #serveUntilNone(channel: Channel): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const rows = await this.#look(channel)
      channel.hasMore = rows.length > 0
      if (rows.length === 0) return
      this.#serve(channel)
      await this.#deliver(channel, rows)
    }
  }

  async #look(channel: Channel): Promise<readonly OutboxRow[]> {
    channel.looking += 1
    try {
      for (;;) {
        channel.looksAgain = false
        const rows = await this.#options.store.claim(channel.name, CLAIM_MAX, LEASE_MS)
        if (rows.length > 0 || !channel.looksAgain) return rows
      }
    } finally {
      channel.looking -= 1
    }
  }

  async #deliver(channel: Channel, rows: readonly OutboxRow[]): Promise<void> {
    const { notifier } = channel
    const ids = rows.map(({ id }) => id)
    let failure = await this.#try(channel, rows)
    if (failure?.retryable === true && failure.retryAfterMs === null && !this.#stop.signal.aborted)
      failure = await this.#tryAgain(channel, rows)
    this.#noteHealth(notifier, failure)
    if (failure === null) return this.#options.store.confirm(ids)
    if (this.#stop.signal.aborted) return this.#options.store.retry(ids, this.#options.nowMs())
    if (!failure.retryable || this.#isTooOld(rows)) {
      this.#warn(`a message by \`${notifier.name}\` is a dead letter`, failure.error)
      return this.#options.store.deadLetter(ids, describe(failure.error))
    }
    const attempts = rows[0]?.attempts ?? 0
    const backoffMs = Math.min(RETRY_FIRST_MS * 2 ** Math.min(attempts, 20), RETRY_MAX_MS)
    const delayMs = Math.max(backoffMs * (0.5 + this.#options.random()), failure.retryAfterMs ?? 0)
    return this.#options.store.retry(ids, this.#options.nowMs() + Math.ceil(delayMs))
  }

  /** Said once when a notifier stops delivering, and once when it delivers again: a page that waits is no page. */
  #noteHealth(notifier: Notifier, failure: Failure | null): void {
    if (failure === null) {
      if (this.#failing.delete(notifier))
        this.#options.onNotice({
          kind: "warning",
          message: `notifier \`${notifier.name}\` delivers again`,
        })
    } else if (!this.#failing.has(notifier) && !this.#stop.signal.aborted) {
      this.#failing.add(notifier)
      this.#warn(`notifier \`${notifier.name}\` does not deliver; its messages wait`, failure.error)
    }
  }

  /** Within one claim, one more try a moment later. */
  async #tryAgain(channel: Channel, rows: readonly OutboxRow[]): Promise<Failure | null> {
    await new Promise((resolve) => setTimeout(resolve, QUICK_RETRY_MS))
    return this.#try(channel, rows)
  }

  async #try({ name, notifier }: Channel, rows: readonly OutboxRow[]): Promise<Failure | null> {
    const timeout = AbortSignal.any([AbortSignal.timeout(DELIVERY_TIMEOUT_MS), this.#stop.signal])
    if (timeout.aborted) return STOPPED
    const late = new Promise<never>((_, reject) => {
      timeout.addEventListener("abort", () => reject(timeout.reason), { once: true })
    })
    try {
      // One that throws at once must not leave the other without a listener: that ends the process.
      const events = rows.map(({ event }) => event)
      const delivery = deliveryOf(name, rows)
      const told = Promise.resolve().then(() => notifier.deliver(events, timeout, delivery))
      await Promise.race([told, late])
      return null
    } catch (error) {
      const { retryable, retryAfterMs } = (error ?? {}) as Partial<Failure>
      return { error, retryable: retryable ?? true, retryAfterMs: retryAfterMs ?? null }
    }
  }

  #isTooOld(rows: readonly OutboxRow[]): boolean {
    const nowMs = this.#options.nowMs()
    return rows.some(({ createdAtMs }) => nowMs - createdAtMs > GIVE_UP_MS)
  }

  #tellHook(): void {
    const { onEvent } = this.#options
    if (onEvent === undefined) return
    this.#hookAgain = true
    this.#hook ??= this.#tellAll(onEvent)
      .catch((error: unknown) => this.#warn("the event hook", error))
      .finally(() => {
        this.#hook = null
      })
  }

  async #tellAll(onEvent: (event: DomainEvent) => void): Promise<void> {
    while (this.#hookAgain) {
      this.#hookAgain = false
      const after = this.#cursor === undefined ? {} : { after: this.#cursor }
      const page = await this.#options.store.unheard({ ...after, limit: HOOK_PAGE })
      for (const event of page.items) this.#tell(onEvent, event)
      if (page.next !== null) this.#cursor = page.next
      // The next look also tells the store that these were heard.
      if (page.items.length > 0) this.#hookAgain = true
    }
  }

  /** A hook that throws misses this event, and hears the next. */
  #tell(onEvent: (event: DomainEvent) => void, event: DomainEvent): void {
    try {
      onEvent(event)
    } catch (error) {
      this.#warn("the event hook", error)
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

interface Channel {
  readonly name: string
  readonly notifier: Notifier
  /** Those who look, or tell an account's events. */
  readonly serving: Set<Promise<void>>
  looking: number
  /** The last look found something. */
  hasMore: boolean
  /** Something was written while one looked. */
  looksAgain: boolean
}

interface Failure {
  readonly error: unknown
  readonly retryable: boolean
  readonly retryAfterMs: number | null
}

/** The error's own words; never its cause, which may hold a URL with a secret. */
const describe = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : "it failed"
