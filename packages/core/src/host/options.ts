import type { DomainEvent } from "../domain/event.ts"
import type { LimitFor, Policy, Rule } from "../domain/policy.ts"
import type { Notice } from "../engine/notice.ts"
import type { Notifier } from "../ports/Notifier.ts"
import type { Prices } from "../ports/Prices.ts"
import type { Store } from "../ports/Store.ts"

/** What a host decides, and what it leaves to the defaults. */
export interface SpendfuseOptions {
  readonly policy: Policy
  readonly store: Store
  /** Default: none, and requests give `amounts` themselves. `libraryPrices()` of `@spendfuse/core/prices` knows most models. */
  readonly prices?: Prices
  /** Who hears the policy's channels, by name. A channel that nobody provides is an error at start. */
  readonly notifiers?: Readonly<Record<string, Notifier>>
  /** Every event, once per process that listens, oldest first. */
  readonly onEvent?: (event: DomainEvent) => void
  /** What an operator should know. Default: all but notes to the console. */
  readonly onNotice?: (notice: Notice) => void
  /**
   * The host's own limit of one account, in the budget's unit (nano-USD for `usd`); `undefined` where the
   * policy's holds. Asked when a request is compiled, and again after 10 seconds at the earliest.
   */
  readonly limitFor?: LimitFor
  /** The host's own rules, of `defineRule`: they add lines, switches and fallbacks to what the policy says. */
  readonly rules?: readonly Rule[]
  /** The dimensions whose values the host vouches for; start-up warns where no budget that blocks counts by one. */
  readonly authenticated?: readonly string[]
  /** The store must answer within this many milliseconds; 250 unless given. */
  readonly storeDeadlineMs?: number
  /** How long a request waits where the budget is only `busy`, in milliseconds; 10,000 unless given. */
  readonly waitMs?: number
  /**
   * A call is kept alive this long at most, in milliseconds; an hour unless given. What the host has
   * forgotten to settle or release then expires, and its whole hold counts as spent.
   */
  readonly maxHoldMs?: number
  /** Remember refusals for up to a second, so that a retry storm costs the store nothing; true unless given. */
  readonly rememberRefusals?: boolean
  /** For tests: wall clock, monotonic clock (epoch and plain milliseconds), randomness in [0, 1). */
  readonly nowMs?: () => number
  readonly monotonicMs?: () => number
  readonly random?: () => number
}
