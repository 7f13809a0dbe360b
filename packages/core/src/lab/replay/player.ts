import type { Plan } from "../../domain/compile.ts"
import type { DomainEvent } from "../../domain/event.ts"
import type { Policy } from "../../domain/policy.ts"
import { Soonest } from "../../domain/soonest.ts"
import { sourceKey } from "../../domain/source.ts"
import type { Amounts } from "../../domain/terms.ts"
import type { EpochMs } from "../../domain/time.ts"
import type { Prices } from "../../ports/Prices.ts"
import { type Barred, type Let, Run } from "../run.ts"
import { closedBy, isClosed } from "./closed.ts"
import { askedBy, usedBy } from "./cost.ts"
import { type Payer, Payers, payerOf } from "./payer.ts"
import { addHeld, grantOf, type QuickHold, settleQuickly, writeDown } from "./quick.ts"
import { type Rates, RateTable } from "./rates.ts"
import type { ReplayRow } from "./row.ts"

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
  barred: Barred | null
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
  readonly #ends = new Soonest<End>(isBefore)
  #added = 0
  readonly payers: Payers
  readonly #isQuick: boolean
  #nextTickMs = Number.NEGATIVE_INFINITY
  #written = 0
  #lastRowMs = Number.NEGATIVE_INFINITY
  /** One for all rows: read at once by whoever plays. */
  readonly #ruled: Ruled

  constructor({ policy, prices, onEvent, byStepAlone = false }: PlayerOptions) {
    this.#policy = policy
    this.#prices = prices
    this.#isQuick = !byStepAlone && policy.limitFor === undefined
    this.#rates = prices === undefined || byStepAlone ? null : new RateTable(prices)
    const start = { policy, startMs: Number.NEGATIVE_INFINITY, onEvent }
    this.#run = new Run(prices === undefined ? start : { ...start, prices })
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
    this.#goTo(row.atMs)
    this.#lastRowMs = Math.max(this.#lastRowMs, row.atMs)
    const payer = this.payers.of(row.subject)
    const plan = this.payers.planOf(payer, row, this.#run.nowMs)
    const ruled = this.#ruled
    ruled.payer = payer
    ruled.plan = plan
    ruled.via = null
    ruled.barred = null
    ruled.clipped = false
    if (!this.#isQuick || !this.#playQuickly(row, payer, plan)) this.#playInFull(row, payer, plan)
    return ruled
  }

  /** Ends what still runs. */
  finish(): void {
    while (this.#ends.first !== undefined) this.#goTo(this.#ends.first.atMs)
    this.#run.expire()
  }

  /** @returns false where the step must decide */
  #playQuickly(row: ReplayRow, payer: Payer, plan: Plan): boolean {
    const { usage, model, chargeNanoUsd } = row
    if (model === undefined || row.serviceTier !== undefined || (row.calls ?? 1) !== 1) return false
    const input = usage.inputTokens ?? 0
    const output = usage.outputTokens ?? 0
    if (!isPlain(usage)) return false
    const rates = this.#rates?.of(model, row.provider, row.atMs) ?? null
    if (rates === null) return false
    const perOutput = rates.perOutput(input)
    const base = { usd: rates.base(input), tokens: input, requests: 1 }
    const asked = chargeNanoUsd ?? rates.cost(input, output)
    if (Number.isNaN(base.usd + asked)) return false
    const most = row.maxOutputTokens ?? bound(this.#policy, rates)
    if (most < 0) return false
    const least = Math.min(most, this.#policy.minOutputTokens)
    if (this.#barQuickly(payer, plan, base.usd + least * perOutput, input + least)) {
      this.#rule(asked, 0, input + output, 1)
      return true
    }
    const handles = this.payers.handlesOf(payer, plan, this.#run.ledger)
    if (handles === null) return false
    const nowMs = this.#run.nowMs
    const granted = grantOf(handles, nowMs, base, perOutput, { least, most })
    if (granted < 0) return false
    const written = Math.min(output, granted)
    const spent = written === output ? asked : rates.cost(input, written)
    if (Number.isNaN(spent)) return false
    const usd = base.usd + granted * perOutput
    const tokens = input + granted
    addHeld(handles, usd, tokens, 1)
    const duration = row.durationMs ?? 0
    this.#endAt({
      atMs: nowMs + duration,
      order: 0,
      handles,
      plan,
      usd,
      tokens,
      granted,
      let: null,
      spent,
      used: input + written,
      requests: 1,
    })
    this.#rule(asked, spent, input + output, 1)
    this.#ruled.clipped = written !== output
    return true
  }

  /** Whether circuits that refused it before refuse it still. What it costs at least: nano-USD and tokens. */
  #barQuickly(payer: Payer, plan: Plan, usd: number, tokens: number): boolean {
    const { closed } = payer
    if (closed === null) return false
    const isStill = closed.plan === plan && isClosed(closed, this.#run, usd, tokens)
    if (isStill) this.#ruled.barred = closed.barred
    else payer.closed = null
    return isStill
  }

  #rule(asked: number, spent: number, tokens: number, requests: number): void {
    const ruled = this.#ruled
    ruled.asked = asked
    ruled.spent = spent
    ruled.tokens = tokens
    ruled.requests = requests
  }

  #playInFull(row: ReplayRow, payer: Payer, plan: Plan): void {
    const ruled = this.#ruled
    const { request, estimate } = askedBy(row, this.#policy, this.#prices)
    const asked = usedBy(row, this.#policy, this.#prices)
    this.#rule(asked.usd, 0, asked.tokens, asked.requests)
    const ruling = this.#run.reserve(request, estimate)
    if (!ruling.allowed) {
      ruled.barred = ruling
      if (this.#isQuick) payer.closed = closedBy(this.#run, plan, ruling)
      return
    }
    const actual = this.#actualOf(row, ruling, asked)
    ruled.spent = actual.usd
    ruled.via = ruling.via
    ruled.clipped = actual.tokens < asked.tokens
    this.#endAt({
      atMs: this.#run.nowMs + (row.durationMs ?? 0),
      order: 0,
      handles: NO_HANDLES,
      plan,
      usd: 0,
      tokens: 0,
      granted: 0,
      let: ruling,
      spent: actual.usd,
      used: actual.tokens,
      requests: actual.requests,
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

  /** Ends what is due by then, and lets circuits and periods move once a minute. */
  #goTo(atMs: EpochMs): void {
    if (this.#nextTickMs === Number.NEGATIVE_INFINITY)
      this.#nextTickMs = atMs - (atMs % TICK_MS) + TICK_MS
    for (;;) {
      const next = this.#ends.first
      if (this.#nextTickMs <= atMs && (next === undefined || this.#nextTickMs <= next.atMs)) {
        this.#run.advance(this.#nextTickMs)
        this.#run.expire()
        this.#nextTickMs += TICK_MS
        continue
      }
      if (next === undefined || next.atMs > atMs) break
      this.#ends.dropFirst()
      this.#run.advance(next.atMs)
      this.#end(next)
    }
    this.#run.advance(atMs)
  }

  /** Settles it then: at once where that is now. */
  #endAt(end: End): void {
    if (end.atMs <= this.#run.nowMs) {
      this.#end(end)
      return
    }
    this.#added += 1
    end.order = this.#added
    this.#ends.add(end)
  }

  #end(end: End): void {
    const { spent: usd, used: tokens, requests } = end
    const { nowMs } = this.#run
    if (end.let !== null) this.#run.settle(end.let, { amounts: { usd, tokens, requests } })
    else if (!settleQuickly(end, nowMs, usd, tokens, requests)) this.#endByStep(end)
  }

  #endByStep(end: End): void {
    const { plan, granted, spent: usd, used: tokens, requests } = end
    const { ledger, nowMs } = this.#run
    this.#written += 1
    const id = { source: WRITTEN_BY, n: this.#written }
    const held = writeDown(ledger, end, id, nowMs + TICK_MS, requests)
    const request = { subject: {} }
    const ruling: Let = { allowed: true, id, plan, request, via: null, granted, held, atMs: nowMs }
    this.#run.settle(ruling, { amounts: { usd, tokens, requests } })
    ledger.sources.delete(sourceKey(WRITTEN_BY, plan.division))
  }
}

/** A call that runs: its hold, by numbers or by the step, and what it will have used. */
interface End extends QuickHold {
  readonly atMs: EpochMs
  /** Of two that end at once, the one that began first is first. */
  order: number
  /** Where the step holds it. */
  readonly let: Let | null
  readonly spent: number
  readonly used: number
  readonly requests: number
}

const isBefore = (one: End, other: End): boolean =>
  one.atMs !== other.atMs ? one.atMs < other.atMs : one.order < other.order

const NO_HANDLES: QuickHold["handles"] = []
const TICK_MS = 60_000
const WRITTEN_BY = "written"
const NO_PLAN: Plan = { division: "*", lines: [], switches: [] }

/** Input and output alone. */
const isPlain = (usage: ReplayRow["usage"]): boolean => {
  for (const name in usage)
    if (name !== "inputTokens" && name !== "outputTokens" && usage[name as "images"] !== 0)
      return false
  return true
}

/** What bounds the output of a call that does not say; below 0 where nothing does. */
const bound = ({ maxOutputTokens }: Policy, rates: Rates): number => {
  const own = rates.maxOutputTokens
  if (maxOutputTokens === null) return own ?? -1
  return own === null ? maxOutputTokens : Math.min(maxOutputTokens, own)
}
