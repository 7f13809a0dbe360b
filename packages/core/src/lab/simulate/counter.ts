import type { Line } from "../../domain/command.ts"
import type { Unit } from "../../domain/terms.ts"
import { type DurationMs, type EpochMs, FOREVER_MS } from "../../domain/time.ts"
import { inputTokensOf, outputTokensOf, type Usage } from "../../domain/usage.ts"
import type { Fleet } from "../../edge/fleet/fleet.ts"
import { RequestFailed } from "../../engine/errors.ts"
import { capAtStart } from "../../engine/explain/payers.ts"
import { Plans } from "../../engine/plan.ts"
import {
  type Desk,
  type FleetCall,
  type Grant,
  type Guard,
  mostOutputOf,
  type Refusal,
} from "./guard.ts"
import type { Host } from "./host.ts"
import { nanoUsdOf } from "./rates.ts"

/** What the counter has given, and what it held where it holds. */
export interface Counted extends Grant {
  readonly tallies: readonly Tally[]
  readonly held: Readonly<Record<Unit, number>>
}

/**
 * The usual way, with the policy's own budgets: look whether the counter is below the cap, make the call, add
 * what it did cost. What of that is done badly, the fleet's `counter` says.
 */
export class PostHocCounter implements Guard<Counted> {
  readonly #fleet: Fleet
  readonly #plans = new Plans()
  readonly #tallies = new Map<string, Tally>()
  readonly #blocks = new Map<string, Block>()
  #desk: Desk | null = null
  #isDown = false

  constructor(fleet: Fleet) {
    this.#fleet = fleet
  }

  begin(desk: Desk): void {
    this.#desk = desk
  }

  store(isDown: boolean): void {
    this.#isDown = isDown
  }

  ask(call: FleetCall, host: Host, atMs: EpochMs): Counted | Refusal {
    const { policy, counter } = this.#fleet
    const { actor } = call
    const mostOutput = mostOutputOf(actor, actor.model, policy.maxOutputTokens)
    const grant = { call, model: actor.model, mostOutput, host, atMs }
    if (this.#isDown)
      return counter.storeDown === "deny"
        ? { reason: "store-unavailable", untilMs: null }
        : { ...grant, tallies: [], held: NOTHING_HELD }
    const clockMs = host.clockAt(atMs) - counter.resetsLateMs
    const tallies = this.#talliesOf(call, host, clockMs)
    if (tallies === null) return { reason: "missing-dimension", untilMs: null }
    const held = counter.leaksHolds ? this.#worstOf(call, mostOutput, atMs) : NOTHING_HELD
    for (const tally of tallies) {
      const untilMs = tally.refusedUntil(held, clockMs, counter)
      if (untilMs !== null) return { reason: "over the limit", untilMs: untilMs + (atMs - clockMs) }
    }
    for (const tally of tallies) tally.add(held, clockMs)
    return { ...grant, tallies, held }
  }

  /** It waits as long as it takes. */
  takesMs(host: Host, atMs: EpochMs): DurationMs {
    return this.#isDown ? 0 : host.storeTakesMs(atMs)
  }

  end(grant: Counted, used: Usage): void {
    const { counter, hosts } = this.#fleet
    const { tallies, call, held, model } = grant
    if (tallies.length === 0) return
    const isForgotten = counter.leaksHolds && call.isCancelled
    const times = counter.addsPerHost ? hosts : 1
    const cost = {
      usd: nanoUsdOf(model, "counted", grant.atMs, used) * times,
      tokens: (inputTokensOf(used) + outputTokensOf(used)) * times,
      requests: times,
    }
    const count = (): void => {
      const nowMs = this.#desk?.nowMs ?? grant.atMs
      const clockMs = grant.host.clockAt(nowMs) - counter.resetsLateMs
      for (const tally of tallies) {
        if (!isForgotten) tally.add(negative(held), clockMs)
        tally.add(cost, clockMs)
      }
    }
    if (counter.delayMs === 0) count()
    else this.#desk?.at(this.#desk.nowMs + counter.delayMs, count)
  }

  /** What it did cost is never counted. */
  lose(): void {}

  #talliesOf(call: FleetCall, host: Host, clockMs: EpochMs): readonly Tally[] | null {
    const { model } = call.actor
    const { policy, counter } = this.#fleet
    try {
      const { plan } = this.#plans.planOf(
        policy,
        call.subject,
        clockMs,
        model.name,
        model.provider ?? undefined,
      )
      return plan.lines.flatMap((line) => {
        const cap = line.terms.observe ? null : capAtStart(line.terms)
        if (cap === null) return []
        return [this.#tallyOf(line, cap, counter.perHost ? host.number : 0)]
      })
    } catch (error) {
      if (error instanceof RequestFailed) return null
      throw error
    }
  }

