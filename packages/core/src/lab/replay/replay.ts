import type { Plan } from "../../domain/compile.ts"
import type { DomainEvent } from "../../domain/event.ts"
import type { RefusalReason } from "../../domain/outcome.ts"
import type { Policy } from "../../domain/policy.ts"
import { RequestFailed } from "../../engine/errors.ts"
import type { Prices } from "../../ports/Prices.ts"
import { type Demanded, Demands } from "./demand.ts"
import type { Payer } from "./payer.ts"
import { Player, type Ruled } from "./player.ts"
import type { BudgetReport, CallsAndMoney, PayerReport, ReplayReport } from "./report.ts"
import type { ReplayRow } from "./row.ts"
import { settingOf } from "./setting.ts"
import { Timeline } from "./timeline.ts"
import { Telling } from "./told.ts"

/** What a replay needs. */
export interface ReplayOptions {
  readonly policy: Policy
  /** Needed where rows have tokens and no charge. */
  readonly prices?: Prices
  /** The share of calls that may be refused where a cheapest setting is looked for, from 0 to 1; 0.01 unless given. */
  readonly refuseUnder?: number
  /** Without the numeric path: slower, with the same report. */
  readonly byStepAlone?: boolean
}

/**
 * A history run through a policy in virtual time. Memory is that of the accounts that live at once and of fixed
 * tables; rows are not kept. Calls overlap as they did. Give rows in the order of time: one that comes after a
 * later one is decided at the later one's time.
 *
 * @example
 * const replay = new Replay({ policy, prices })
 * replay.take([{ atMs, subject: { apiKey: "k1" }, model: "gpt-5", usage: { inputTokens: 900, outputTokens: 80 } }])
 * replay.report().refused.calls // => 0
 */
export class Replay {
  readonly #policy: Policy
  readonly #refuseUnder: number
  readonly #player: Player
  readonly #timeline = new Timeline()
  readonly #demands = new Demands()
  readonly #telling = new Telling()
  readonly #reasons: Partial<Record<RefusalReason, number>> = {}
  readonly #unplayed = new Map<string, number>()
  readonly #refusedBy = new Map<string, Sum>()
  readonly #asked = none()
  readonly #served = none()
  readonly #refused = none()
  readonly #judged = { legitimate: none(), illegitimate: none(), unjudged: none() }
  #fromMs: number | null = null
  #clipped = 0
  #byFallback = 0
  #late = 0
  #warnings = 0
  #pages = 0

