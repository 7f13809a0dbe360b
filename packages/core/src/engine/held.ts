import type { CommandId, Line } from "../domain/command.ts"
import type { Plan } from "../domain/compile.ts"
import { reservationKey } from "../domain/ledger.ts"
import type { Obstacle, Outcome } from "../domain/outcome.ts"
import type { Policy } from "../domain/policy.ts"
import { type Amounts, NOTHING } from "../domain/terms.ts"
import type { PriceSource, Prices } from "../ports/Prices.ts"
import { type Asked, RESERVATION_MS } from "./asked.ts"
import type { Admitted, Decision, Extended, Refused, Settled } from "./decision.ts"
import { RequestFailed } from "./errors.ts"
import { costOfSettlement } from "./estimate.ts"
import type { Notice } from "./notice.ts"
import type { CallRequest, Settlement } from "./request.ts"
import type { Numbered, Sender, Unsent } from "./send.ts"
import { chargeOf, type Unavailable } from "./unavailable.ts"

/** What a hold needs of the engine that made it. */
export interface HeldBy {
  readonly policy: Policy
  readonly options: {
    readonly prices: Prices | undefined
    readonly onNotice: (notice: Notice) => void
  }
  readonly sender: Sender
  readonly unavailable: Unavailable
  readonly running: Set<Held>
  attempt(asked: Asked): Decision | Promise<Decision>
  refusal(
    asked: Pick<Asked, "request">,
    reason: Refused["reason"],
    obstacles: readonly Obstacle[],
    issuedAtMs: number,
    untilMs: number | null,
  ): Refused
  wake(lines: readonly Line[]): void
  keepAlive(held: Held): void
  renamed(outcome: Extract<Outcome, { kind: "error" }>): boolean
  postRelease(plan: Plan, numbered: Numbered): void
}

/** An admitted request: its hold, until one final settle or release. */
export class Held implements Admitted {
  readonly allowed = true
  readonly request: CallRequest
  readonly withoutStore: boolean
  readonly #engine: HeldBy
  readonly #asked: Asked
  readonly #plan: Plan
  readonly #issuedAtMs: number
  readonly #numbered: Numbered | null
  #granted: number
  #seq = 0
  #ended: Promise<Settled> | null = null
  #beatAtMs: number
  /** Where its period ended while it ran: what was taken after that. */
  #next: Admitted | null = null

  constructor(
    engine: HeldBy,
    asked: Asked,
    plan: Plan,
    issuedAtMs: number,
    numbered: Numbered | null,
    granted: number,
    how: { withoutStore: boolean } = WITH_STORE,
  ) {
    this.request = asked.request
    this.withoutStore = how.withoutStore
    this.#engine = engine
    this.#asked = asked
    this.#plan = plan
    this.#issuedAtMs = issuedAtMs
    this.#numbered = numbered
    this.#granted = granted
    this.#beatAtMs = (numbered?.firstSentAtMs ?? 0) + this.#lifeMs / 3
    if (!how.withoutStore) engine.keepAlive(this)
  }

  get reservation(): string {
    return this.#numbered === null ? "" : reservationKey(this.#numbered.command.id)
  }

  get lines(): readonly Line[] {
    return this.#plan.lines
  }

  get model(): string | undefined {
    return this.request.model
  }

  get provider(): string | undefined {
    return this.request.provider
  }

  get via(): string | null {
    return this.#asked.via
  }

  get priceSource(): PriceSource | null {
    return this.#asked.estimate.source
  }

  get maxOutputTokens(): number | null {
    return this.#asked.estimate.units.most === 0 ? null : this.#granted
  }

  get held(): Amounts {
    const { base, perUnit } = this.#asked.estimate
    return {
      usd: base.usd + this.#granted * perUnit.usd,
      tokens: base.tokens + this.#granted * perUnit.tokens,
      requests: base.requests + this.#granted * perUnit.requests,
    }
  }

