import type { CircuitEvent, DomainEvent, EscalationEvent } from "@spendfuse/core"
import { ofLimit } from "./amounts.ts"
import { shown } from "./clean.ts"
import type { Severity } from "./message.ts"
import { timeText } from "./times.ts"

const NAME_MAX = 60

/** The budget's id and the subject's values of an account, short enough for a title. */
export const namesOf = (account: string): { readonly budget: string; readonly who: string } => {
  const slash = account.indexOf("/")
  if (slash < 0) return { budget: shown(account, NAME_MAX), who: "" }
  const who = shown(account.slice(slash + 1), NAME_MAX)
  return { budget: shown(account.slice(0, slash), NAME_MAX), who: who === "" ? '""' : who }
}

/** What happened, to whom, how much of what: one line. */
export const sentenceOf = (event: DomainEvent): string => {
  if (event.kind === "expired")
    return `A hold ended by itself and counts as spent: ${shown(event.reservation, NAME_MAX)}`
  if (event.kind === "audit")
    return `${shown(event.by, NAME_MAX)}: ${event.verb} ${shown(event.target, NAME_MAX)} (${shown(event.why, 120)})`
  if (event.kind === "undelivered") {
    const about = event.account === "" ? "" : ` of ${shown(event.account, NAME_MAX)}`
    return `${shown(event.channel, NAME_MAX)} was not told of ${event.count === 1 ? "an event" : `${event.count} events`}${about}: ${shown(event.why, 120)}`
  }
  const { budget, who } = namesOf(event.account)
  if (event.kind === "circuit") return circuitSentence(event, budget, who)
  if (event.kind === "escalation") return escalationSentence(event, budget, who)
  const amounts = ofLimit(event)
  switch (event.kind) {
    case "tier":
      return `${who} reached ${shown(event.label, NAME_MAX)} of ${budget}: ${amounts}`
    case "refusing":
      return `${budget} refuses calls of ${who}: ${amounts}`
    case "would-refuse":
      return `${budget} would refuse calls of ${who} (${event.reason}): ${amounts}`
    case "overshoot":
      return `${who} went over the cap of ${budget}: ${amounts}`
    case "overflow":
      return `${budget} can count no further for ${who}: ${amounts}`
    case "period-end":
      return `The period of ${who} in ${budget} is over: ${amounts}`
  }
}

const escalationSentence = (
  { sinceMs, atMs }: EscalationEvent,
  budget: string,
  who: string,
): string =>
  `Nobody has acknowledged since ${timeText(sinceMs, atMs)}: ${budget} stopped ${who} until a person does`

const circuitSentence = (event: CircuitEvent, budget: string, who: string): string => {
  const until = event.untilMs === null ? "" : ` until ${timeText(event.untilMs, event.atMs)}`
  const hand =
    event.by === null ? "" : `: ${shown(event.by, NAME_MAX)} (${shown(event.why ?? "", 120)})`
  const [stopped, tries, lets] = event.observed
    ? ["would have stopped", "would try", "would let"]
    : ["stopped", "tries", "lets"]
  switch (event.state) {
    case "open":
      return `${budget} ${stopped} ${who}${until}${hand}`
    case "latched":
      return `${budget} ${stopped} ${who} until a person acknowledges`
    case "half-open":
      return `${budget} ${tries} ${who} again${until}`
    case "closed":
      return `${budget} ${lets} ${who} go on${hand}`
  }
}

/** What a reader should do about it, in a sentence. */
export const todoOf = (event: DomainEvent): string => {
  switch (event.kind) {
    case "tier":
      return event.effect === "block"
        ? "See what spends. Raise the limit, acknowledge for more, or wait for the period's end."
        : "See what spends. Stop it, or raise the limit, before the cap does."
    case "refusing":
      return "See what spends. Raise the limit, or wait for the period's end."
    case "would-refuse":
      return "Nothing was refused: the budget only observes. See whether its limit is right."
    case "overshoot":
      return "See which call cost more than was held for it."
    case "overflow":
      return "Split the budget: its count has stopped."
    case "period-end":
      return "Nothing: it begins anew."
    case "circuit":
      return circuitTodo(event)
    case "escalation":
      return `Find the cause, then acknowledge ${shown(event.account, 200)}: the next channel hears of it until somebody does.`
    case "undelivered":
      return `Mend ${shown(event.channel, NAME_MAX)}, then send its dead letters again.`
    case "expired":
      return "Find out why its call never settled; correct the count by an adjust where it did not happen."
    case "audit":
      return "Nothing, if this was meant."
  }
}

const circuitTodo = ({ state, account, observed }: CircuitEvent): string => {
  const name = shown(account, 200)
  if (observed && state !== "closed")
    return "Nothing was refused: the budget only observes. See whether its limit is right."
  switch (state) {
    case "open":
      return `Find the cause. It goes on by itself then; to go on now, acknowledge ${name}.`
    case "latched":
      return `Find the cause, then acknowledge ${name}. It does not go on by itself.`
    case "half-open":
      return "Nothing, unless it opens again."
    case "closed":
      return "Nothing: it is over."
  }
}

const BLOCKING: ReadonlySet<string> = new Set(["block", "trip", "latch"])

/** How bad an event is by itself. A level that blocks, or is at the limit, refuses money or is about to. */
export const severityOf = (event: DomainEvent): Severity => {
  switch (event.kind) {
    case "circuit":
      if (event.state !== "latched" && event.state !== "open") return "info"
      if (event.observed) return "warning"
      return event.state === "latched" ? "critical" : "error"
    case "tier":
      return BLOCKING.has(event.effect) || event.level >= event.limit ? "error" : "warning"
    case "refusing":
    case "overshoot":
      return "error"
    case "undelivered":
      return "error"
    case "overflow":
    case "escalation":
      return "critical"
    case "expired":
      return "warning"
    case "period-end":
    case "would-refuse":
    case "audit":
      return "info"
  }
}
