import type { Line } from "../../domain/command.ts"
import type { Plan } from "../../domain/compile.ts"
import { type Amounts, NOTHING } from "../../domain/terms.ts"
import type { PriceSource } from "../../ports/Prices.ts"
import { sum, times } from "../amounts.ts"
import { type Asked, RESERVATION_MS } from "../asked.ts"
import type { Admitted, Extended, Refused, Settled } from "../decision.ts"
import { RequestFailed } from "../errors.ts"
import { costOfSettlement, outputLimitOf } from "../estimate.ts"
import type { HeldBy } from "../heldBy.ts"
import { type CallRequest, checkSettlement, type Settlement } from "../request.ts"
import type { Take } from "./leasePart.ts"

/** What a hold on slices needs beside its engine: more of them, and to be told that room came free. */
export interface Leasing {
  /** Of each leased line more, for `n` units from `least` to `most`; a refusal holds nothing. */
  more(asked: Asked, tokens: Tokens): Promise<{ takes: readonly Take[]; granted: number } | Refused>
  /** A call on these has ended. */
  ended(takes: readonly Take[]): void
}

/** What made it. */
export interface LeasedMade {
  readonly asked: Asked
  readonly plan: Plan
  readonly issuedAtMs: number
  readonly granted: number
  /** One for each line that is decided here. */
  readonly takes: readonly Take[]
  /** What the store holds of the other lines; null where there is none. */
  readonly inner: Admitted | null
}

type Tokens = { readonly least: number; readonly most: number }

/** A call that is held on slices, and on the store for the lines that have none. */
export class LeasedHold implements Admitted {
  readonly allowed = true
  readonly isLocal = true
  /** For the longest life of a hold; set by the first look at it. */
  bornAtMs = 0
  beatAtMs = 0
  readonly #engine: HeldBy
  readonly #leasing: Leasing
  readonly #made: LeasedMade
  #takes: readonly Take[]
  #granted: number
  #ended: Promise<Settled> | null = null

  constructor(engine: HeldBy, leasing: Leasing, made: LeasedMade) {
    this.#engine = engine
    this.#leasing = leasing
    this.#made = made
    this.#takes = made.takes
    this.#granted = made.granted
    engine.beats.add(this)
  }

  get request(): CallRequest {
    return this.#made.asked.request
  }

  get reservation(): string {
    return this.#made.inner?.reservation ?? this.#made.takes[0]?.part.name ?? ""
  }

  get lines(): readonly Line[] {
    return this.#made.plan.lines
  }

  get model(): string | undefined {
    return this.request.model
  }

  get provider(): string | undefined {
    return this.request.provider
  }

  get via(): string | null {
    return this.#made.asked.via
  }

  get priceSource(): PriceSource | null {
    return this.#made.asked.estimate.source
  }

