import type { DomainEvent } from "../../domain/event.ts"
import type { Notifier } from "../../ports/Notifier.ts"
import type { Store } from "../../ports/Store.ts"
import type { Notice } from "../notice.ts"
import { unref } from "../timers.ts"
import { Delivering, describe, type Failure } from "./delivering.ts"
import { Hook } from "./hook.ts"
import { Serving } from "./serving.ts"

export interface DispatcherOptions {
  readonly store: Store
  /** By channel; where one cannot deliver, the next in this order hears of it. */
  readonly notifiers: Readonly<Record<string, Notifier>>
  readonly onEvent: ((event: DomainEvent) => void) | undefined
  readonly onNotice: (notice: Notice) => void
  readonly nowMs: () => number
  readonly random: () => number
}

const POLL_MS = 1_000
const CLOSE_MS = 5_000

/**
 * Brings the outbox to the notifiers: claims the due rows of one channel and account, delivers them in
 * order, confirms. Each channel runs by itself, so that a slow one delays nobody else. At least once.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #channels: readonly Serving<Failure | null>[]
  readonly #hook: Hook | null
  readonly #stop = new AbortController()
  #timer: ReturnType<typeof setInterval> | null = null

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#channels = Object.keys(options.notifiers).map((name) => this.#serving(name))
    const { store, onEvent, onNotice } = options
    this.#hook = onEvent === undefined ? null : new Hook({ store, onEvent, onNotice })
  }

  start(): void {
    this.#timer ??= setInterval(() => this.wake(), POLL_MS)
    unref(this.#timer)
  }

  /** Something was written: looks at every channel that is not being served. */
  wake(): void {
    if (this.#stop.signal.aborted) return
    for (const channel of this.#channels) channel.wake()
    this.#hook?.wake()
  }

  /** Delivers what is due now, and resolves when nothing more is. */
  async drain(): Promise<void> {
    this.wake()
    for (let running = this.#running; running.length > 0; running = this.#running)
      await Promise.all(running)
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

  get #running(): readonly Promise<void>[] {
    return [...this.#channels, ...(this.#hook === null ? [] : [this.#hook])].flatMap(
      ({ running }) => running,
    )
  }

  #serving(channel: string): Serving<Failure | null> {
    const { store, notifiers, onNotice, nowMs, random } = this.#options
    const order = Object.keys(notifiers)
    const notifier = notifiers[channel] as Notifier
    const stop = this.#stop.signal
    const how = { store, channel, notifier, order, onNotice, nowMs, random, stop }
    const delivering = new Delivering({ ...how, onToldOf: () => this.wake() })
    return new Serving({
      claim: (limit) => delivering.claim(limit),
      tell: (rows) => delivering.tell(rows),
      conclude: (rows, failure) => delivering.conclude(rows, failure),
      onError: (error) =>
        onNotice({ kind: "warning", message: `channel \`${channel}\`: ${describe(error)}` }),
      stop,
    })
  }
}
