import { formatUsd } from "../domain/money.ts"
import type { Obstacle } from "../domain/outcome.ts"
import { budgetOf } from "../domain/subject.ts"
import type { Unit } from "../domain/terms.ts"
import type { Decision } from "./decision.ts"

/**
 * A decision in plain words: every budget it touched, its period and numbers, and the reason. It holds
 * subject values, never prompts.
 *
 * @returns lines of text, without a line break at the end
 */
export const explain = (decision: Decision): string =>
  decision.allowed ? explainAdmitted(decision) : explainRefused(decision)

const explainAdmitted = (decision: Extract<Decision, { allowed: true }>): string => {
  const { held, lines, model, via, maxOutputTokens, withoutStore, priceSource } = decision
  const head = [
    `admitted${model === undefined ? "" : ` for \`${model}\``}${via === null ? "" : ` via fallback \`${via}\``}`,
    maxOutputTokens === null ? "" : `, at most ${maxOutputTokens} output tokens`,
    withoutStore ? ", without the store: its budgets are counted when it is back" : "",
  ].join("")
  const source =
    priceSource === null
      ? []
      : [`price from ${priceSource.kind} ${priceSource.name}${asOf(priceSource.asOf)}`]
  const budgets = lines.map(
    ({ account, period, terms }) =>
      `${budgetOf(account)}: ${amountText(held[terms.unit], terms.unit)} held of ${amountText(terms.limit, terms.unit)}, ${periodText(period)}`,
  )
  return [head, ...source, ...budgets].join("\n")
}

const explainRefused = (decision: Extract<Decision, { allowed: false }>): string => {
  const { reason, obstacles, untilMs, withoutStore, fallback } = decision
  const until =
    untilMs === null
      ? obstacles.length === 0
        ? ""
        : "; it takes a person or a smaller request"
      : `; until ${iso(untilMs)}`
  const head = `refused: ${reason} (${REASONS[reason]})${until}${withoutStore ? "; decided without the store" : ""}`
  const way = fallback === null ? [] : [`fallback \`${fallback.name}\` answers instead`]
  return [head, ...obstacles.map(obstacleText), ...way].join("\n")
}

const REASONS: Readonly<Record<Extract<Decision, { allowed: false }>["reason"], string>> = {
  "switched-off": "an operator turned this off",
  latched: "a person must acknowledge",
  open: "the circuit is open and cools down",
  "too-large": "it costs more than the whole cap",
  exhausted: "it does not fit beside what is spent",
  probation: "it does not fit what probation allows",
  degraded: "only a cheaper fallback is admitted by now",
  busy: "running calls hold the rest of the budget",
  "store-unavailable": "the store did not answer, and the policy denies then",
}

const obstacleText = (obstacle: Obstacle): string => {
  const until = obstacle.untilMs === null ? "" : `, until ${iso(obstacle.untilMs)}`
  if (obstacle.kind === "switch") return `switch ${obstacle.switch}: off${until}`
  const { account, reason, settled, held, cap, remaining } = obstacle
  return `${account}: ${reason}; settled ${settled}, held ${held}, cap ${cap === Number.POSITIVE_INFINITY ? "none" : cap}, remaining ${remaining}${until}`
}

/** An amount for people: `$1.50`, `120 tokens`. */
export const amountText = (amount: number, unit: Unit): string =>
  unit === "usd" ? `$${formatUsd(amount)}` : `${amount} ${unit}`

const periodText = (period: { startMs: number; endMs: number }): string =>
  period.startMs === 0 ? "for its lifetime" : `${iso(period.startMs)} to ${iso(period.endMs)}`

const asOf = (date: string | null): string => (date === null ? "" : ` of ${date}`)

const iso = (atMs: number): string => new Date(atMs).toISOString()
