import type { Line } from "../domain/command.ts"
import type { Policy } from "../domain/policy.ts"
import { type Amounts, NOTHING } from "../domain/terms.ts"
import type { Prices } from "../ports/Prices.ts"
import { sum, times } from "./amounts.ts"
import type { Admitted, Decision, Extended, Settled } from "./decision.ts"
import { RequestFailed } from "./errors.ts"
import { costOfSettlement, type Estimate, estimate } from "./estimate.ts"
import { refused } from "./refusal.ts"
import { type CallRequest, checkRequest, checkSettlement, type Settlement } from "./request.ts"

/** What a call within a hold needs of the engine. */
export interface Within {
  readonly policy: Policy
  readonly options: { readonly prices: Prices | undefined }
  readonly sender: { issuedAtMs(): number }
  assertOpen(): void
}

/** Holds within which a call runs, or has run to its end. */
type Taken = WeakSet<Admitted>

/**
 * Admits calls within holds that were made before them: a call's output limit shrinks to what is held there. Its
 * settle ends that hold; its release leaves it as it was, for another call. One call at a time.
 */
export const withinOf = (engine: Within): ((outer: Admitted, request: CallRequest) => Decision) => {
  const taken: Taken = new WeakSet()
  return (outer, request) => {
    engine.assertOpen()
    checkRequest(request)
    const issuedAtMs = engine.sender.issuedAtMs()
    const worst = estimate(request, engine.policy, engine.options.prices, issuedAtMs)
    const granted = taken.has(outer) ? null : grantOf(worst, outer.held, outer.lines)
    if (granted !== null)
      return new HeldWithin(engine, outer, { request, worst, granted, issuedAtMs, taken })
    const { lines } = outer
    return refused({ asked: { request }, lines, reason: "exhausted", issuedAtMs })
  }
}

/** The largest output that fits, of the units that the lines count; null where the least does not. */
const grantOf = (
  { base, perUnit, units }: Estimate,
  held: Amounts,
  lines: readonly Line[],
): number | null => {
  let granted = units.most
  for (const { terms } of lines) {
    const room = held[terms.unit] - base[terms.unit]
    if (room < 0) return null
    if (perUnit[terms.unit] > 0) granted = Math.min(granted, Math.floor(room / perUnit[terms.unit]))
  }
  return granted < units.least ? null : granted
}

interface MadeWithin {
  readonly request: CallRequest
  readonly worst: Estimate
  readonly granted: number
  readonly issuedAtMs: number
  readonly taken: Taken
}

class HeldWithin implements Admitted {
  readonly allowed = true
  readonly via = null
  readonly request: CallRequest
  readonly heldTokens: number
  readonly maxOutputTokens: number | null
  readonly #engine: Within
  readonly #outer: Admitted
  readonly #made: MadeWithin
  #ended: Promise<Settled> | null = null

  constructor(engine: Within, outer: Admitted, made: MadeWithin) {
    this.#engine = engine
    this.#outer = outer
    this.#made = made
    made.taken.add(outer)
    this.request = made.request
    this.heldTokens = made.granted
    this.maxOutputTokens = made.worst.units.most === 0 ? null : made.granted
  }

  get reservation(): string {
    return this.#outer.reservation
  }

  get lines(): readonly Line[] {
    return this.#outer.lines
  }

  get model(): string | undefined {
    return this.request.model
  }

  get provider(): string | undefined {
    return this.request.provider
  }

  get held(): Amounts {
    const { worst, granted } = this.#made
    return sum(worst.base, times(worst.perUnit, granted))
  }

  get priceSource(): Admitted["priceSource"] {
    return this.#made.worst.source
  }

  get withoutStore(): boolean {
    return this.#outer.withoutStore
  }

  settle(settlement: Settlement): Promise<Settled> {
    if (this.#ended !== null) return this.#ended
    try {
      const problem = checkSettlement(settlement)
      const { policy, options } = this.#engine
      const { request, issuedAtMs } = this.#made
      const cost =
        problem === null
          ? costOfSettlement(settlement, request, policy, options.prices, issuedAtMs)
          : { unpriced: problem }
      const final = settlement.final ?? true
      if (!("unpriced" in cost)) return this.#count(cost, final, null)
      if (final) return this.#count(this.held, true, cost.unpriced)
      return Promise.resolve({ amounts: NOTHING, drain: false, assumed: cost.unpriced })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  assume(): Promise<Settled> {
    return this.#ended ?? this.#count(this.held, true, "nobody knows what the call did cost")
  }

  /** What holds it was made for a call of this size, and is not raised. */
  extend(): Promise<Extended> {
    if (this.#ended !== null)
      return Promise.reject(new RequestFailed("not-running", "the reservation has ended"))
    const { request, issuedAtMs } = this.#made
    const { lines } = this
    return Promise.resolve(refused({ asked: { request }, lines, reason: "exhausted", issuedAtMs }))
  }

  release(): Promise<void> {
    if (this.#ended !== null) return Promise.resolve()
    this.#ended = Promise.resolve({ amounts: NOTHING, drain: false, assumed: null })
    this.#made.taken.delete(this.#outer)
    return Promise.resolve()
  }

  async #count(amounts: Amounts, final: boolean, assumed: string | null): Promise<Settled> {
    const settled = this.#outer
      .settle({ amounts, final })
      .then((one) => ({ ...one, assumed: one.assumed ?? assumed }))
    if (final) this.#ended = settled
    return settled
  }
}
