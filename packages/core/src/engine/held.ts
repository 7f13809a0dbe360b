import type { CommandId, Line } from "../domain/command.ts"
import type { Plan } from "../domain/compile.ts"
import type { Outcome } from "../domain/outcome.ts"
import { reservationName } from "../domain/source.ts"
import { type Amounts, NOTHING } from "../domain/terms.ts"
import type { PriceSource } from "../ports/Prices.ts"
import { rest, smallest, sum, times } from "./amounts.ts"
import { type Asked, RESERVATION_MS } from "./asked.ts"
import type { Admitted, Extended, Settled } from "./decision.ts"
import { RequestFailed } from "./errors.ts"
import { costOfSettlement, outputLimitOf } from "./estimate.ts"
import type { HeldBy } from "./heldBy.ts"
import { type Answer, sendFor } from "./holdCommands.ts"
import { chargeOf } from "./posts.ts"
import { besideOwn, latestEnd, type Refusing } from "./refusal.ts"
import { type CallRequest, checkSettlement, type Settlement } from "./request.ts"
import type { Numbered } from "./send.ts"

/** What made a hold. */
export interface Made {
  readonly asked: Asked
  readonly plan: Plan
  readonly issuedAtMs: number
  /** Its Reserve; null where none was sent. */
  readonly numbered: Numbered | null
  readonly granted: number
  readonly withoutStore: boolean
}

type Tokens = { readonly least: number; readonly most: number }

/** An admitted request: its hold, until one final settle or release. */
export class Held implements Admitted {
  readonly allowed = true
  readonly request: CallRequest
  readonly withoutStore: boolean
  /** For the heartbeat; set by the first look at it. Monotonic milliseconds, 0 before. */
  bornAtMs = 0
  beatAtMs = 0
  isMaybeSettled = false
  readonly #engine: HeldBy
  readonly #made: Made
  #granted: number
  #seq = 0
  #ended: Promise<Settled> | null = null
  /** Where its period ended while it ran: what was taken after that. */
  #next: Admitted | null = null
  #goingOn: Promise<Extended> | null = null
  /** The part that was reported last, where nobody knows whether the store counted it. */
  #unsure: Amounts | null = null

  constructor(engine: HeldBy, made: Made) {
    this.request = made.asked.request
    this.withoutStore = made.withoutStore
    this.#engine = engine
    this.#made = made
    this.#granted = made.granted
    engine.beats.add(this)
  }

  get reservation(): string {
    const { numbered, plan } = this.#made
    return numbered === null ? "" : reservationName(numbered.command.id, plan.division)
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
    return this.#granted + (this.#next?.heldTokens ?? 0)
  }

  get held(): Amounts {
    return this.#next === null ? this.#own : sum(this.#own, this.#next.held)
  }

  /** Life of its hold without a heartbeat. */
  get lifeMs(): number {
    return this.request.expiresInMs ?? RESERVATION_MS
  }

  get isLocal(): boolean {
    return this.withoutStore
  }

