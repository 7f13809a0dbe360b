import { type Command, type CommandId, type Line, SOURCE_KEPT_MS } from "../domain/command.ts"
import type { DomainEvent } from "../domain/event.ts"
import { copyOf } from "../domain/kept.ts"
import { type Account, emptyLedger, type Ledger } from "../domain/ledger.ts"
import { leavesMore, type Outcome } from "../domain/outcome.ts"
import type { Policy } from "../domain/policy.ts"
import { apply } from "../domain/step.ts"
import { SHARED_DIVISION, type Subject, switchKey } from "../domain/subject.ts"
import { type Amounts, NOTHING, type Unit } from "../domain/terms.ts"
import type { DurationMs, EpochMs } from "../domain/time.ts"
import { type View, viewOf } from "../domain/view.ts"
import { RESERVATION_MS } from "../engine/asked.ts"
import { RequestFailed } from "../engine/errors.ts"
import { costOfSettlement, type Estimate, estimate } from "../engine/estimate.ts"
import { degradedTo } from "../engine/fallback.ts"
import { Plans } from "../engine/plan.ts"
import type { CallRequest, Settlement } from "../engine/request.ts"
import type { RuledPlan } from "../engine/rules.ts"
import type { Prices } from "../ports/Prices.ts"
import type { Barred, Hand, Let, Ruling } from "./ruling.ts"

export type { Barred, Hand, Let, Ruling } from "./ruling.ts"

/** What a run needs: a policy, and prices where requests name models instead of amounts. */
export interface RunOptions {
  readonly policy: Policy
  readonly prices?: Prices
  /** Virtual time at its start, epoch milliseconds. */
  readonly startMs: EpochMs
  /** Hears every event, in the order of the ledger. */
  readonly onEvent?: (event: DomainEvent) => void
  /** Hears every command and its outcome, so that a store can be asked the same. */
  readonly onApplied?: (command: Command, atMs: EpochMs, outcome: Outcome) => void
}

/**
 * One ledger in virtual time: the pure step under a policy, without a store, an engine's waiting or a clock.
 * Everything is answered at once and in order, so the same calls give the same answers on every machine.
 * It is what replays, simulations and property tests run on.
 *
 * A fallback that waits is passed over: whoever runs a scenario decides when to ask again.
 *
 * @example
 * const run = new Run({ policy, startMs: Date.UTC(2026, 0, 1) })
 * const ruling = run.reserve({ subject: { apiKey: "k1" }, amounts: { usd: 1_000_000 } })
 * if (ruling.allowed) run.settle(ruling, { amounts: { usd: 400_000 } })
 */
export class Run {
  readonly ledger: Ledger
  policy: Policy
  readonly #prices: Prices | undefined
  readonly #onEvent: (event: DomainEvent) => void
  readonly #onApplied: RunOptions["onApplied"]
  readonly #plans = new Plans()
  readonly #heads = new Map<string, Head>()
  #names = 0
  #nowMs: EpochMs
  /** Events of the latest command. */
  #written = 0

  /** @param ledger where it goes on from; an empty one unless given */
  constructor(options: RunOptions, ledger: Ledger = emptyLedger()) {
    this.ledger = ledger
    this.policy = options.policy
    this.#prices = options.prices
    this.#onEvent = options.onEvent ?? (() => undefined)
    this.#onApplied = options.onApplied
    this.#nowMs = options.startMs
  }

  /** Virtual time; epoch milliseconds. */
  get nowMs(): EpochMs {
    return this.#nowMs
  }

