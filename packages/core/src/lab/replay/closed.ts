import type { Plan } from "../../domain/compile.ts"
import type { Account } from "../../domain/ledger.ts"
import type { Barred, Run } from "../run.ts"

/** A refusal by circuits alone, good while nobody writes the accounts: such a refusal changes nothing of a ledger. */
export interface Closed {
  readonly plan: Plan
  readonly barred: Barred
  /** In the order of the plan's lines. */
  readonly accounts: readonly (Account | null)[]
  /** Lines that did not refuse, by their place. */
  readonly others: readonly number[]
  readonly untilMs: number
}

/** What may be kept of a refusal; null where it is not of circuits alone, or where asking again may change something. */
export const closedBy = (run: Run, plan: Plan, barred: Barred): Closed | null => {
  if (run.policy.fallbacks.size > 0) return null
  const byAccount = new Map<string, number>()
  for (const obstacle of barred.obstacles) {
    if (obstacle.kind !== "line") return null
    const { account, reason, untilMs, settled, held, cap } = obstacle
    if (settled + held > cap) return null
    if (reason === "latched") byAccount.set(account, Number.POSITIVE_INFINITY)
    else if (reason === "open" && untilMs !== null) byAccount.set(account, untilMs)
    else return null
  }
  const { lines } = plan
  for (const { terms } of lines)
    if (terms.observe || terms.tiers.some(({ degrade }) => degrade !== null)) return null
  const others = lines.flatMap(({ account }, at) => (byAccount.has(account) ? [] : [at]))
  const accounts = lines.map(({ account }) => run.accountOf(account))
  return { plan, barred, accounts, others, untilMs: Math.min(...byAccount.values()) }
}

/**
 * Whether the same circuits refuse a call, and nothing else does.
 *
 * @param usd what it costs at least, in nano-USD
 * @param tokens and in tokens
 */
export const isClosed = (
  { plan, accounts, others, untilMs }: Closed,
  run: Run,
  usd: number,
  tokens: number,
): boolean => {
  if (run.nowMs >= untilMs || run.ledger.switches.size > 0) return false
  for (let at = 0; at < accounts.length; at += 1)
    if (run.accountOf(plan.lines[at]?.account ?? "") !== accounts[at]) return false
  for (const at of others) {
    const line = plan.lines[at]
    if (line === undefined) return false
    const view = run.view(line)
    const { unit } = line.terms
    const least = unit === "usd" ? usd : unit === "tokens" ? tokens : 1
    if (view.circuit !== "closed" || least > view.remaining) return false
  }
  return true
}
