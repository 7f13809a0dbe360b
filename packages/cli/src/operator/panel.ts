import type { DomainEvent } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import type { Io } from "../io.ts"
import { type Paint, paintOf } from "../paint.ts"
import { type AccountRow, burnText } from "./accountRow.ts"
import { accountText, accountTextCut } from "./accountText.ts"
import { amountInWords } from "./amounts.ts"
import { burnOf, earlierFrom } from "./burn.ts"
import { accountOfEvent, eventLine } from "./eventRow.ts"
import type { FoundAccount } from "./findAccount.ts"
import { instantText } from "./instants.ts"
import { judgedOf } from "./judged.ts"

/** An account with its pace and the latest events about it. */
export interface Panel {
  readonly row: AccountRow
  readonly events: readonly DomainEvent[]
  readonly atMs: number
}

const LOOKED = 500
const SHOWN = 5

/** Looks at what a person should see before a command. */
export const panelOf = async (
  store: Pick<Store, "events">,
  { account, storeTimeMs: atMs }: FoundAccount,
): Promise<Panel> => {
  const { items } = await store.events({ latest: true, limit: LOOKED })
  const judged = judgedOf(account, atMs)
  const burn = burnOf(judged, atMs, earlierFrom(items, atMs)(judged))
  const events = items.filter((event) => accountOfEvent(event) === account.key).slice(-SHOWN)
  return { row: { ...judged, burn }, events, atMs }
}

/** The same in words. */
export const panelText = ({ row, events, atMs }: Panel, io: Io): string => {
  const { account, view, terms, periodEndMs } = row
  const paint = paintOf(io)
  const amount = (value: number): string => amountInWords(value, terms.unit)
  const facts: readonly (readonly [string, string | null])[] = [
    ["circuit", `${view.circuit}, generation ${view.generation}`],
    ["until", untilText(row, atMs)],
    ["next", nextText(row, atMs)],
    ["spent", `${amount(view.settled)} of ${amount(view.limit)}`],
    ["held", view.held === 0 ? null : `${amount(view.held)} by running calls`],
    ["cap", capText(row, amount)],
    ["pace", paceLine(row, atMs)],
    ["period", periodEndMs === null ? null : `ends ${instantText(periodEndMs, atMs)}`],
  ]
  return [
    paint.bold(accountText(account.key)),
    ...facts.flatMap(([name, text]) =>
      text === null ? [] : [`  ${paint.dim(name.padEnd(8))}${text}`],
    ),
    ...latestOf(events, atMs, paint),
  ].join("\n")
}

const paceLine = (row: AccountRow, atMs: number): string | null => {
  if (row.burn === null) return null
  const pace = row.burn.perMinute === 0 ? "nothing" : burnText(row)
  return `${pace} since ${instantText(row.burn.sinceMs, atMs)}`
}

const latestOf = (events: readonly DomainEvent[], atMs: number, paint: Paint): readonly string[] =>
  events.length === 0 ? [] : ["", ...events.map((event) => `  ${eventLine(event, atMs, paint)}`)]

const untilText = ({ view }: AccountRow, atMs: number): string | null => {
  if (view.untilMs !== null) return instantText(view.untilMs, atMs)
  return view.circuit === "latched" ? "a person acknowledges" : null
}

/** Who is told while nobody acknowledges. */
const nextText = ({ account: { circuit } }: AccountRow, atMs: number): string | null => {
  if (circuit.state !== "latched" || circuit.escalation === null) return null
  const { channels, untilMs } = circuit.escalation
  const [first = "", ...others] = channels.map((one) => accountTextCut(one, 40))
  const further = others.length === 0 ? "" : `, then ${others.join(", ")}`
  return `${first} is told at ${instantText(untilMs, atMs)}${further}`
}

const capText = ({ view }: AccountRow, amount: (value: number) => string): string =>
  Number.isFinite(view.cap)
    ? `${amount(view.cap)}, ${view.remaining === 0 ? "reached" : `${amount(view.remaining)} left`}`
    : "none"
