import { type Amounts, NOTHING } from "../domain/terms.ts"
import type { Admitted, Settled } from "../engine/decision.ts"
import type { Settlement } from "../engine/request.ts"
import { WrappedCall } from "../host/wrapped.ts"

/** Hears what a call spent since it was heard last. */
export type OnSpent = (call: Admitted, amounts: Amounts) => void

/** An admitted call whose settlements are heard. Parts are cumulative; a second end counts nothing. */
export class WatchedCall extends WrappedCall {
  readonly #onSpent: OnSpent
  #heard: Amounts = NOTHING
  #hasEnded = false

  constructor(call: Admitted, onSpent: OnSpent) {
    super(call)
    this.#onSpent = onSpent
  }

  override async settle(settlement: Settlement): Promise<Settled> {
    const settled = await super.settle(settlement)
    this.#hear(settled, settlement.final !== false)
    return settled
  }

  override async assume(): Promise<Settled> {
    const settled = await super.assume()
    this.#hear(settled, true)
    return settled
  }

  override async release(): Promise<void> {
    await super.release()
    this.#hasEnded = true
  }

  #hear({ amounts, assumed }: Settled, isFinal: boolean): void {
    if (this.#hasEnded) return
    this.#hasEnded = isFinal
    if (!isFinal && assumed !== null) return
    const before = this.#heard
    this.#heard = amounts
    this.#onSpent(this.call, {
      usd: Math.max(0, amounts.usd - before.usd),
      tokens: Math.max(0, amounts.tokens - before.tokens),
      requests: Math.max(0, amounts.requests - before.requests),
    })
  }
}
