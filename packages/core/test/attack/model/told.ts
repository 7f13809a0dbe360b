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
      return ["tier", event.account, event.level, event.passed, [...event.channels].sort()]
    case "circuit":
      return ["circuit", event.account, event.state, event.generation, event.untilMs]
    case "would-refuse":
      return ["said", event.account, `would-refuse ${event.reason}`]
    case "expired":
      return ["expired", event.reservation]
    case "audit":
      return ["audit", event.verb, event.target]
    default:
      return ["said", event.account, event.kind]
  }
}
