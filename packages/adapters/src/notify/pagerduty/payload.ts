import type { DomainEvent } from "@spendfuse/core"
import { cut, shown } from "../words/clean.ts"
import type { Message } from "../words/message.ts"
import { namesOf } from "../words/sentences.ts"
import { isoText } from "../words/times.ts"

const SUMMARY_MAX = 1_024
const NAME_MAX = 255
const TEXT_MAX = 2_000
const LINES_MAX = 100

/** The `payload` of a trigger, within PagerDuty's limits. */
export const payloadOf = (
  message: Message,
  first: DomainEvent,
): Readonly<Record<string, unknown>> => {
  const account = "account" in first ? first.account : ""
  const { budget } = namesOf(account)
  return {
    summary: cut(message.title, SUMMARY_MAX) || "Spendfuse",
    source: account === "" ? "spendfuse" : shown(account, NAME_MAX),
    // What is over by now is for the record: nobody should be woken.
    severity: message.state === "over" ? "info" : message.severity,
    timestamp: isoText(first.atMs),
    ...(budget !== "" && { component: budget }),
    class: first.kind,
    custom_details: detailsOf(message),
  }
}

const detailsOf = ({ facts, note, todo, lines }: Message): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(facts.map(({ name, text }) => [name, cut(text, TEXT_MAX)])),
  ...(note !== "" && { Note: cut(note, TEXT_MAX) }),
  ...(todo !== "" && { "What to do": cut(todo, TEXT_MAX) }),
  Events: lines.slice(-LINES_MAX).map((line) => cut(line, TEXT_MAX)),
})
