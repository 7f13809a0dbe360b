import type { RefusalReason } from "../../domain/outcome.ts"
import type { Subject } from "../../domain/subject.ts"
import type { Unit } from "../../domain/terms.ts"
import type { EpochMs } from "../../domain/time.ts"
import type { TimelineReport } from "./timeline.ts"
import type { Told, ToldOnce } from "./told.ts"

/** Calls and their money; nano-USD, by what the history says or the price list would have asked. */
export interface CallsAndMoney {
  readonly calls: number
  readonly nanoUsd: number
}

/** Of one budget. */
export interface BudgetReport {
  readonly id: string
  readonly unit: Unit
  /** Of all it was asked for, what it stood in the way of; a call may be refused by several. */
  readonly refused: CallsAndMoney
  /** What its accounts would have used in a period without a limit, in its unit: the median, 95 %, and the most. */
  readonly demand: { readonly median: number; readonly p95: number; readonly most: number }
  readonly setting: Setting | null
}

/** The lowest cap of a budget that refuses less than a share of the calls, were it alone. */
export interface Setting {
  /** Its lowest blocking level today, in the unit; null where accounts differ. */
  readonly cap: number
  readonly cheapestCap: number
  /** The limit that gives this cap. */
  readonly cheapestLimit: number
}

/** Of one payer. */
export interface PayerReport {
  readonly subject: Subject
  readonly asked: CallsAndMoney
  readonly refused: CallsAndMoney
}

/** What a policy would have done to a history. Same rows and policy, same report. */
export interface ReplayReport {
  /** The first and the last instant of the rows; null where there was none. */
  readonly fromMs: EpochMs | null
  readonly untilMs: EpochMs | null
  readonly asked: CallsAndMoney
  readonly served: CallsAndMoney
  readonly refused: CallsAndMoney
  /** Served with less output than the history has. */
  readonly clipped: number
  /** Served by a fallback. */
  readonly byFallback: number
  readonly reasons: Readonly<Partial<Record<RefusalReason, number>>>
  /** Of what was refused: what should have been served, what should not, what nobody can tell. */
  readonly legitimate: CallsAndMoney
  readonly illegitimate: CallsAndMoney
  readonly unjudged: CallsAndMoney
  /** Rows that could not be asked for, by why, and rows that came after a later one by more than a minute. */
  readonly unplayed: readonly { readonly why: string; readonly rows: number }[]
  readonly late: number
  /** That would have gone to a channel, each time. */
  readonly warnings: number
  readonly pages: number
  /** By name, in the order in which they were first told; also what names no channel. */
  readonly told: readonly Told[]
  /** The first 500 warnings and pages that would have gone to a channel. */
  readonly toldFirst: readonly ToldOnce[]
  readonly budgets: readonly BudgetReport[]
  /** How many payers there were, and the 20 that were refused most, then those that asked most. */
  readonly payers: number
  readonly topPayers: readonly PayerReport[]
  readonly timeline: TimelineReport
}
