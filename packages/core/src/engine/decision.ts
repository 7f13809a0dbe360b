import type { Line } from "../domain/command.ts"
import type { Obstacle, RefusalReason } from "../domain/outcome.ts"
import type { Amounts } from "../domain/terms.ts"
import type { PriceSource } from "../ports/Prices.ts"
import type { CallRequest, Settlement } from "./request.ts"

/** What the host gets: a reservation, or a refusal with every obstacle. Never an exception for lack of money. */
export type Decision = Admitted | Refused

/** A call that may be made, with what it was granted. Amounts per unit: nano-USD, tokens, requests. */
export interface Admitted {
  readonly allowed: true
  /** The name of the reservation, for logs. */
  readonly reservation: string
  readonly request: CallRequest
  /** The lines it is held on. */
  readonly lines: readonly Line[]
  /** The model to call: a fallback's where the request was degraded. */
  readonly model: string | undefined
  readonly provider: string | undefined
  /** The fallback by which it was admitted, or null. */
  readonly via: string | null
  /** The output limit to send, in tokens per choice: never send a higher one. Null where the call has no output. */
  readonly maxOutputTokens: number | null
  /**
   * The output tokens per choice that are held by now: all of `maxOutputTokens`, unless the request asked for a
   * slice (`sliceTokens`). Then the call must be stopped here, or extended before.
   */
  readonly heldTokens: number
  /** What is held for it. */
  readonly held: Amounts
  readonly priceSource: PriceSource | null
  /** The store did not answer; the policy let it through. */
  readonly withoutStore: boolean
  /** Replaces the hold by the cost. Exactly one final settle or release; a second one changes nothing. */
  readonly settle: (settlement: Settlement) => Promise<Settled>
  /** More of the same: raises the hold for that many output tokens more, at least `least`. */
  readonly extend: (tokens: { readonly least: number; readonly most: number }) => Promise<Extended>
  /** The call did not happen, and is proven free. */
  readonly release: () => Promise<void>
  /** Settles the whole hold: what is right where nobody knows what the call did cost. */
  readonly assume: () => Promise<Settled>
}

/** What a settle counted. Amounts per unit: nano-USD, tokens, requests. */
export interface Settled {
  /** What was counted. */
  readonly amounts: Amounts
  /** A switch or circuit refuses by now: start nothing new under this reservation. */
  readonly drain: boolean
  /** Not priced: the whole hold was counted, for this reason. */
  readonly assumed: string | null
}

/** A hold that was raised, with the output tokens granted by now; or the refusal to raise it. */
export type Extended =
  | { readonly allowed: true; readonly tokens: number; readonly drain: boolean }
  | Refused

/** A call that must not be made: why, by which limits, and when to come back. */
export interface Refused {
  readonly allowed: false
  readonly request: CallRequest
  /** The lines it was judged by. */
  readonly lines: readonly Line[]
  readonly reason: RefusalReason | "store-unavailable"
  /** All of them; the first in the published order gives the reason. */
  readonly obstacles: readonly Obstacle[]
  /** When the last of them ends; null where that takes a person or a smaller request. Epoch milliseconds. */
  readonly untilMs: number | null
  /** The same from now on, in milliseconds. */
  readonly retryAfterMs: number | null
  /** Decided without the store. */
  readonly withoutStore: boolean
  /** The canned answer or the host's handler that the policy's fallbacks end in; null where they name none. */
  readonly fallback:
    | { readonly kind: "answer"; readonly name: string; readonly text: string }
    | { readonly kind: "custom"; readonly name: string }
    | null
}
