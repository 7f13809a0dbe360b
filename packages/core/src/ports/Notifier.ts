import type { DomainEvent } from "../domain/event.ts"

/** What is known of one delivery beside its events. */
export interface Delivery {
  /** The channel that is told; one notifier may serve several. */
  readonly channel: string
  /** Tries before this one that the store knows of; 0 the first time. */
  readonly attempts: number
  /** When the oldest of the events was written, epoch milliseconds: how late this is. */
  readonly createdAtMs: number
}

/**
 * Brings events to people. At least once: the same event may come again with the same id. Throw
 * `NotifyFailed` to say whether trying again makes sense; anything else thrown counts as retryable.
 */
export interface Notifier {
  /** For logs; never a URL or a secret. */
  readonly name: string
  /**
   * Delivers the due events of one account as one message, in order. They are its own: nobody else sees what it
   * does to them. Must stop when the signal aborts: what it delivers later is delivered again. The
   * dispatcher always says what it knows of the delivery; it may be ignored.
   */
  readonly deliver: (
    events: readonly DomainEvent[],
    signal: AbortSignal,
    delivery?: Delivery,
  ) => Promise<void>
}