  settle(settlement: Settlement): Promise<Settled> {
    const final = settlement.final ?? true
    if (this.#ended !== null) return this.#ended
    const { options, policy } = this.#engine
    const cost = costOfSettlement(
      settlement,
      this.request,
      policy,
      options.prices,
      this.#issuedAtMs,
    )
    if (!("unpriced" in cost)) return this.#count(cost, final, null)
    if (!final) return Promise.resolve({ amounts: NOTHING, drain: false, assumed: cost.unpriced })
    return this.#assume(cost.unpriced)
  }

  assume(): Promise<Settled> {
    return this.#ended ?? this.#assume("nobody knows what the call did cost")
  }

  async release(): Promise<void> {
    if (this.#ended !== null) return
    await this.#end(Promise.resolve({ amounts: NOTHING, drain: false, assumed: null }))
    await this.#next?.release()
    if (this.withoutStore) this.#engine.unavailable.giveBackShare(this.lines, this.held)
    if (this.#numbered === null) return
    if (this.withoutStore) {
      this.#engine.postRelease(this.#plan, this.#numbered)
      return
    }
    const { division } = this.#plan
    const unsent = { kind: "release", division, reservation: this.#id } as const
    const numbered = await this.#engine.sender.number(unsent)
    try {
      await this.#engine.sender.send(numbered)
    } catch {
      this.#engine.unavailable.markDown()
      this.#engine.unavailable.post(unsent, numbered, null)
    }
    this.#engine.wake(this.lines)
  }

  async extend(tokens: { readonly least: number; readonly most: number }): Promise<Extended> {
    if (this.#ended !== null) throw new RequestFailed("not-running", "the reservation has ended")
    if (this.#next !== null) return this.#next.extend(tokens)
    if (this.withoutStore || this.#numbered === null)
      return this.#engine.refusal(this.#asked, "store-unavailable", [], this.#issuedAtMs, null)
    const issuedAtMs = this.#engine.sender.issuedAtMs()
    const outcome = await this.#send({
      kind: "extend",
      division: this.#plan.division,
      reservation: this.#id,
      issuedAtMs,
      base: NOTHING,
      perUnit: this.#asked.estimate.perUnit,
      units: tokens,
      expiresAtMs: issuedAtMs + this.#lifeMs,
    })
    if (outcome === null)
      return this.#engine.refusal(this.#asked, "store-unavailable", [], issuedAtMs, null)
    if (outcome.kind === "extended") {
      this.#granted += outcome.granted
      return { allowed: true, tokens: outcome.granted, drain: outcome.drain }
    }
    if (outcome.kind === "refused")
      return this.#engine.refusal(
        this.#asked,
        outcome.reason,
        outcome.obstacles,
        issuedAtMs,
        outcome.untilMs,
      )
    if (outcome.kind === "error" && outcome.error === "period-over") return this.#goOn(tokens)
    throw new RequestFailed(
      outcome.kind === "error" ? outcome.error : "not-running",
      outcome.kind === "error" ? outcome.detail : "the reservation has ended",
    )
  }

  /** The heartbeat of a running call: each third of its life, and nobody waits for it. */
  beat(nowMs: number): void {
    if (nowMs < this.#beatAtMs || this.#ended !== null) return
    this.#beatAtMs = nowMs + this.#lifeMs / 3
    const issuedAtMs = this.#engine.sender.issuedAtMs()
    void this.#send({
      kind: "extend",
      division: this.#plan.division,
      reservation: this.#id,
      issuedAtMs,
      base: NOTHING,
      perUnit: NOTHING,
      units: { least: 0, most: 0 },
      expiresAtMs: issuedAtMs + this.#lifeMs,
    }).catch(() => undefined)
  }

  get #id(): CommandId {
    return this.#numbered?.command.id ?? { source: "", n: 0 }
  }

  get #lifeMs(): number {
    return this.request.expiresInMs ?? RESERVATION_MS
  }

  #assume(why: string): Promise<Settled> {
    const { options } = this.#engine
    options.onNotice({
      kind: "assumed",
      reservation: this.reservation,
      message: `the whole hold was counted: ${why}`,
    })
    return this.#count(this.held, true, why)
  }

