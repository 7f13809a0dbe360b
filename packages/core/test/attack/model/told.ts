import type { DomainEvent, Outcome } from "../../../src/domain.ts"
import type { Told } from "./facts.ts"

export const toldOutcome = (outcome: Outcome): Told => {
  const end = outcome.replayed === true ? ["replayed"] : []
  switch (outcome.kind) {
    case "reserved":
      return ["reserved", outcome.granted, ...end]
    case "extended":
      return ["extended", outcome.granted, outcome.drain, ...end]
    case "settled":
      return ["settled", outcome.drain, outcome.skipped, ...end]
    case "charged":
      return ["charged", outcome.skipped, ...end]
    case "adjusted":
      return ["adjusted", outcome.settled, ...end]
    case "tripped":
      return ["tripped", outcome.generation, ...end]
    case "later-generation":
      return ["later-generation", outcome.generation, ...end]
    case "expired":
      return ["expired", outcome.reservations, ...end]
    case "error":
      return ["error", outcome.error]
    case "refused":
      return [
        "refused",
        outcome.reason,
        outcome.untilMs,
        outcome.obstacles.map((one) =>
          one.kind === "switch"
            ? [one.switch, one.reason, one.untilMs]
            : [one.account, one.reason, one.untilMs, one.settled, one.held, one.cap, one.remaining],
        ),
      ]
    default:
      return [outcome.kind, ...end]
  }
}

export const toldEvent = (event: DomainEvent): Told => {
  switch (event.kind) {
    case "tier":
      return [
        "tier",
        event.account,
        event.level,
        event.passed,
        event.incident,
        event.generation,
        event.effect,
        [...event.channels].sort(),
        [event.settled, event.cap, event.held],
      ]
    case "circuit":
      return [
        "circuit",
        event.account,
        event.state,
        event.generation,
        event.untilMs,
        event.incident,
        event.observed,
        event.by,
        [...event.channels].sort(),
      ]
    case "period-end":
      return [
        "period-end",
        event.account,
        event.incident,
        event.generation,
        [...event.channels].sort(),
        event.settled,
        event.held,
        event.cap,
      ]
    case "escalation":
      return [
        "escalation",
        event.account,
        event.incident,
        event.generation,
        event.step,
        event.sinceMs,
        [...event.channels].sort(),
      ]
    case "would-refuse":
      return said(event, `would-refuse ${event.reason}`)
    case "undelivered":
      return ["undelivered", event.channel]
    case "expired":
      return ["expired", event.reservation]
    case "audit":
      return ["audit", event.verb, event.target]
    default:
      return said(event, event.kind)
  }
}

const said = (event: Extract<DomainEvent, { readonly settled: number }>, word: string): Told => [
  "said",
  event.account,
  word,
  event.incident,
  event.generation,
  [...event.channels].sort(),
]
