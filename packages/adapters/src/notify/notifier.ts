import { type Delivery, type DomainEvent, type Notifier, NotifyFailed } from "@spendfuse/core"
import { type Post, postOf } from "./post.ts"

/** A notifier of one's own: its name, and how it tells a delivery. */
export interface NotifierDefinition {
  /** For logs and dead letters; never a URL or a secret. */
  readonly name: string
  /**
   * Tells the events of one account as one message, by `post`. What `post` throws may pass through; so may a
   * `NotifyFailed` of your own. Anything else is retried, and only its kind is told. What is known of the
   * delivery comes last: the channel, the tries before, and since when the oldest event waits.
   */
  readonly deliver: (
    events: readonly DomainEvent[],
    post: Post,
    signal: AbortSignal,
    delivery: Delivery,
  ) => Promise<void>
  /** What sends; the global one unless given. */
  readonly fetch?: typeof globalThis.fetch
  /** How long one message may take, milliseconds; 10,000 unless given. The dispatcher waits 15 s. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 10_000

/**
 * Makes a notifier whose failures are judged, timed and free of secrets: an error's cause, a URL or what the
 * far side answered never leaves it.
 *
 * @throws TypeError where the time is no positive number
 * @example defineNotifier({ name: "chat", deliver: async (events, post) => { await post({ url, body }) } })
 */
export const defineNotifier = (definition: NotifierDefinition): Notifier => {
  const { name, deliver, timeoutMs = TIMEOUT_MS } = definition
  if (!(timeoutMs > 0 && Number.isFinite(timeoutMs)))
    throw new TypeError("`timeoutMs` must be a positive number of milliseconds")
  const fetch: typeof globalThis.fetch =
    definition.fetch ?? ((input, init) => globalThis.fetch(input, init))
  return {
    name,
    deliver: async (events, signal, delivery = firstOf(name, events)) => {
      try {
        await deliver(events, postOf({ name, fetch, timeoutMs }, signal), signal, delivery)
      } catch (error) {
        throw withoutSecrets(name, error)
      }
    },
  }
}

/** Who calls it by hand says nothing of the delivery. */
const firstOf = (channel: string, events: readonly DomainEvent[]): Delivery => ({
  channel,
  attempts: 0,
  createdAtMs: events[0]?.atMs ?? 0,
})

/** The same failure without its cause; of what is no failure of a delivery, only its class. */
const withoutSecrets = (name: string, error: unknown): NotifyFailed => {
  if (!(error instanceof NotifyFailed)) {
    const kind = error instanceof Error && /^[A-Z]\w{1,40}$/.test(error.name) ? error.name : "fault"
    return new NotifyFailed(name, { retryable: true, detail: `a ${kind} inside it` })
  }
  const { retryable, retryAfterMs, detail } = error
  return new NotifyFailed(name, {
    retryable,
    ...(retryAfterMs !== null && { retryAfterMs }),
    ...(detail !== null && { detail }),
  })
}