  /** Goes on to a later instant. What falls due on the way is moved by the next command, or by `expire`. */
  advance(toMs: EpochMs): void {
    if (toMs > this.#nowMs) this.#nowMs = toMs
  }

  /** A copy that goes its own way, to ask what would be. Nobody hears its events. */
  fork(): Run {
    const options = { policy: this.policy, startMs: this.#nowMs }
    const copy = new Run(
      this.#prices === undefined ? options : { ...options, prices: this.#prices },
      copyOf(this.ledger),
    )
    copy.#names = this.#names
    for (const [division, head] of this.#heads) copy.#heads.set(division, { ...head })
    return copy
  }

  /**
   * Decides a request, and walks the policy's fallbacks where it is refused.
   *
   * @param asked what it may cost, where that is known already
   * @param issuedAtMs what the clock of its host shows, at most 10 minutes from now; now unless given
   * @throws RequestFailed where the request itself is at fault, as the engine does
   */
  reserve(
    request: CallRequest,
    asked: Estimate = this.#estimateOf(request),
    issuedAtMs: EpochMs = this.#nowMs,
  ): Ruling {
    const first = this.#ask(request, request.via ?? null, asked, issuedAtMs)
    if (first.allowed || request.via !== undefined || this.policy.fallbacks.size === 0) return first
    return this.#fallBack(request, first)
  }

  /**
   * Holds the most of one unit that fits now; null where nothing does, and then nothing was asked: a refusal
   * would count as use. What it costs in other units is nothing.
   *
   * @param least what must fit, at least
   */
  reserveMost(request: CallRequest, unit: Unit, least = 1): Let | null {
    for (const line of this.planOf(request).lines)
      if (line.terms.unit === unit && this.view(line).remaining < least) return null
    const perUnit: Amounts = { ...NOTHING, [unit]: 1 }
    const units = { least, most: LIMIT_MAX }
    const ruling = this.#ask(request, null, {
      base: NOTHING,
      perUnit,
      units,
      limitTokens: null,
      source: null,
    })
    return ruling.allowed ? ruling : null
  }

  /** The heartbeat of a call that runs on: its hold ends so much later from now. */
  keepAlive(hold: Let, forMs: DurationMs): Outcome {
    const { division } = hold.plan
    return this.#send(division, {
      kind: "extend",
      division,
      reservation: hold.id,
      issuedAtMs: this.#nowMs,
      base: NOTHING,
      perUnit: NOTHING,
      units: { least: 0, most: 0 },
      expiresAtMs: this.#nowMs + forMs,
    })
  }

  /**
   * Settles what a call did cost; more than it held is counted in full.
   *
   * @returns what was counted, per unit: the whole hold where the settlement has no price
   */
  settle(hold: Let, settlement: Settlement, seq = 1): Amounts {
    const cost = costOfSettlement(settlement, hold.request, this.policy, this.#prices, hold.atMs)
    const actual = "unpriced" in cost ? hold.held : cost
    const final = settlement.final !== false
    const { division } = hold.plan
    this.#send(division, { kind: "settle", division, reservation: hold.id, seq, actual, final })
    return actual
  }

  /** Asks for so many output tokens more; 0 where it is refused. */
  extend(hold: Let, tokens: { readonly least: number; readonly most: number }): number {
    const { perUnit } = this.#estimateOf(hold.request)
    const { division } = hold.plan
    const outcome = this.#send(division, {
      kind: "extend",
      division,
      reservation: hold.id,
      issuedAtMs: this.#nowMs,
      base: NOTHING,
      perUnit,
      units: tokens,
      expiresAtMs: this.#nowMs + (hold.request.expiresInMs ?? RESERVATION_MS),
    })
    return outcome.kind === "extended" ? outcome.granted : 0
  }

  /** The call did not happen. */
  release(hold: Let): void {
    const { division } = hold.plan
    this.#send(division, { kind: "release", division, reservation: hold.id })
  }

  /**
   * Counts what was spent without a hold. Amounts per unit.
   *
   * @param plan of the instant when it was spent; that of now unless given
   */
  charge(
    request: CallRequest,
    amounts: Amounts,
    { division, lines }: Pick<RuledPlan, "division" | "lines"> = this.planOf(request),
  ): Outcome {
    return this.#send(division, { kind: "charge", division, lines, amounts, ends: null })
  }

  /** A person has seen an account up to what is used, and lets it go on; `allow` is a small step more. */
  acknowledge(line: Line, hand: Hand, allow: number | null = null): Outcome {
    const { generation, settled, held, level } = this.view(line)
    const { account, division } = line
    const upTo = Math.max(settled + held, level)
    const seen = { generation, upTo, allow, line, ...hand }
    return this.#send(division, { kind: "acknowledge", division, account, ...seen })
  }

  /** Opens a circuit by hand. */
  trip({ account, division }: Line, coolDownMs: number, hand: Hand): Outcome {
    return this.#send(division, { kind: "trip", division, account, coolDownMs, ...hand })
  }

  /** Turns one subject value off or on. */
  switch(dimension: string, value: string, state: "off" | "on", hand: Hand): Outcome {
    const division = SHARED_DIVISION
    const key = switchKey(dimension, value)
    return this.#send(division, {
      kind: "switch",
      division,
      switch: key,
      state,
      untilMs: null,
      ...hand,
    })
  }

  /** Ends what is overdue and moves circuits whose time is over, in every division that was used. */
  expire(): void {
    const { expiries, timed } = this.ledger
    // Most minutes of most divisions have nothing that is due: an Expire there would change nothing.
    for (const division of [...this.#heads.keys()].sort())
      if (Math.min(expiries.soonestOf(division), timed.soonestOf(division)) <= this.#nowMs)
        this.#endAll(division)
  }

  /** @throws RequestFailed `missing-dimension`, or `invalid-command` where the subject is not one */
  planOf({ subject, model, provider }: CallRequest, issuedAtMs: EpochMs = this.#nowMs): RuledPlan {
    return this.#plans.planOf(this.policy, subject, issuedAtMs, model, provider).plan
  }

  /** An account's line at this instant. */
  lineOf(budget: string, subject: Subject): Line | null {
    const budgets = this.policy.budgets.filter(({ id }) => id === budget)
    const only = budgets.map(({ match: _, rule: __, ...always }) => always)
    const { rules: _, ...unruled } = this.policy
    const { plan } = new Plans().planOf(
      { ...unruled, budgets: only },
      subject,
      this.#nowMs,
      undefined,
      undefined,
    )
    return plan.lines[0] ?? null
  }

  /** An account as it is judged at this instant. */
  view(line: Line): View {
    return viewOf(this.accountOf(line.account), line, this.#nowMs)
  }

  accountOf(account: string): Account | null {
    return this.ledger.accounts.get(account) ?? null
  }

  #ask(
    request: CallRequest,
    via: string | null,
    asked: Estimate,
    issuedAtMs: EpochMs = this.#nowMs,
  ): Ruling {
    const { base, perUnit, units } = asked
    const plan = this.planOf(request, issuedAtMs)
    const { division, lines, switches } = plan
    const id = this.#next(division)
    const outcome = this.#apply({
      kind: "reserve",
      id,
      done: id.n - 1,
      division,
      issuedAtMs,
      lines,
      switches,
      base,
      perUnit,
      units,
      expiresAtMs: this.#nowMs + (request.expiresInMs ?? RESERVATION_MS),
      via,
      swallowed: 0,
    })
    if (outcome.kind === "refused") {
      const { reason, obstacles, untilMs } = outcome
      return { allowed: false, reason, obstacles, untilMs, plan, fallback: null }
    }
    if (outcome.kind !== "reserved") throw failedBy(outcome)
    const { granted } = outcome
    const held = {
      usd: base.usd + granted * perUnit.usd,
      tokens: base.tokens + granted * perUnit.tokens,
      requests: base.requests + granted * perUnit.requests,
    }
    return { allowed: true, id, plan, request, via, granted, held, atMs: issuedAtMs }
  }

  #fallBack(request: CallRequest, first: Barred): Ruling {
    let barred = first
    let name = degradedTo(first, first.plan.lines) ?? first.plan.fallback ?? this.policy.onRefused
    while (name !== null) {
      const fallback = this.policy.fallbacks.get(name)
      if (fallback === undefined) return barred
      if (fallback.kind === "answer" || fallback.kind === "custom")
        return { ...barred, fallback: name }
      const next = fallback.kind === "model" ? this.#byModel(request, fallback, name) : null
      if (next?.allowed === true) return next
      barred = next ?? barred
      name = fallback.next ?? null
    }
    return barred
  }

  /** A fallback whose model has no price is passed over. */
  #byModel(
    request: CallRequest,
    { model, provider }: { readonly model: string; readonly provider?: string },
    via: string,
  ): Ruling | null {
    try {
      const next = { ...request, model, ...(provider !== undefined && { provider }), via }
      return this.#ask(next, via, this.#estimateOf(next))
    } catch (error) {
      if (error instanceof RequestFailed && error.error === "unknown-model") return null
      throw error
    }
  }

  #estimateOf(request: CallRequest): Estimate {
    return estimate(request, this.policy, this.#prices, this.#nowMs)
  }

  #send(division: string, unsent: DistributiveOmit<Command, "id" | "done">): Outcome {
    const id = this.#next(division)
    const outcome = this.#apply({ ...unsent, id, done: id.n - 1 } as Command)
    if (outcome.kind === "error" && outcome.error === "invalid-command") throw failedBy(outcome)
    return outcome
  }

  /** As long as one Expire did as much as one may, there may be more. */
  #endAll(division: string): void {
    let outcome: Outcome
    do outcome = this.#send(division, { kind: "expire", division })
    while (leavesMore(outcome, this.#written))
  }

  #apply(command: Command): Outcome {
    const { outcome, events } = apply(this.ledger, command, this.#nowMs)
    this.#written = events.length
    for (const event of events) this.#onEvent(event)
    this.#onApplied?.(command, this.#nowMs, outcome)
    return outcome
  }

  #next(division: string): CommandId {
    let head = this.#heads.get(division)
    if (head === undefined || this.#nowMs - head.atMs >= SOURCE_KEPT_MS / 2) {
      this.#names += 1
      head = { source: `run-${this.#names}`, n: 0, atMs: this.#nowMs }
      this.#heads.set(division, head)
    }
    head.n += 1
    head.atMs = this.#nowMs
    return { source: head.source, n: head.n }
  }
}

/** As high as a limit may be: 9,000,000 USD. */
const LIMIT_MAX = 9_000_000_000_000_000

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** Numbers of one division. A ledger forgets a source that is silent for a day: then it goes on under a new name. */
interface Head {
  readonly source: string
  n: number
  atMs: EpochMs
}

const failedBy = (outcome: Outcome): Error =>
  outcome.kind === "error"
    ? new RequestFailed(outcome.error, outcome.detail)
    : new Error(`a command was answered with \`${outcome.kind}\``)
