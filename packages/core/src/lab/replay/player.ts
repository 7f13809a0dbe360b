import type { Plan } from "../../domain/compile.ts"
import type { DomainEvent } from "../../domain/event.ts"
import type { Policy } from "../../domain/policy.ts"
import { budgetOf } from "../../domain/subject.ts"
import type { Amounts } from "../../domain/terms.ts"
import type { EpochMs } from "../../domain/time.ts"
import type { Prices } from "../../ports/Prices.ts"
import { type Barred, type Let, Run } from "../run.ts"
import { askedBy, usedBy } from "./cost.ts"
import type { AtHand, Gauge } from "./gauge.ts"
import { type Asked, Judge, REFUSED, type Refusal } from "./judge.ts"
import { type Payer, Payers, payerOf } from "./payer.ts"
import { costAt, costOfCall, isPlain, type Rates, RateTable, type Step } from "./rates.ts"
import type { ReplayRow } from "./row.ts"
import { NO_PLAN, RunningCalls } from "./running.ts"

/** What became of a row. Amounts: nano-USD. */
export interface Ruled {
  /** Who pays. */
  payer: Payer
  /** What the call cost in the history, or would have cost; null where it was not priced. */
  asked: number
  /** What it costs under the policy; 0 where it is refused. */
  spent: number
  /** All tokens and calls of the row. */
  tokens: number
  requests: number
  /** Its output was cut to what was granted. */
  clipped: boolean
  /** A fallback's name where it came by one. */
  via: string | null
  barred: Refusal | null
  plan: Plan
}

/** What a player needs. */
export interface PlayerOptions {
  readonly policy: Policy
  readonly prices?: Prices
  readonly onEvent: (event: DomainEvent) => void
  /** Without the numeric path; for the law that holds both equal. */
  readonly byStepAlone?: boolean
}

/** Plays rows in virtual time: each is decided when it was made, and settled when it ended. */
export class Player {
  readonly #policy: Policy
  readonly #prices: Prices | undefined
  readonly #rates: RateTable | null
  readonly #run: Run
  readonly #calls: RunningCalls
  readonly #judge: Judge
  readonly payers: Payers
  readonly #isQuick: boolean
  #lastRowMs = Number.NEGATIVE_INFINITY
  /** One for all rows: read at once by whoever plays. */
  readonly #ruled: Ruled
  readonly #asked: Asked = { usd: 0, tokens: 0, perUsd: 0, least: 0, most: 0 }
  readonly #running = { endMs: 0, order: 0, usd: 0, tokens: 0, granted: 0, spent: 0, used: 0 }

  constructor({ policy, prices, onEvent, byStepAlone = false }: PlayerOptions) {
    this.#policy = policy
    this.#prices = prices
    this.#isQuick = !byStepAlone && policy.limitFor === undefined
    this.#rates = prices === undefined || byStepAlone ? null : new RateTable(prices)
    const start = { policy, startMs: Number.NEGATIVE_INFINITY, onEvent }
    this.#run = new Run(prices === undefined ? start : { ...start, prices })
    this.#calls = new RunningCalls(this.#run)
    this.#judge = new Judge(this.#calls.gauges, policy.fallbacks.size > 0)
    this.payers = new Payers(policy, this.#run)
    this.#ruled = {
      payer: payerOf({}),
      asked: 0,
      spent: 0,
      tokens: 0,
      requests: 0,
      clipped: false,
      via: null,
      barred: null,
      plan: NO_PLAN,
    }
  }

  /** Virtual time: that of the latest row, or of the last thing that ended. */
  get nowMs(): EpochMs {
    return this.#run.nowMs
  }

  /** When the latest row was made. */
  get lastRowMs(): EpochMs {
    return this.#lastRowMs
  }

