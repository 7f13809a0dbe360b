import type { DomainEvent } from "@spendfuse/core"

/** What belongs together in a delivery: from its first event to the closing one. */
export interface Story {
  readonly events: readonly DomainEvent[]
  /** The latest incident that it tells of; null where its events are of none. */
  readonly incident: string | null
  /** Incidents of the same account that a later opening took the place of: nobody else will end them. */
  readonly superseded: readonly string[]
  /** Whether it tells of something new, and whether that is over, or on probation. */
  readonly opens: boolean
  readonly state: "standing" | "probation" | "over"
}

/**
 * Cuts a delivery where a circuit closed. A level, a refusal and the opening that they led to are told as one,
 * under the incident of the opening, though they were written under the one before it.
 */
export const storiesOf = (events: readonly DomainEvent[]): readonly Story[] => {
  const stories: Story[] = []
  let open: DomainEvent[] = []
  for (const event of events) {
    open.push(event)
    if (event.kind !== "circuit" || event.state !== "closed") continue
    stories.push(storyOf(open))
    open = []
  }
  if (open.length > 0) stories.push(storyOf(open))
  return stories
}

const storyOf = (events: readonly DomainEvent[]): Story => {
  const incident = events.map(incidentOf).findLast((one) => one !== null) ?? null
  const ended = new Set(events.flatMap(endedBy))
  if (incident !== null) ended.delete(incident)
  return {
    events,
    incident,
    superseded: [...ended],
    opens: events.some((event) => !isEasing(event)),
    state: stateOf(events),
  }
}

const incidentOf = (event: DomainEvent): string | null =>
  "incident" in event ? event.incident : null

/** An opening ends the incident before it: later events carry only the new one. */
const endedBy = (event: DomainEvent): readonly string[] =>
  event.kind === "circuit" &&
  (event.state === "open" || event.state === "latched") &&
  event.generation > 0
    ? [`${event.account}/${event.generation - 1}`]
    : []

const isEasing = (event: DomainEvent): boolean =>
  event.kind === "circuit" && (event.state === "closed" || event.state === "half-open")

const stateOf = (events: readonly DomainEvent[]): Story["state"] => {
  const last = events.at(-1)
  if (last?.kind !== "circuit") return "standing"
  return last.state === "closed" ? "over" : last.state === "half-open" ? "probation" : "standing"
}
