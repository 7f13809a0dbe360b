import type { DomainEvent } from "@spendfuse/core"
import { amountText } from "@spendfuse/core"
import {
  FOREVER_MS,
  isMeterEvent,
  type MeterEvent,
  ofLimit,
  paceOf,
  paceText,
  percentOf,
  shortAmount,
} from "./amounts.ts"
import { shown } from "./clean.ts"
import type { Fact, Link, Links, Message, Severity, WordsOptions } from "./message.ts"
import { namesOf, sentenceOf, severityOf, todoOf } from "./sentences.ts"
import { storiesOf } from "./stories.ts"
import { isoText, lengthText, timeText } from "./times.ts"

/**
 * The usual words: the strongest thing that still stands makes the title, the last numbers make the facts,
 * and every event has its line.
 *
 * @example messageOf([event]).title // => "agent-7 reached 80% of hour: $0.80 of $1"
 */
export const messageOf = (events: readonly DomainEvent[]): Message => {
  const story = storiesOf(events).at(-1)
  const standing = story?.state === "over" ? story.events.slice(-1) : (story?.events ?? [])
  const head = strongestOf(standing)
  const meter = story?.events.findLast(isMeterEvent)
  return {
    title: head === undefined ? "Nothing happened" : titleOf(head, events.length, meter),
    severity: head === undefined ? "info" : severityOf(head),
    state: story?.state ?? "over",
    facts: head === undefined ? [] : factsOf(head, meter),
    note: noteOf(standing),
    todo: head === undefined ? "" : todoOf(head),
    lines: events.map((event) => `${isoText(event.atMs).slice(11, 19)} ${sentenceOf(event)}`),
  }
}

/** A circuit has no numbers of its own: those of the level that moved it are told with it. */
const titleOf = (head: DomainEvent, count: number, meter: MeterEvent | undefined): string => {
  const isBare = head.kind === "circuit" && head.state !== "closed" && meter !== undefined
  const amounts = isBare ? `: ${ofLimit(meter)}` : ""
  return `${sentenceOf(head)}${amounts}${count > 1 ? ` (${count} events)` : ""}`
}

/** The message by the host's own words, or by the usual ones where those fail: an alert goes out either way. */
export const wordsFor = (events: readonly DomainEvent[], { words }: WordsOptions): Message => {
  try {
    const message = words?.(events)
    return message !== undefined && isWhole(message) ? message : messageOf(events)
  } catch {
    return messageOf(events)
  }
}

const isWhole = ({ title, severity, facts, note, todo, lines }: Message): boolean =>
  [title, note, todo, ...lines].every((text) => typeof text === "string") &&
  facts.every(({ name, text }) => typeof name === "string" && typeof text === "string") &&
  title.trim() !== "" &&
  severity in RANK

const LINKS_MAX = 5
const HREF_MAX = 2_000

/** The host's links of a story that can be shown: http or https, and not too long; none where it fails. */
export const linksFor = async (
  events: readonly DomainEvent[],
  severity: Severity,
  links: Links | undefined,
): Promise<readonly Link[]> => {
  const about = events.findLast((event) => "generation" in event)
  if (links === undefined || about === undefined || !("generation" in about)) return []
  try {
    const { account, incident, generation } = about
    const made = links({ account, incident, generation, severity })
    const known = made instanceof Promise ? await soon(made) : made
    return known.filter(isGood).slice(0, LINKS_MAX)
  } catch {
    return []
  }
}

const LINKS_WITHIN_MS = 2_000

const soon = async (made: Promise<readonly Link[]>): Promise<readonly Link[]> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<readonly Link[]>((resolve) => {
    timer = setTimeout(() => resolve([]), LINKS_WITHIN_MS)
  })
  return Promise.race([made, late]).finally(() => clearTimeout(timer))
}

const isGood = ({ href }: Link): boolean =>
  href.length <= HREF_MAX && /^https?:$/.test(URL.parse(href)?.protocol ?? "")

const RANK: Readonly<Record<Severity, number>> = { critical: 3, error: 2, warning: 1, info: 0 }

/** The worst; of equals, the last. */
const strongestOf = (events: readonly DomainEvent[]): DomainEvent | undefined => {
  let strongest: DomainEvent | undefined
  for (const event of events)
    if (strongest === undefined || RANK[severityOf(event)] >= RANK[severityOf(strongest)])
      strongest = event
  return strongest
}

const NOTE_MAX = 500

const noteOf = (events: readonly DomainEvent[]): string => {
  const messages = events.map((event) => (event.kind === "tier" ? event.message : ""))
  return shown([...new Set(messages)].filter((message) => message !== "").join(" "), NOTE_MAX)
}

const factsOf = (head: DomainEvent, meter: MeterEvent | undefined): readonly Fact[] => {
  if (!("account" in head)) return []
  return [
    { name: "Account", text: shown(head.account, 300) },
    ...(meter === undefined ? [] : meterFacts(meter)),
    ...blockedFacts(head),
  ]
}

const meterFacts = (event: MeterEvent): readonly Fact[] => {
  const { held, unit, atMs } = event
  const percent = percentOf(event)
  const share = percent === null ? "" : ` (${percent} %)`
  const facts: Fact[] = [{ name: "Spent", text: `${ofLimit(event)}${share}` }]
  if (held > 0) facts.push({ name: "Held by running calls", text: amountText(held, unit) })
  const pace = paceOf(event)
  if (pace === null) return facts
  const since = timeText(pace.sinceMs, atMs)
  facts.push({ name: "Pace", text: `${paceText(pace, unit)} since ${since}` })
  if (pace.toCapMs !== null) {
    const { cap, limit } = event
    const end = cap === null || cap === limit ? "the limit" : `the cap of ${shortAmount(cap, unit)}`
    facts.push({ name: "At this pace", text: `${end} in ${lengthText(pace.toCapMs)}` })
  }
  return facts
}

/** Only what the event proves: a level that trips or latches is told by the circuit, where it did. */
const blockedFacts = (head: DomainEvent): readonly Fact[] => {
  if (!("account" in head)) return []
  const { who, budget } = namesOf(head.account)
  if (head.kind === "refusing" || (head.kind === "tier" && head.effect === "block")) {
    const { periodEndMs, atMs } = head
    const blocked = { name: "Blocked now", text: `calls of ${who} that do not fit into ${budget}` }
    return periodEndMs >= FOREVER_MS || periodEndMs <= atMs
      ? [blocked]
      : [blocked, { name: "Until", text: timeText(periodEndMs, atMs) }]
  }
  if (head.kind === "escalation")
    return [
      { name: "Blocked now", text: `calls of ${who} that ${budget} counts` },
      { name: "Until", text: "a person acknowledges" },
    ]
  if (head.kind !== "circuit" || head.state === "closed" || head.observed) return []
  const { untilMs, atMs } = head
  const until =
    untilMs === null
      ? "a person acknowledges"
      : `${timeText(untilMs, atMs)}, after ${lengthText(untilMs - atMs)}`
  return [
    {
      name: "Blocked now",
      text:
        head.state === "half-open"
          ? "what probation does not allow"
          : `calls of ${who} that ${budget} counts`,
    },
    { name: "Until", text: until },
  ]
}