  /**
   * Decides a row. What is answered is good until the next call.
   *
   * @throws RequestFailed where the row cannot be asked for: a dimension is missing, a model has no price
   */
  play(row: ReplayRow): Ruled {
    this.#calls.goTo(row.atMs)
    if (row.atMs > this.#lastRowMs) this.#lastRowMs = row.atMs
    const payer = this.payers.of(row.subject)
    const plan = this.payers.planOf(payer, row, this.#run.nowMs)
    const ruled = this.#ruled
    ruled.payer = payer
    ruled.plan = plan
    ruled.via = null
    ruled.barred = null
    ruled.clipped = false
    if (!this.#isQuick || !this.#playQuickly(row, payer, plan)) this.#playInFull(row, plan)
    return ruled
  }

  /** Ends what still runs. */
  finish(): void {
    this.#calls.finish()
  }

  /** @returns false where the step must decide */
  #playQuickly(row: ReplayRow, payer: Payer, plan: Plan): boolean {
    const { usage, model, chargeNanoUsd } = row
    if (model === undefined || row.serviceTier !== undefined || (row.calls ?? 1) !== 1) return false
    const input = usage.inputTokens ?? 0
    const output = usage.outputTokens ?? 0
    if (!isPlain(usage)) return false
    const rates = this.#rates?.of(model, row.provider, row.atMs)
    if (rates === undefined) return false
    const step = rates.at(input)
    const usd = costAt(input, step.mostInput)
    const full = chargeNanoUsd ?? costOfCall(step, input, output)
    if (Number.isNaN(usd + full)) return false
    const most = row.maxOutputTokens ?? bound(this.#policy, rates)
    if (most < 0) return false
    const asked = this.#asked
    asked.usd = usd
    asked.tokens = input
    asked.perUsd = step.mostOutput
    asked.least = Math.min(most, this.#policy.minOutputTokens)
    asked.most = most
    const hand = this.#handOf(payer, plan)
    const gauges = this.#calls.gauges.current(hand)
    if (gauges === null) return false
    this.#rule(full, 0, input + output, 1)
    const running = this.#running
    running.endMs = this.#run.nowMs + (row.durationMs ?? 0)
    const written = Math.min(output, most)
    this.#ruled.clipped = written !== output
    running.spent = written === output ? full : costOfCall(step, input, written)
    running.used = input + written
    if (this.#playCalmly(hand, gauges)) return true
    if (this.#calls.catchUp(gauges) && this.#playCalmly(hand, gauges)) return true
    this.#ruled.clipped = false
    const granted = this.#judge.decide(gauges, this.#run.nowMs, asked)
    if (granted >= 0) return this.#playNear(hand, gauges, step, granted, output, full)
    if (granted !== REFUSED) return false
    this.#ruled.barred = this.#judge.refusal
    return true
  }

  /** Far from every edge all is granted, and it does not matter when it ends; false where one is near. */
  #playCalmly(hand: AtHand, gauges: readonly Gauge[]): boolean {
    const running = this.#running
    const asked = this.#asked
    const { nowMs } = this.#run
    const { endMs } = running
    const usd = asked.usd + asked.most * asked.perUsd
    const tokens = asked.tokens + asked.most
    if (!this.#calls.isCalm || running.spent > usd || running.used > tokens) return false
    if (nowMs >= hand.untilMs || endMs >= hand.endsUntilMs) return false
    for (const { meter, unit, ceiling } of gauges) {
      const hold = unit === "usd" ? usd : unit === "tokens" ? tokens : 1
      if (meter.settled + meter.held + hold >= ceiling) return false
    }
    const isOver = endMs <= nowMs
    for (const gauge of gauges) {
      const { meter, unit } = gauge
      this.#judge.admit(gauge)
      if (isOver)
        meter.settled += unit === "usd" ? running.spent : unit === "tokens" ? running.used : 1
      else meter.held += unit === "usd" ? usd : unit === "tokens" ? tokens : 1
    }
    this.#ruled.spent = running.spent
    if (isOver) return true
    running.usd = usd
    running.tokens = tokens
    running.granted = asked.most
    this.#calls.addCalm(hand, gauges, running)
    return true
  }

  /** Near an edge: what is granted may be less than the most, and it ends at its instant. */
  #playNear(
    hand: AtHand,
    gauges: readonly Gauge[],
    step: Step,
    granted: number,
    output: number,
    full: number,
  ): boolean {
    const asked = this.#asked
    const written = Math.min(output, granted)
    const spent = written === output ? full : costOfCall(step, asked.tokens, written)
    const used = asked.tokens + written
    const usd = asked.usd + granted * asked.perUsd
    const tokens = asked.tokens + granted
    for (const { meter, unit } of gauges)
      meter.held += unit === "usd" ? usd : unit === "tokens" ? tokens : 1
    this.#ruled.spent = spent
    this.#ruled.clipped = written !== output
    const { endMs } = this.#running
    const isOver = spent > usd || used > tokens
    const requests = 1
    // One object named in full: a copy by spread is many times as slow, and this is done for each call near an edge.
    this.#calls.add({
      endMs,
      order: 0,
      usd,
      tokens,
      granted,
      spent,
      used,
      requests,
      hand,
      let: null,
      isOver,
    })
    return true
  }

  #handOf(payer: Payer, plan: Plan): AtHand {
    if (plan !== payer.plan) return this.#calls.gauges.of(plan)
    payer.hand ??= this.#calls.gauges.of(plan)
    return payer.hand
  }

  #rule(asked: number, spent: number, tokens: number, requests: number): void {
    const ruled = this.#ruled
    ruled.asked = asked
    ruled.spent = spent
    ruled.tokens = tokens
    ruled.requests = requests
  }

  #playInFull(row: ReplayRow, plan: Plan): void {
    const ruled = this.#ruled
    const { request, estimate } = askedBy(row, this.#policy, this.#prices)
    const asked = usedBy(row, this.#policy, this.#prices)
    this.#rule(asked.usd, 0, asked.tokens, asked.requests)
    this.#calls.beforeStep()
    const ruling = this.#run.reserve(request, estimate)
    if (!ruling.allowed) {
      ruled.barred = refusalOf(ruling)
      return
    }
    const actual = this.#actualOf(row, ruling, asked)
    ruled.spent = actual.usd
    ruled.via = ruling.via
    ruled.clipped = actual.tokens < asked.tokens
    const { held, granted } = ruling
    const isOver =
      actual.usd > held.usd || actual.tokens > held.tokens || actual.requests > held.requests
    this.#calls.add({
      endMs: this.#run.nowMs + (row.durationMs ?? 0),
      order: 0,
      hand: this.#calls.gauges.of(plan),
      usd: held.usd,
      tokens: held.tokens,
      granted,
      let: ruling,
      spent: actual.usd,
      used: actual.tokens,
      requests: actual.requests,
      isOver,
    })
  }

  #actualOf(row: ReplayRow, ruling: Let, asked: Amounts): Amounts {
    const { request, granted } = ruling
    const output = row.usage.outputTokens ?? 0
    const written = request.amounts === undefined ? Math.min(output, granted) : output
    if (written === output && request.model === row.model) return asked
    if (request.amounts !== undefined) return asked
    return usedBy(row, this.#policy, this.#prices, request, written)
  }
}

const refusalOf = ({ reason, obstacles }: Barred): Refusal => ({
  reason,
  budgets: obstacles.flatMap((one) => (one.kind === "line" ? [budgetOf(one.account)] : [])),
})

/** What bounds the output of a call that does not say; below 0 where nothing does. */
const bound = ({ maxOutputTokens }: Policy, rates: Rates): number => {
  const own = rates.maxOutputTokens
  if (maxOutputTokens === null) return own ?? -1
  return own === null ? maxOutputTokens : Math.min(maxOutputTokens, own)
}