  #count(amounts: Amounts, final: boolean, assumed: string | null): Promise<Settled> {
    const counted = this.#countNow(amounts, final, assumed)
    if (!final) return counted
    return this.#end(counted).catch((error: unknown) => {
      this.#ended = null
      this.#engine.keepAlive(this)
      throw error
    })
  }

  async #countNow(amounts: Amounts, final: boolean, assumed: string | null): Promise<Settled> {
    if (this.withoutStore) return this.#countWithoutStore(amounts, final, assumed)
    const mine = this.#next === null ? amounts : smallest(amounts, this.held)
    this.#seq += 1
    const unsent = {
      kind: "settle",
      division: this.#plan.division,
      reservation: this.#id,
      seq: this.#seq,
      actual: mine,
      final,
    } as const
    const pending = this.#send(unsent)
    const outcome = pending instanceof Promise ? await pending : pending
    if (final) this.#engine.wake(this.lines)
    if (this.#next !== null) await this.#next.settle({ amounts: rest(amounts, mine), final })
    const settled = { amounts, assumed }
    if (outcome === null) return { ...settled, drain: false }
    if (outcome.kind === "settled") return { ...settled, drain: outcome.drain }
    if (outcome.kind !== "error") throw new Error(`a Settle was answered with \`${outcome.kind}\``)
    return this.#mend(outcome, mine, final, settled)
  }

  /** What a store says that does not know the reservation, or cannot count it. */
  #mend(
    outcome: Extract<Outcome, { kind: "error" }>,
    amounts: Amounts,
    final: boolean,
    settled: { amounts: Amounts; assumed: string | null },
  ): Settled {
    if (outcome.error === "invalid-command")
      throw new RequestFailed("invalid-command", outcome.detail)
    if (outcome.error === "unknown-reservation" && final)
      this.#engine.unavailable.post(
        chargeOf(this.#plan.division, this.lines, amounts, this.#id),
        null,
        null,
      )
    else if (final)
      this.#engine.options.onNotice({
        kind: "unposted",
        accounts: this.lines.map(({ account }) => account),
        amounts,
        message: `spend was not posted: ${outcome.detail}`,
      })
    return { ...settled, drain: true }
  }

  async #countWithoutStore(
    amounts: Amounts,
    final: boolean,
    assumed: string | null,
  ): Promise<Settled> {
    if (final) {
      this.#engine.unavailable.giveBackShare(this.lines, rest(this.held, amounts))
      const charge = chargeOf(
        this.#plan.division,
        this.lines,
        amounts,
        this.#numbered?.command.id ?? null,
      )
      this.#engine.unavailable.post(charge, null, this.#numbered)
    }
    return { amounts, drain: false, assumed }
  }

  /** Its answer, or null where the store did not give one: then a settle is sent until it does. */
  async #send(unsent: Unsent): Promise<Outcome | null> {
    const { sender, unavailable } = this.#engine
    const numbered = await sender.number(unsent)
    try {
      const outcome = await sender.send(numbered)
      unavailable.markUp()
      if (outcome.kind === "error" && this.#engine.renamed(outcome)) return this.#send(unsent)
      return outcome
    } catch (error) {
      if ((error as { _tag?: unknown })._tag !== "StoreUnavailable") throw error
      unavailable.markDown()
      if (unsent.kind === "settle" && unsent.final) unavailable.post(unsent, numbered, null)
      else sender.abandon(numbered)
      return null
    }
  }

  /** The period is over: the rest of the call is held under a reservation of the new one. */
  async #goOn(tokens: { readonly least: number; readonly most: number }): Promise<Extended> {
    const { perUnit, source } = this.#asked.estimate
    const decided = await this.#engine.attempt({
      request: this.request,
      via: this.#asked.via,
      estimate: { base: NOTHING, perUnit, units: tokens, source },
    })
    if (!decided.allowed) return decided
    this.#next = decided
    return { allowed: true, tokens: decided.maxOutputTokens ?? 0, drain: false }
  }

  #end(settled: Promise<Settled>): Promise<Settled> {
    this.#ended = settled
    this.#engine.running.delete(this)
    return settled
  }
}

const WITH_STORE = { withoutStore: false }

const smallest = (one: Amounts, other: Amounts): Amounts => ({
  usd: Math.min(one.usd, other.usd),
  tokens: Math.min(one.tokens, other.tokens),
  requests: Math.min(one.requests, other.requests),
})

const rest = (all: Amounts, taken: Amounts): Amounts => ({
  usd: Math.max(0, all.usd - taken.usd),
  tokens: Math.max(0, all.tokens - taken.tokens),
  requests: Math.max(0, all.requests - taken.requests),
})
