import type { Line } from "../domain/command.ts"
import type { Amounts } from "../domain/terms.ts"
import type { Admitted, Extended, Settled } from "../engine/decision.ts"
import type { CallRequest, Settlement } from "../engine/request.ts"
import type { Spendfuse } from "./createSpendfuse.ts"
import { guard } from "./guard.ts"

/**
 * The same Spendfuse with a `reserve` of your own, to see or change what is decided. `guard` goes through it;
 * the rest is as it was.
 *
 * @example
 * const counted = wrapSpendfuse(spendfuse, {
 *   reserve: async (request) => {
 *     const decision = await spendfuse.reserve(request)
 *     console.log(decision.allowed)
 *     return decision
 *   },
 * })
 */
export const wrapSpendfuse = (
  spendfuse: Spendfuse,
  own: Pick<Spendfuse, "reserve"> & Partial<Pick<Spendfuse, "reserveWithin">>,
): Spendfuse => {
  const { reserve, reserveWithin = spendfuse.reserveWithin } = own
  return {
    reserve,
    reserveWithin,
    guard: (request, call, how = {}) => guard({ reserve }, request, call, how),
    remaining: spendfuse.remaining,
    account: spendfuse.account,
    explain: spendfuse.explain,
    operator: spendfuse.operator,
    reload: spendfuse.reload,
    get policy() {
      return spendfuse.policy
    },
    flush: spendfuse.flush,
    close: spendfuse.close,
    [Symbol.asyncDispose]: () => spendfuse[Symbol.asyncDispose](),
  }
}

/** An admitted call that does all as the one that it wraps; extend it, and hear or change what you need. */
export class WrappedCall implements Admitted {
  readonly allowed = true
  protected readonly call: Admitted

  constructor(call: Admitted) {
    this.call = call
  }

  get reservation(): string {
    return this.call.reservation
  }

  get request(): CallRequest {
    return this.call.request
  }

  get lines(): readonly Line[] {
    return this.call.lines
  }

  get model(): string | undefined {
    return this.call.model
  }

  get provider(): string | undefined {
    return this.call.provider
  }

  get via(): string | null {
    return this.call.via
  }

  get maxOutputTokens(): number | null {
    return this.call.maxOutputTokens
  }

  get heldTokens(): number {
    return this.call.heldTokens
  }

  get held(): Amounts {
    return this.call.held
  }

  get priceSource(): Admitted["priceSource"] {
    return this.call.priceSource
  }

  get withoutStore(): boolean {
    return this.call.withoutStore
  }

  settle(settlement: Settlement): Promise<Settled> {
    return this.call.settle(settlement)
  }

  assume(): Promise<Settled> {
    return this.call.assume()
  }

  release(): Promise<void> {
    return this.call.release()
  }

  extend(tokens: { readonly least: number; readonly most: number }): Promise<Extended> {
    return this.call.extend(tokens)
  }
}
