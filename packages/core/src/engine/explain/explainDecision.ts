import type { Line } from "../../domain/command.ts"
import { formatUsd } from "../../domain/money.ts"
import type { Obstacle } from "../../domain/outcome.ts"
import { budgetOf } from "../../domain/subject.ts"
import type { Unit } from "../../domain/terms.ts"
import { FOREVER_MS } from "../../domain/time.ts"
import type { Decision } from "../decision.ts"

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
  const budgets = lines.map(({ account, period, terms }) => {
    const { unit, limit } = terms
    return `${subjectText(account)}: ${amountText(held[unit], unit)} held of ${amountText(limit, unit)}, ${periodText(period)}`
  })
  return [head, ...source, ...(budgets.length === 0 ? [UNBOUND] : budgets)].join("\n")
}

const UNBOUND = "no budget binds this request"

const explainRefused = (decision: Extract<Decision, { allowed: false }>): string => {
  const { reason, lines, obstacles, untilMs, withoutStore, fallback } = decision
  const until = untilMs === null ? takesText(obstacles) : `; until ${iso(untilMs)}`
  const head = `refused: ${reason} (${REASONS[reason]})${until}${withoutStore ? "; decided without the store" : ""}`
  const switches = obstacles.filter((obstacle) => obstacle.kind === "switch").map(switchText)
  const budgets = lines.map((line) => lineText(line, obstacles))
  const way = fallback === null ? [] : [`fallback \`${fallback.name}\` answers instead`]
  return [head, ...switches, ...budgets, ...way].join("\n")
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

/** What helps where time alone does not; every obstacle needs its own help. */
const takesText = (obstacles: readonly Obstacle[]): string => {
  const helps = obstacles.filter(({ untilMs }) => untilMs === null).map(helpOf)
  return helps.length === 0 ? "" : `; it takes ${[...new Set(helps)].join(" and ")}`
}

const helpOf = (obstacle: Obstacle): string => {
  switch (obstacle.reason) {
    case "switched-off":
    case "latched":
    case "open":
      return "a person"
    case "exhausted":
      return obstacle.settled < obstacle.cap ? "a smaller request" : "a person"
    case "too-large":
    case "probation":
      return "a smaller request"
    case "degraded":
      return "a fallback that its tier names"
    case "busy":
      return "the end of running calls"
  }
}

const switchText = (obstacle: Extract<Obstacle, { kind: "switch" }>): string =>
  `switch ${obstacle.switch}: off${untilText(obstacle.untilMs)}`

const lineText = ({ account, period, terms }: Line, obstacles: readonly Obstacle[]): string => {
  const { unit } = terms
  const found = obstacles.find((one) => one.kind === "line" && one.account === account)
  const head = `${subjectText(account)}:`
  if (found?.kind !== "line")
    return `${head} not in the way, limit ${amountText(terms.limit, unit)}, ${periodText(period)}`
  const { reason, settled, held, cap, remaining, untilMs } = found
  const amounts = [
    `settled ${amountText(settled, unit)}`,
    `held ${amountText(held, unit)}`,
    `cap ${amountText(cap, unit)}`,
    `remaining ${amountText(remaining, unit)}`,
  ].join(", ")
  return `${head} ${reason}; ${amounts}, ${periodText(period)}${untilText(untilMs)}`
}

/** An amount for people: `$50`, `$1.50`, `$0.000001`, `120 tokens`, `1 request`; `none` where there is no bound. */
export const amountText = (amount: number, unit: Unit): string => {
  if (!Number.isFinite(amount)) return "none"
  if (unit !== "usd") return `${amount} ${amount === 1 ? unit.slice(0, -1) : unit}`
  const text = formatUsd(amount)
  return /\.\d$/.test(text) ? `$${text}0` : `$${text}`
}

const subjectText = (account: string): string => {
  const budget = budgetOf(account)
  return `${budget} (${account.slice(budget.length + 1)})`
}

const periodText = (period: { startMs: number; endMs: number }): string =>
  period.endMs >= FOREVER_MS ? "for its lifetime" : `${iso(period.startMs)} to ${iso(period.endMs)}`

const untilText = (untilMs: number | null): string =>
  untilMs === null ? "" : `, until ${iso(untilMs)}`

const asOf = (date: string | null): string => (date === null ? "" : ` of ${date}`)

const iso = (atMs: number): string =>
  atMs >= FOREVER_MS ? "the end of time" : new Date(atMs).toISOString()
