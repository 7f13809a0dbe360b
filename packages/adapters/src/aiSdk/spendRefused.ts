import type { Refused } from "@spendfuse/core"

/**
 * A call that was refused, and was not made. The AI SDK tries only errors of its own again that say so, and hands
 * this one on as it is: one attempt.
 *
 * @example if (error instanceof SpendRefused) console.log(error.reason, error.untilMs)
 */
export class SpendRefused extends Error {
  readonly _tag = "SpendRefused"
  override readonly name = "SpendRefused"
  /** Whoever asks by the AI SDK's word for it. */
  readonly isRetryable = false
  readonly reason: Refused["reason"]
  /** When the last obstacle ends, epoch milliseconds; null where that takes a person or a smaller request. */
  readonly untilMs: number | null
  /** All that the decision says. */
  readonly refused: Refused

  constructor(refused: Refused, message: string) {
    super(message)
    this.reason = refused.reason
    this.untilMs = refused.untilMs
    this.refused = refused
  }
}