  get isEnded(): boolean {
    return this.#ended !== null
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
    try {
      return this.#assume("nobody knows what the call did cost")
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async release(): Promise<void> {
    if (this.#ended !== null) return
    if (this.#unsure !== null) {
      await this.#count(this.#unsure, true, null)
      return
    }
    this.#end(Promise.resolve({ amounts: NOTHING, drain: false, assumed: null }))
    await this.#next?.release()
    const { plan, numbered } = this.#made
    if (this.withoutStore) this.#engine.known.correctShare(this.lines, this.#own, NOTHING)
    if (numbered === null) return
    if (this.withoutStore) return this.#engine.postRelease(plan, numbered)
    await sendFor(this.#engine, this, {
      kind: "release",
      division: plan.division,
      reservation: this.#id,
    })
    this.#engine.wake(this.lines)
  }

  async extend(tokens: Tokens): Promise<Extended> {
    if (this.#ended !== null) throw new RequestFailed("not-running", "the reservation has ended")
    if (this.#next !== null) return this.#next.extend(tokens)
    if (this.#goingOn !== null) return this.#goingOn.then(() => this.extend(tokens))
    const issuedAtMs = this.#engine.sender.issuedAtMs()
    const outcome = this.withoutStore
      ? null
      : await sendFor(this.#engine, this, this.#more(issuedAtMs, tokens))
    const refusing = { asked: this.#made.asked, lines: this.lines, issuedAtMs }
    if (outcome === null) return this.#moreWithoutStore(tokens, refusing)
    if (outcome.kind === "extended") {
      this.#granted += outcome.granted
      return { allowed: true, tokens: outcome.granted, drain: outcome.drain }
    }
    if (outcome.kind === "refused") {
      const least = times(this.#made.asked.estimate.perUnit, tokens.least)
      const refusal = besideOwn(outcome, { lines: this.lines, own: this.#own, least })
      return this.#engine.refusal({ ...refusing, ...refusal })
    }
    if (outcome.kind !== "error") throw new Error(`an Extend was answered with \`${outcome.kind}\``)
    if (outcome.error === "period-over") return this.#goOn(tokens)
    throw new RequestFailed(outcome.error, outcome.detail)
  }

  /** By the policy's rule for a store that gives no answer, as for a request of its own. */
  #moreWithoutStore(tokens: Tokens, refusing: Omit<Refusing, "reason">): Extended {
    const { known, policy } = this.#engine
    const { lines } = this
    const obstacles = known.stopsOf(lines, this.#made.plan.switches, refusing.issuedAtMs)
    const [first] = obstacles
    if (first !== undefined) {
      const stopped = { obstacles, untilMs: latestEnd(obstacles), withoutStore: true }
      return this.#engine.refusal({ ...refusing, reason: first.reason, ...stopped })
    }
    for (const n of new Set([tokens.most, tokens.least])) {
      if (!known.takeShare(policy, lines, times(this.#made.asked.estimate.perUnit, n))) continue
      this.#granted += n
      return { allowed: true, tokens: n, drain: false }
    }
    return this.#engine.refusal({ ...refusing, reason: "store-unavailable" })
  }

  /** The heartbeat of a running call: nobody waits for it. False where the store knows no such hold. */
  async beat(): Promise<boolean> {
    const outcome = await sendFor(this.#engine, this, {
      ...this.#more(this.#engine.sender.issuedAtMs(), { least: 0, most: 0 }),
      perUnit: NOTHING,
    })
    return outcome?.kind !== "error"
  }

  get #own(): Amounts {
    const { base, perUnit } = this.#made.asked.estimate
    return sum(base, times(perUnit, this.#granted))
  }

  get #id(): CommandId {
    return this.#made.numbered?.command.id ?? { source: "", n: 0 }
  }

  #more(issuedAtMs: number, units: Tokens) {
    const { plan, asked } = this.#made
    return {
      kind: "extend",
      division: plan.division,
      reservation: this.#id,
      issuedAtMs,
      base: NOTHING,
      perUnit: asked.estimate.perUnit,
      units,
      expiresAtMs: issuedAtMs + this.lifeMs,
    } as const
  }

  /** What has no price: a part of it is left uncounted, the end counts the whole hold. */
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
    this.#unsure = amounts
    if (this.withoutStore) return this.#countWithoutStore(amounts, final, assumed)
    const mine = this.#next === null ? amounts : smallest(amounts, this.#own)
    this.#seq += 1
    const sent = sendFor(this.#engine, this, {
      kind: "settle",
      division: this.#made.plan.division,
      reservation: this.#id,
      seq: this.#seq,
      actual: mine,
      final,
    })
    if (!(sent instanceof Promise) && this.#next === null) {
      const settled = Promise.resolve(this.#counted(sent, { amounts, mine, final, assumed }))
      return final ? this.#end(settled) : settled
    }
    const settled = this.#countBoth(sent, { amounts, mine, final, assumed })
    if (!final) return settled
    this.#end(settled)
    return settled.catch((error: unknown) => {
      this.#ended = null
      this.#engine.beats.add(this)
      throw error
    })
  }

  async #countBoth(sent: Answer | Promise<Answer>, count: Count): Promise<Settled> {
    const settled = this.#counted(await sent, count)
    const { amounts, mine, final } = count
    if (this.#next !== null) await this.#next.settle({ amounts: rest(amounts, mine), final })
    return settled
  }

  #counted(outcome: Answer, { amounts, mine, final, assumed }: Count): Settled {
    if (final) this.#engine.wake(this.lines)
    if (outcome === null) return { amounts, assumed, drain: false }
    if (outcome.kind === "settled") {
      if (this.#unsure === amounts) this.#unsure = null
      if (outcome.skipped.length > 0) this.#skipped(outcome.skipped)
      return { amounts, assumed, drain: outcome.drain }
    }
    if (outcome.kind !== "error") throw new Error(`a Settle was answered with \`${outcome.kind}\``)
    if (outcome.error === "invalid-command") {
      this.#unsure = null
      throw new RequestFailed(outcome.error, outcome.detail)
    }
    if (final) this.#mend(outcome, mine)
    return { amounts, assumed, drain: true }
  }

  /** What a store says that does not know the reservation, or cannot count it. */
  #mend(outcome: Extract<Outcome, { kind: "error" }>, amounts: Amounts): void {
    const { lines } = this
    if (outcome.error === "not-running") return
    if (outcome.error === "unknown-reservation" && !this.isMaybeSettled) {
      const { division } = this.#made.plan
      const unsent = chargeOf({ division, lines, amounts, ends: this.#id })
      this.#engine.posts.post({ unsent, numbered: null, reserve: null, lines, goesFirst: true })
      return
    }
    this.#engine.options.onNotice({
      kind: "unposted",
      accounts: lines.map(({ account }) => account),
      amounts,
      message: `spend was not posted: ${outcome.detail}`,
    })
  }

  #skipped(accounts: readonly string[]): void {
    this.#engine.options.onNotice({
      kind: "warning",
      message: `spend came after its period was forgotten, and was not counted on ${accounts.map((key) => `\`${key}\``).join(", ")}`,
    })
  }

  #countWithoutStore(amounts: Amounts, final: boolean, assumed: string | null): Promise<Settled> {
    const settled = Promise.resolve({ amounts, drain: false, assumed })
    if (!final) return settled
    const { plan, numbered } = this.#made
    const { lines } = plan
    this.#engine.known.correctShare(lines, this.#own, amounts)
    const ends = numbered?.command.id ?? null
    const unsent = chargeOf({ division: plan.division, lines, amounts, ends })
    this.#engine.posts.post({ unsent, numbered: null, reserve: numbered, lines, goesFirst: true })
    return this.#end(settled)
  }

  /** The period is over: the rest of the call is held under a reservation of the new one. */
  #goOn(tokens: Tokens): Promise<Extended> {
    if (this.#next !== null) return this.#next.extend(tokens)
    if (this.#goingOn !== null) return this.#goingOn.then(() => this.extend(tokens))
    this.#goingOn = this.#reserveNext(tokens).finally(() => {
      this.#goingOn = null
    })
    return this.#goingOn
  }

  async #reserveNext(tokens: Tokens): Promise<Extended> {
    const { asked } = this.#made
    const { perUnit, source } = asked.estimate
    const decided = await this.#engine.attempt({
      ...asked,
      estimate: { base: NOTHING, perUnit, units: tokens, limitTokens: null, source },
    })
    if (!decided.allowed) return decided
    if (this.#ended !== null) {
      await decided.release()
      throw new RequestFailed("not-running", "the reservation has ended")
    }
    this.#next = decided
    return { allowed: true, tokens: decided.heldTokens, drain: false }
  }

  #end(settled: Promise<Settled>): Promise<Settled> {
    this.#ended = settled
    this.#engine.beats.delete(this)
    return settled
  }
}

interface Count {
  readonly amounts: Amounts
  /** What of it belongs to this hold, and not to the one after its period. */
  readonly mine: Amounts
  readonly final: boolean
  readonly assumed: string | null
}