  #tallyOf(line: Line, cap: number, host: number): Tally {
    const { account, period, terms } = line
    const isCalendar = terms.slidingMs === 0 && terms.idleMs === 0
    const key = `${account} ${isCalendar ? period.startMs : ""} ${host}`
    let tally = this.#tallies.get(key)
    if (tally === undefined) {
      const name = `${account} ${host}`
      const block = this.#blocks.get(name) ?? { untilMs: Number.NEGATIVE_INFINITY }
      this.#blocks.set(name, block)
      tally = new Tally(line, cap, block)
      this.#tallies.set(key, tally)
    }
    return tally
  }

  #worstOf(call: FleetCall, mostOutput: number | null, atMs: EpochMs): Counted["held"] {
    const usage = {
      inputTokens: call.inputTokens,
      outputTokens: mostOutput ?? call.outputTokens,
    }
    return {
      usd: nanoUsdOf(call.actor.model, "counted", atMs, usage),
      tokens: usage.inputTokens + usage.outputTokens,
      requests: 1,
    }
  }
}

type Amounts = Counted["held"]

const NOTHING_HELD: Amounts = Object.freeze({ usd: 0, tokens: 0, requests: 0 })

const negative = ({ usd, tokens, requests }: Amounts): Amounts => ({
  usd: -usd,
  tokens: -tokens,
  requests: -requests,
})

/** Until when an account is blocked, whatever period it is. */
interface Block {
  untilMs: EpochMs
}

/** One number that grows, and what it is compared with. */
class Tally {
  readonly #line: Line
  readonly #cap: number
  #sum = 0
  #usedAtMs = Number.NEGATIVE_INFINITY
  readonly #block: Block
  /** Of a window that slides: what was added when. */
  #parts: { readonly atMs: EpochMs; readonly amount: number }[] = []

  constructor(line: Line, cap: number, block: Block) {
    this.#line = line
    this.#cap = cap
    this.#block = block
  }

  add(amounts: Amounts, atMs: EpochMs): void {
    const { terms } = this.#line
    const amount = amounts[terms.unit]
    this.#sum += amount
    this.#usedAtMs = atMs
    if (terms.slidingMs > 0 && amount !== 0) this.#parts.push({ atMs, amount })
  }

  /** Null where there is room. */
  refusedUntil(
    held: Amounts,
    atMs: EpochMs,
    { renews, resumesMs }: Pick<Fleet["counter"], "renews" | "resumesMs">,
  ): EpochMs | null {
    this.#forget(atMs)
    const { terms, period } = this.#line
    if (atMs < this.#block.untilMs) {
      if (renews) this.#block.untilMs = atMs + this.#lengthMs
      return this.#block.untilMs
    }
    if (this.#sum + held[terms.unit] < this.#cap + (held.requests > 0 ? 1 : 0)) return null
    if (resumesMs !== null) {
      this.#sum = 0
      this.#parts = []
      this.#block.untilMs = atMs + resumesMs
    } else if (renews) this.#block.untilMs = atMs + this.#lengthMs
    else return terms.slidingMs > 0 || terms.idleMs > 0 ? atMs + RECHECK_MS : period.endMs
    return this.#block.untilMs
  }

  get #lengthMs(): number {
    const { terms, period } = this.#line
    if (terms.slidingMs > 0) return terms.slidingMs
    if (terms.idleMs > 0) return terms.idleMs
    return period.endMs === FOREVER_MS ? FOREVER_MS / 2 : period.endMs - period.startMs
  }

  #forget(atMs: EpochMs): void {
    const { slidingMs, idleMs } = this.#line.terms
    if (idleMs > 0 && atMs - this.#usedAtMs >= idleMs) this.#sum = 0
    if (slidingMs === 0) return
    let gone = 0
    for (const { atMs: thenMs, amount } of this.#parts) {
      if (thenMs > atMs - slidingMs) break
      this.#sum -= amount
      gone += 1
    }
    if (gone > 0) this.#parts = this.#parts.slice(gone)
  }
}

const RECHECK_MS = 60_000
