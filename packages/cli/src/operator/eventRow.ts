import { messageOf } from "@spendfuse/adapters/notifier"
import type { DomainEvent } from "@spendfuse/core/domain"
import type { Paint } from "../paint.ts"
import { accountTextCut } from "./accountText.ts"
import { clockText, relativeText } from "./instants.ts"
import { type Column, tableText } from "./table.ts"

/** The account that an event is about; an operator's event names its target, which may be a switch. */
export const accountOfEvent = (event: DomainEvent): string | null => {
  if ("account" in event) return event.account
  return event.kind === "audit" ? event.target : null
}

/** Events as a table for people: when, what, which account. */
export const eventsTable = (
  events: readonly DomainEvent[],
  {
    nowMs,
    width,
    paint,
  }: { readonly nowMs: number; readonly width: number; readonly paint: Paint },
): string => tableText(columnsOf(paint, nowMs), events, width)

/** What operators did as a table: when, who, what, why. */
export const auditTable = (
  events: readonly DomainEvent[],
  {
    nowMs,
    width,
    paint,
  }: { readonly nowMs: number; readonly width: number; readonly paint: Paint },
): string =>
  tableText(
    [
      whenColumn(paint, nowMs),
      { head: "by", cell: (event) => (event.kind === "audit" ? accountTextCut(event.by, 30) : "") },
      {
        head: "did",
        cell: (event) =>
          event.kind === "audit" ? `${event.verb} ${accountTextCut(event.target, 60)}` : event.kind,
        flows: "anywhere",
      },
      {
        head: "why",
        cell: (event) => (event.kind === "audit" ? plain(event.why) : ""),
        flows: "at spaces",
      },
    ],
    events,
    width,
  )

/** An event in one line, as `--watch` writes it. */
export const eventLine = (event: DomainEvent, nowMs: number, paint: Paint): string =>
  `${clockText(event.atMs, nowMs)}  ${kindText(paint, event)}  ${sentence(event)}`

const columnsOf = (paint: Paint, nowMs: number): readonly Column<DomainEvent>[] => [
  whenColumn(paint, nowMs),
  { head: "kind", cell: (event) => kindText(paint, event), spare: 2 },
  { head: "what", cell: sentence, flows: "at spaces", least: 30 },
  {
    head: "for",
    cell: ({ channels }) => channels.map((one) => accountTextCut(one, 20)).join(" "),
    spare: 3,
  },
]

const whenColumn = (paint: Paint, nowMs: number): Column<DomainEvent> => ({
  head: "at (UTC)",
  cell: ({ atMs }) => `${clockText(atMs, nowMs)}\n${paint.dim(relativeText(atMs, nowMs))}`,
})

/** The words of the notifiers, so that the page and the shell say the same. */
const sentence = (event: DomainEvent): string => messageOf([event]).title

const plain = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").slice(0, 300)

const kindText = (paint: Paint, event: DomainEvent): string => {
  const { severity } = messageOf([event])
  const name = event.kind === "circuit" ? event.state : event.kind
  return { critical: paint.red, error: paint.red, warning: paint.yellow, info: paint.dim }[
    severity
  ](name)
}