  constructor({ policy, prices, refuseUnder = 0.01, byStepAlone = false }: ReplayOptions) {
    this.#policy = policy
    this.#refuseUnder = refuseUnder
    this.#player = new Player({
      policy,
      byStepAlone,
      onEvent: (event) => this.#hear(event),
      ...(prices !== undefined && { prices }),
    })
  }

  /** Plays so many rows more. */
  take(rows: readonly ReplayRow[]): void {
    for (const row of rows) this.#takeOne(row)
  }

  /** Ends what still runs, and says what became of all. Take nothing more after it. */
  report(): ReplayReport {
    this.#player.finish()
    this.#demands.finish()
    return {
      fromMs: this.#fromMs,
      untilMs: this.#fromMs === null ? null : this.#player.lastRowMs,
      asked: { ...this.#asked },
      served: { ...this.#served },
      refused: { ...this.#refused },
      clipped: this.#clipped,
      byFallback: this.#byFallback,
      reasons: this.#reasons,
      ...this.#judged,
      unplayed: [...this.#unplayed].map(([why, rows]) => ({ why, rows })),
      late: this.#late,
      warnings: this.#warnings,
      pages: this.#pages,
      told: this.#telling.all,
      toldFirst: this.#telling.first,
      budgets: this.#policy.budgets.map(({ id }) => this.#budget(id)),
      payers: this.#player.payers.all.length,
      topPayers: topOf(this.#player.payers.all),
      timeline: this.#timeline.report(),
    }
  }

  #takeOne(row: ReplayRow): void {
    const nowMs = this.#player.nowMs
    if (row.atMs < nowMs - LATE_MS) this.#late += 1
    this.#fromMs ??= row.atMs
    let ruled: Ruled
    try {
      ruled = this.#player.play(row)
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error
      this.#unplay(error.message)
      return
    }
    this.#count(row, ruled)
  }

  #count(row: ReplayRow, ruled: Ruled): void {
    const { payer, asked, requests, barred } = ruled
    const at = this.#timeline.at(this.#player.nowMs)
    payer.calls += requests
    payer.nanoUsd += asked
    payer.usual.add(row.atMs, asked)
    add(this.#asked, requests, asked)
    this.#timeline.add("asked", at, asked)
    const demanded = this.#demandedOf(payer, ruled.plan)
    this.#demands.add(demanded, this.#player.nowMs, asked, ruled.tokens, requests)
    if (barred !== null) {
      this.#refuse(row, ruled, at)
      return
    }
    add(this.#served, requests, ruled.spent)
    this.#timeline.add("spent", at, ruled.spent)
    if (ruled.clipped) this.#clipped += requests
    if (ruled.via !== null) this.#byFallback += requests
  }

  #demandedOf(payer: Payer, plan: Plan): Demanded {
    const { demanded } = payer
    if (demanded?.plan === plan && this.#demands.stands(demanded)) return demanded
    payer.demanded = this.#demands.of(plan, this.#player.nowMs)
    return payer.demanded
  }

  #refuse(row: ReplayRow, { payer, asked, requests, barred }: Ruled, at: number): void {
    if (barred === null) return
    payer.refusedCalls += requests
    payer.refusedNanoUsd += asked
    add(this.#refused, requests, asked)
    this.#timeline.add("refused", at, asked)
    this.#reasons[barred.reason] = (this.#reasons[barred.reason] ?? 0) + requests
    const isLegitimate = row.legitimate ?? payer.usual.isUsual()
    const judged = isLegitimate === null ? "unjudged" : isLegitimate ? "legitimate" : "illegitimate"
    add(this.#judged[judged], requests, asked)
    for (const id of barred.budgets) {
      let sum = this.#refusedBy.get(id)
      if (sum === undefined) {
        sum = none()
        this.#refusedBy.set(id, sum)
      }
      add(sum, requests, asked)
    }
  }

  #unplay(why: string): void {
    const known = this.#unplayed.get(why)
    const name = known === undefined && this.#unplayed.size >= WHYS_KEPT ? "other reasons" : why
    this.#unplayed.set(name, (this.#unplayed.get(name) ?? 0) + 1)
  }

  #hear(event: DomainEvent): void {
    const kind = this.#telling.hear(event)
    // What names no channel is heard by nobody but the hook.
    if (kind === "other" || event.channels.length === 0) return
    if (kind === "warning") this.#warnings += 1
    else this.#pages += 1
    const series = kind === "warning" ? "warnings" : "pages"
    this.#timeline.add(series, this.#timeline.at(event.atMs), 1)
  }

  #budget(id: string): BudgetReport {
    const budget = this.#policy.budgets.find((one) => one.id === id)
    if (budget === undefined) throw new Error(`no budget \`${id}\``)
    const demand = this.#demands.budgets.get(id)
    const quantile = (share: number): number => demand?.periods.quantile(share) ?? 0
    return {
      id,
      unit: budget.unit,
      refused: { ...(this.#refusedBy.get(id) ?? none()) },
      demand: { median: quantile(0.5), p95: quantile(0.95), most: quantile(1) },
      setting:
        demand === undefined
          ? null
          : settingOf(this.#policy, budget, demand.positions, this.#refuseUnder),
    }
  }
}

/** Rows of a log are out of order by as much, where calls are written down when they end. */
const LATE_MS = 60_000
const WHYS_KEPT = 20
const TOP = 20

interface Sum {
  calls: number
  nanoUsd: number
}

const none = (): Sum => ({ calls: 0, nanoUsd: 0 })

const add = (sum: Sum, calls: number, nanoUsd: number): void => {
  sum.calls += calls
  sum.nanoUsd += nanoUsd
}

const topOf = (payers: readonly Payer[]): readonly PayerReport[] =>
  [...payers]
    .sort(
      (one, other) =>
        other.refusedNanoUsd - one.refusedNanoUsd ||
        other.nanoUsd - one.nanoUsd ||
        (JSON.stringify(one.subject) < JSON.stringify(other.subject) ? -1 : 1),
    )
    .slice(0, TOP)
    .map(({ subject, calls, nanoUsd, refusedCalls, refusedNanoUsd }) => ({
      subject,
      asked: { calls, nanoUsd },
      refused: { calls: refusedCalls, nanoUsd: refusedNanoUsd } satisfies CallsAndMoney,
    }))