  get maxOutputTokens(): number | null {
    return outputLimitOf(this.#made)
  }

  get heldTokens(): number {
    return this.#granted
  }

  get held(): Amounts {
    return amountsAt(this.#made.asked, this.#granted)
  }

  get withoutStore(): boolean {
    return this.#made.inner?.withoutStore ?? false
  }

  get lifeMs(): number {
    return this.request.expiresInMs ?? RESERVATION_MS
  }

  get isEnded(): boolean {
    return this.#ended !== null
  }

  /** Its parts have heartbeats of their own. */
  beat(): Promise<boolean> {
    return Promise.resolve(true)
  }

  settle(settlement: Settlement): Promise<Settled> {
    if (this.#ended !== null) return this.#ended
    try {
      const problem = checkSettlement(settlement)
      if (problem !== null) return this.#notPriced(settlement, problem)
      const { policy, options } = this.#engine
      const { issuedAtMs } = this.#made
      const cost = costOfSettlement(settlement, this.request, policy, options.prices, issuedAtMs)
      if ("unpriced" in cost) return this.#notPriced(settlement, cost.unpriced)
      return this.#count(cost, settlement.final ?? true, null)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  assume(): Promise<Settled> {
    if (this.#ended !== null) return this.#ended
    return this.#assume("nobody knows what the call did cost")
  }

  async release(): Promise<void> {
    if (this.#ended !== null) return
    for (const take of this.#takes) take.part.settle(take, take.spent, true)
    this.#end(Promise.resolve({ amounts: NOTHING, drain: false, assumed: null }))
    await this.#made.inner?.release()
  }

  async extend(tokens: Tokens): Promise<Extended> {
    if (this.#ended !== null) throw new RequestFailed("not-running", "the reservation has ended")
    const { asked, inner } = this.#made
    const more = await this.#leasing.more(asked, tokens)
    if ("allowed" in more) return more
    const raised = await inner?.extend({ least: tokens.least, most: more.granted })
    const granted = raised === undefined ? more.granted : raised.allowed ? raised.tokens : null
    const isTooLate = this.isEnded
    if (granted === null || isTooLate) {
      for (const take of more.takes) take.part.settle(take, 0, true)
      this.#leasing.ended(more.takes)
      if (isTooLate) throw new RequestFailed("not-running", "the reservation has ended")
      if (raised !== undefined && !raised.allowed) return raised
    }
    const perUnit = asked.estimate.perUnit
    const taken = granted ?? 0
    for (const take of more.takes)
      take.part.shrink(take, taken * perUnit[take.part.line.terms.unit])
    this.#takes = [...this.#takes, ...more.takes]
    this.#granted += taken
    const drain = raised?.allowed === true && raised.drain
    return { allowed: true, tokens: taken, drain: drain || this.#drains }
  }

  get #drains(): boolean {
    return this.#takes.some(({ part }) => part.isDraining)
  }

  #notPriced(settlement: Settlement, why: string): Promise<Settled> {
    if (settlement.final !== false) return this.#assume(why)
    return Promise.resolve({ amounts: NOTHING, drain: false, assumed: why })
  }

  #assume(why: string): Promise<Settled> {
    this.#engine.options.onNotice({
      kind: "assumed",
      reservation: this.reservation,
      message: `the whole hold was counted: ${why}`,
    })
    return this.#count(this.held, true, why)
  }

  #count(amounts: Amounts, final: boolean, assumed: string | null): Promise<Settled> {
    if (this.#takes === this.#made.takes) spendEach(this.#takes, amounts, final)
    else spend(this.#takes, amounts, final)
    const { inner } = this.#made
    const drain = this.#drains
    const settled =
      inner === null
        ? Promise.resolve({ amounts, drain, assumed })
        : inner
            .settle({ amounts, final })
            .then((other) => ({ amounts, drain: drain || other.drain, assumed }))
    if (final) this.#end(settled)
    return settled
  }

  #end(settled: Promise<Settled>): void {
    this.#ended = settled
    this.#engine.beats.delete(this)
    this.#leasing.ended(this.#takes)
    this.#engine.wake(this.lines)
  }
}

/** What a request holds at `n` units. */
export const amountsAt = ({ estimate: { base, perUnit } }: Asked, n: number): Amounts =>
  sum(base, times(perUnit, n))

/** Counts what was spent where each line has one take. */
const spendEach = (takes: readonly Take[], amounts: Amounts, final: boolean): void => {
  for (const take of takes) take.part.settle(take, amounts[take.part.line.terms.unit], final)
}

/** Counts on each line what was spent: of several takes of one line the first is filled first. */
const spend = (takes: readonly Take[], amounts: Amounts, final: boolean): void => {
  for (const [at, take] of takes.entries()) {
    const { account, terms } = take.part.line
    let left = amounts[terms.unit]
    for (const before of takes.slice(0, at))
      if (before.part.line.account === account) left = Math.max(0, left - before.amount)
    const isLast = !takes.slice(at + 1).some(({ part }) => part.line.account === account)
    take.part.settle(take, isLast ? left : Math.min(left, take.amount), final)
  }
}
