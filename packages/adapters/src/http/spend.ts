import type { Admitted, Settled, Settlement, Subject } from "@spendfuse/core"

/** What a handler has of its request's spend. */
export interface Spend {
  /** Who pays. */
  readonly subject: Subject
  /** Aborts when the client has gone: give it to what the handler calls. */
  readonly signal: AbortSignal
  /**
   * For SDKs: `new OpenAI({ fetch: spend.fetch })`. Each call is reserved and settled for the subject, and ends
   * when the client goes.
   */
  readonly fetch: typeof fetch
  /** What was held for the request before its handler ran; null where nothing was. */
  readonly granted: Admitted | null
  /**
   * Replaces that hold by the cost; before the answer's head is sent, the cost is in its headers. A final one
   * is sent once.
   *
   * @throws Error where nothing was held for the request
   */
  readonly settle: (settlement: Settlement) => Promise<Settled>
  /** Nothing was called, and nothing is counted. */
  readonly release: () => Promise<void>
}
