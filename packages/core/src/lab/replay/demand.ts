import type { Line } from "../../domain/command.ts"
import type { Plan } from "../../domain/compile.ts"
import { budgetOf } from "../../domain/subject.ts"
import type { Unit } from "../../domain/terms.ts"
import type { EpochMs } from "../../domain/time.ts"
import { binAfter, binOf, Sketch, sureUntil } from "./sketch.ts"

/** What is asked of one budget, refused or not. */
export interface BudgetDemand {
  readonly unit: Unit
  /** Where each call would have come to lie in its account's period, were nothing refused; by calls. */
  readonly positions: Sketch
  /** What an account would have used in a whole period; by periods. */
  readonly periods: Sketch
}

/** The accounts of a plan's lines, as long as none of them was forgotten. */
export interface Demanded {
  readonly plan: Plan
  readonly accounts: readonly AccountDemand[]
  readonly version: number
}

/** What the history asks of each account, whatever the policy answers: from it, how high a limit must be. */
export class Demands {
  readonly budgets: Map<string, BudgetDemand> = new Map()
  readonly #accounts = new Map<string, AccountDemand>()
  #byPlan = new WeakMap<Plan, Demanded>()
  #sweepAt = ACCOUNTS_SWEPT
  /** Raised where accounts were forgotten. */
  #version = 0

  /** What is asked of the accounts of a plan; good as long as `stands` says so. */
  of(plan: Plan, nowMs: EpochMs): Demanded {
    let found = this.#byPlan.get(plan)
    if (found === undefined) {
      if (this.#accounts.size >= this.#sweepAt) this.#sweep(nowMs)
      const accounts = plan.lines.map((line) => this.#account(line))
      found = { plan, accounts, version: this.#version }
      this.#byPlan.set(plan, found)
    }
    return found
  }

  stands({ version }: Demanded): boolean {
    return version === this.#version
  }

  /** A call of so much, per unit. */
  add(
    { plan: { lines }, accounts }: Demanded,
    nowMs: EpochMs,
    usd: number,
    tokens: number,
    requests: number,
  ): void {
    for (let at = 0; at < accounts.length; at += 1) {
      const account = accounts[at] as AccountDemand
      const { unit } = account.budget
      const amount = unit === "usd" ? usd : unit === "tokens" ? tokens : requests
      if (!account.addToBin(nowMs, amount, requests))
        account.add(lines[at] as Line, nowMs, amount, requests)
    }
  }

  /** Counts what is put off, and the periods that are not over. */
  finish(): void {
    for (const account of this.#accounts.values()) account.close()
  }

  #account({ account: key, terms }: Line): AccountDemand {
    let account = this.#accounts.get(key)
    if (account === undefined) {
      const id = budgetOf(key)
      let budget = this.budgets.get(id)
      if (budget === undefined) {
        budget = { unit: terms.unit, positions: new Sketch(), periods: new Sketch() }
        this.budgets.set(id, budget)
      }
      account = new AccountDemand(budget)
      this.#accounts.set(key, account)
    }
    return account
  }

  /** Accounts whose period is over are counted and forgotten. */
  #sweep(nowMs: EpochMs): void {
    for (const [key, account] of this.#accounts)
      if (account.isOver(nowMs)) {
        account.close()
        this.#accounts.delete(key)
      }
    this.#sweepAt = Math.max(ACCOUNTS_SWEPT, 2 * this.#accounts.size)
    this.#byPlan = new WeakMap()
    this.#version += 1
  }
}

const ACCOUNTS_SWEPT = 50_000

/** Of one account: the sum of its period; of a sliding window the sums of its buckets. */
class AccountDemand {
  readonly budget: BudgetDemand
  #startMs = Number.NEGATIVE_INFINITY
  #endMs = Number.NEGATIVE_INFINITY
  /** Until then the period is the same, whatever happens. */
  #sameUntilMs = Number.NEGATIVE_INFINITY
  #usedAtMs = 0
  #sum = 0
  #bin = -1
  /** Positions from the last one to here are surely in its bin. */
  #binUntil = -1
  /** Weight of the last bin that is not in the sketch yet: sums grow by little, and mostly stay in one bin. */
  #weight = 0
  #buckets: { readonly endMs: number; sum: number; readonly startMs: number }[] | null = null

  constructor(budget: BudgetDemand) {
    this.budget = budget
  }

  isOver(nowMs: EpochMs): boolean {
    return nowMs >= this.#endMs
  }

  /** @returns false where it falls into another bin or period: then nothing was added */
  addToBin(nowMs: EpochMs, amount: number, weight: number): boolean {
    const sum = this.#sum + amount
    if (nowMs >= this.#sameUntilMs || sum > this.#binUntil) return false
    this.#sum = sum
    this.#weight += weight
    return true
  }

  add(line: Line, nowMs: EpochMs, amount: number, weight: number): void {
    const position = this.#take(line, nowMs, amount)
    this.#flush()
    this.#bin = position > this.#binUntil ? binAfter(this.#bin, position) : binOf(position)
    this.#binUntil = sureUntil(this.#bin)
    this.#weight = weight
  }

  /** Counts the period that was. */
  close(): void {
    this.#flush()
    if (this.#sum > 0) this.budget.periods.add(this.#sum)
    this.#sum = 0
  }

  #flush(): void {
    if (this.#weight > 0) this.budget.positions.addAt(this.#bin, this.#weight)
    this.#weight = 0
  }

  /** @returns where it comes to lie */
  #take({ period, terms }: Line, nowMs: EpochMs, amount: number): number {
    if (terms.slidingMs > 0) return this.#slide(period, nowMs, amount)
    const isIdle = terms.idleMs > 0 && nowMs - this.#usedAtMs >= terms.idleMs
    if (period.startMs > this.#startMs || isIdle) {
      this.close()
      this.#startMs = period.startMs
      this.#endMs = period.endMs
      if (terms.idleMs === 0) this.#sameUntilMs = period.endMs
    }
    if (terms.idleMs > 0) {
      this.#usedAtMs = nowMs
      this.#endMs = nowMs + terms.idleMs
    }
    this.#sum += amount
    return this.#sum
  }

  #slide({ startMs, endMs }: Line["period"], nowMs: number, amount: number): number {
    this.#buckets ??= []
    while (this.#buckets[0] !== undefined && this.#buckets[0].endMs <= nowMs) this.#buckets.shift()
    const last = this.#buckets.at(-1)
    if (last === undefined || last.startMs < startMs)
      this.#buckets.push({ startMs, endMs, sum: amount })
    else last.sum += amount
    this.#endMs = endMs
    let sum = 0
    for (const bucket of this.#buckets) sum += bucket.sum
    if (last?.startMs !== startMs) this.budget.periods.add(sum)
    return sum
  }
}
