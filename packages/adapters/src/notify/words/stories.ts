import type { DomainEvent } from "@spendfuse/core"

/** What belongs together in a delivery: the events of one incident, up to the one that ends it. */
export interface Story {
  readonly events: readonly DomainEvent[]
  /** Null where its events are of none. */
  readonly incident: string | null
  /** Incidents of the same account that are told within this one: under their own names they are over. */
  readonly superseded: readonly string[]
  /** Whether it tells of something new, and whether that is over, or on probation. */
  readonly opens: boolean
  readonly state: "standing" | "probation" | "over"
}

/**
 * Cuts a delivery by its incidents: first those that are over, in the order of their ends, then those that stand,
 * in the order in which they began. What a meter told before its circuit opened is told within the opening, for
 * that is what it led to.
 */
export const storiesOf = (events: readonly DomainEvent[]): readonly Story[] => {
  const over: Told[] = []
  const standing: Told[] = []
  for (const event of events) {
    const incident = incidentOf(event)
    const closed = over.find(
      (other) => other.incident === incident && isClosing(other.events.at(-1)),
    )
    if (closed !== undefined) {
      closed.events.splice(-1, 0, event)
      continue
    }
    let told = standing.find((other) => other.incident === incident)
    if (told === undefined) {
      told = begun(event, incident, standing)
      standing.push(told)
    }
    told.events.push(event)
    if (!isEnd(event)) continue
    standing.splice(standing.indexOf(told), 1)
    over.push(told)
  }
  return [...over, ...standing].map(storyOf)
}

interface Told {
  readonly incident: string | null
  readonly superseded: readonly string[]
  readonly events: DomainEvent[]
}

/** A new one; what opens a circuit takes over what its meters told. */
const begun = (event: DomainEvent, incident: string | null, standing: Told[]): Told => {
  if (!("generation" in event) || incident !== `${event.account}/${event.generation}`)
    return { incident, superseded: [], events: [] }
  const led = standing.filter((other) => other.incident?.startsWith(`${event.account}@`) === true)
  for (const other of led) standing.splice(standing.indexOf(other), 1)
  return {
    incident,
    superseded: led.flatMap((other) => other.incident ?? []),
    events: led.flatMap((other) => other.events),
  }
}

const storyOf = ({ events, incident, superseded }: Told): Story => ({
  events,
  incident,
  superseded,
  opens: events.some((event) => !isEasing(event)),
  state: stateOf(events),
})

const incidentOf = (event: DomainEvent): string | null =>
  "incident" in event ? event.incident : null

/** Only its own incident is ended by an event. */
const isEnd = (event: DomainEvent): boolean => event.kind === "period-end" || isClosing(event)

const isClosing = (event: DomainEvent | undefined): boolean =>
  event?.kind === "circuit" && event.state === "closed"

const isEasing = (event: DomainEvent): boolean =>
  isEnd(event) || (event.kind === "circuit" && event.state === "half-open")

const stateOf = (events: readonly DomainEvent[]): Story["state"] => {
  const last = events.at(-1)
  if (last === undefined || isEnd(last)) return "over"
  return last.kind === "circuit" && last.state === "half-open" ? "probation" : "standing"
}
