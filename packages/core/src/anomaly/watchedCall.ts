import type { Line } from "../domain/command.ts"
import { type Amounts, NOTHING } from "../domain/terms.ts"
import type { Admitted, Extended, Settled } from "../engine/decision.ts"
import type { Settlement } from "../engine/request.ts"

/** Hears what a call spent since it was heard last. */
export type OnSpent = (call: Admitted, amounts: Amounts) => void

/** An admitted call whose settlements are heard. Parts are cumulative; a second end counts nothing. */
export class WatchedCall implements Admitted {
  readonly allowed = true
  readonly #call: Admitted
  readonly #onSpent: OnSpent
  #heard: Amounts = NOTHING
  #hasEnded = false

  constructor(call: Admitted, onSpent: OnSpent) {
    this.#call = call
    this.#onSpent = onSpent
  }

  get reservation(): string {
    return this.#call.reservation
  }

  get request(): Admitted["request"] {
    return this.#call.request
  }

  get lines(): readonly Line[] {
    return this.#call.lines
  }

  get model(): string | undefined {
    return this.#call.model
  }

  get provider(): string | undefined {
    return this.#call.provider
  }

  get via(): string | null {
    return this.#call.via
  }

  get maxOutputTokens(): number | null {
    return this.#call.maxOutputTokens
  }

  get heldTokens(): number {
    return this.#call.heldTokens
  }

  get held(): Amounts {
    return this.#call.held
  }

  get priceSource(): Admitted["priceSource"] {
    return this.#call.priceSource
  }

  get withoutStore(): boolean {
    return this.#call.withoutStore
  }

  async settle(settlement: Settlement): Promise<Settled> {
    const settled = await this.#call.settle(settlement)
    this.#hear(settled, settlement.final !== false)
    return settled
  }

  async assume(): Promise<Settled> {
    const settled = await this.#call.assume()
    this.#hear(settled, true)
    return settled
  }

  async release(): Promise<void> {
    await this.#call.release()
    this.#hasEnded = true
  }

  extend(tokens: { readonly least: number; readonly most: number }): Promise<Extended> {
    return this.#call.extend(tokens)
  }

  #hear({ amounts, assumed }: Settled, isFinal: boolean): void {
    if (this.#hasEnded) return
    this.#hasEnded = isFinal
    if (!isFinal && assumed !== null) return
    const before = this.#heard
    this.#heard = amounts
    this.#onSpent(this.#call, {
      usd: Math.max(0, amounts.usd - before.usd),
      tokens: Math.max(0, amounts.tokens - before.tokens),
      requests: Math.max(0, amounts.requests - before.requests),
    })
  }
}
