import type { Line } from "../../domain/command.ts"
import type { Plan } from "../../domain/compile.ts"
import { budgetOf } from "../../domain/subject.ts"
import type { Unit } from "../../domain/terms.ts"
import { binOf, Sketch, sureUntil } from "./sketch.ts"

/** What is asked of one budget, refused or not. */
export interface BudgetDemand {
  readonly unit: Unit
  /** Where each call would have come to lie in its account's period, were nothing refused; by calls. */
  readonly positions: Sketch
  /** What an account would have used in a whole period; by periods. */
  readonly periods: Sketch
}

/** What the history asks of each account, whatever the policy answers: from it, how high a limit must be. */
export class Demands {
  readonly budgets: Map<string, BudgetDemand> = new Map()
  readonly #accounts = new Map<string, AccountDemand>()
  readonly #byPlan = new WeakMap<Plan, readonly AccountDemand[]>()
  #lastPlan: Plan | null = null
  #last: readonly AccountDemand[] = []
  #sweepAt = ACCOUNTS_SWEPT

  /** A call of so much, per unit. */
  add(plan: Plan, nowMs: number, usd: number, tokens: number, requests: number): void {
    const { lines } = plan
    const accounts = this.#of(plan, nowMs)
    for (let at = 0; at < lines.length; at += 1) {
      const line = lines[at]
      const account = accounts[at]
      if (line === undefined || account === undefined) continue
      const { unit, positions } = account.budget
      const amount = unit === "usd" ? usd : unit === "tokens" ? tokens : requests
      positions.addAt(account.binOf(account.take(line, nowMs, amount)), requests)
    }
  }

  /** Counts the periods that are not over. */
  finish(): void {
    for (const account of this.#accounts.values()) account.close()
  }

  #of(plan: Plan, nowMs: number): readonly AccountDemand[] {
    if (plan === this.#lastPlan) return this.#last
    let found = this.#byPlan.get(plan)
    if (found === undefined) {
      if (this.#accounts.size >= this.#sweepAt) this.#sweep(nowMs)
      found = plan.lines.map((line) => this.#account(line))
      this.#byPlan.set(plan, found)
    }
    this.#lastPlan = plan
    this.#last = found
    return found
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
  #sweep(nowMs: number): void {
    for (const [key, account] of this.#accounts)
      if (account.isOver(nowMs)) {
        account.close()
        this.#accounts.delete(key)
      }
    this.#sweepAt = Math.max(ACCOUNTS_SWEPT, 2 * this.#accounts.size)
  }
}

const ACCOUNTS_SWEPT = 50_000

/** Of one account: the sum of its period; of a sliding window the sums of its buckets. */
class AccountDemand {
  readonly budget: BudgetDemand
  #startMs = Number.NEGATIVE_INFINITY
  #endMs = Number.NEGATIVE_INFINITY
  #usedAtMs = 0
  #sum = 0
  #bin = -1
  #binFrom = 0
  #binUntil = -1
  #buckets: { readonly endMs: number; sum: number; readonly startMs: number }[] | null = null

  constructor(budget: BudgetDemand) {
    this.budget = budget
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.#endMs
  }

  /** The bin of a position: sums grow by little, and mostly stay in the last one. */
  binOf(position: number): number {
    if (position >= this.#binFrom && position <= this.#binUntil) return this.#bin
    this.#bin = binOf(position)
    this.#binFrom = position
    this.#binUntil = sureUntil(this.#bin)
    return this.#bin
  }

  /** @returns where it comes to lie */
  take({ period, terms }: Line, nowMs: number, amount: number): number {
    if (terms.slidingMs > 0) return this.#slide(period, nowMs, amount)
    const isIdle = terms.idleMs > 0 && nowMs - this.#usedAtMs >= terms.idleMs
    if (period.startMs > this.#startMs || isIdle) {
      this.close()
      this.#startMs = period.startMs
      this.#endMs = period.endMs
    }
    if (terms.idleMs > 0) {
      this.#usedAtMs = nowMs
      this.#endMs = nowMs + terms.idleMs
    }
    this.#sum += amount
    return this.#sum
  }

  close(): void {
    if (this.#sum > 0) this.budget.periods.add(this.#sum)
    this.#sum = 0
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
