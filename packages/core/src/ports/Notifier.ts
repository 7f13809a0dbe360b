import type { DomainEvent } from "../domain/event.ts"

/**
 * Brings events to people. At least once: the same event may come again with the same id. Throw
 * `NotifyFailed` to say whether trying again makes sense; anything else thrown counts as retryable.
 */
export interface Notifier {
  /** For logs; never a URL or a secret. */
  readonly name: string
  /** Delivers the due events of one account as one message, in order. Must stop when the signal aborts. */
  readonly deliver: (events: readonly DomainEvent[], signal: AbortSignal) => Promise<void>
}
