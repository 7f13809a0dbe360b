import fc from "fast-check"
import type { DomainEvent } from "../../src/domain.ts"
import { check, must } from "./check.ts"
import {
  type Any,
  anyAcknowledge,
  anyCharge,
  anyExpire,
  anyTrip,
  CAP,
  commandOf,
  EVERY_MS,
  historyOf,
  PAGES,
  PERIOD_MS,
  walk,
} from "./histories.ts"
import { anyTerms, calls } from "./mixes.ts"
import type { Law } from "./prove.ts"

/** Forgetting takes many commands. */
const seldom = fc.constantFrom(true, false, false, false, false, false)

/** Incidents, ends of periods, escalations: who hears of what, and of its end. */
export const tellingLaws: readonly Law[] = [
  {
    id: "T1",
    name: "incident: what opens carries one incident until it closes, and all who heard hear the closing",
    holds: (core) =>
      check(
        fc.tuple(historyOf(...calls, anyCharge, anyCharge, anyAcknowledge, anyTrip), anyTerms),
        ([history, terms]) => {
          const opened = new Map<string, string>()
          const heard = new Map<string, Set<string>>()
          for (const { decision } of walk(core, history, terms))
            for (const [at, event] of decision.events.entries()) {
              if (!("incident" in event) || event.incident === null) continue
              const { account, incident, channels } = event
              const known = heard.get(incident) ?? new Set()
              heard.set(incident, known)
              const meant = opened.get(account) ?? openedAfter(decision.events, at, account)
              if (meant === undefined || event.kind === "period-end")
                must(incident.startsWith(`${account}@`), `\`${event.id}\` is of \`${incident}\``)
              else
                must(incident === meant, `\`${event.id}\` is of \`${incident}\`, not \`${meant}\``)
              for (const channel of channels) known.add(channel)
              if (event.kind !== "circuit") continue
              if (event.state === "closed") {
                must(
                  known.size === channels.length,
                  `${[...known]} heard, ${channels} hear its end`,
                )
                opened.delete(account)
              } else opened.set(account, incident)
            }
        },
      ),
  },
  {
    id: "T2",
    name: "ends: who heard of a meter while its circuit was closed hears its period's end, once, at it",
    holds: (core) =>
      check(
        fc.tuple(historyOf(...calls, anyCharge, anyCharge), anyTerms, seldom),
        ([history, terms, isForgotten]) => {
          const ledger = core.emptyLedger()
          const heard = new Map<string, Set<string>>()
          const take = (events: readonly DomainEvent[]): void => {
            for (const event of events) {
              if (!("settled" in event) || !event.incident.includes("@")) continue
              const { incident, channels, atMs, periodEndMs } = event
              const known = heard.get(incident)
              if (event.kind !== "period-end") {
                heard.set(incident, new Set([...(known ?? []), ...channels]))
                continue
              }
              must(atMs >= periodEndMs, "a period ends before its end")
              must(
                known?.size === channels.length && channels.every((one) => known.has(one)),
                `${channels} hear of an end that ${[...(known ?? [])]} wait for`,
              )
              heard.delete(incident)
            }
          }
          const send = (any: Any, atMs: number, n: number, source = "s"): void => {
            const command = { ...commandOf({ any, atMs }, n, terms), id: { source, n } }
            const { events } = core.apply(ledger, command, atMs)
            take(events)
            for (const [incident] of heard)
              must(
                command.kind !== "expire" || atMs < endOf(incident) || !heard.get(incident)?.size,
                `an Expire passes the end of \`${incident}\``,
              )
          }
          for (const [at, { any, atMs }] of history.entries()) send(any, atMs, at + 1)
          const muchLater = 3_000_000_000
          if (isForgotten)
            for (let n = 1; n <= 200; n += 1)
              core.apply(
                ledger,
                { kind: "expire", id: { source: "other", n }, done: n - 1, division: "other" },
                muchLater,
              )
          send({ kind: "expire" }, muchLater, 1, "last")
          send({ kind: "expire" }, muchLater, 2, "last")
          const left = [...heard].filter(([, channels]) => channels.size > 0)
          must(
            left.length === 0,
            `nobody hears of the end of ${left.map(([incident]) => incident)}`,
          )
        },
      ),
  },
  {
    id: "T3",
    name: "escalation: each channel of a latch hears so long after the one before, until somebody acknowledges",
    holds: (core) =>
      check(
        historyOf(anyExpire, anyExpire, anyExpire, anyExpire, anyCharge, anyAcknowledge),
        (history) => {
          let latchedAtMs: number | null = null
          let told = 0
          // So that a look may come late for two at once.
          const own = history.map(({ any, atMs }) => ({ any: ofOne(any), atMs: 2 * atMs }))
          for (const { atMs, command, decision } of walk(core, own, PAGES)) {
            const looks = command.kind !== "acknowledge" || latchedAtMs !== null
            const due =
              latchedAtMs === null || !looks
                ? []
                : ["second", "third"].filter((_, at) => {
                    const dueAtMs = (latchedAtMs ?? 0) + (at + 1) * EVERY_MS
                    return at >= told && dueAtMs <= atMs
                  })
            const heard = decision.events.flatMap((event) =>
              event.kind === "escalation" ? event.channels : [],
            )
            must(`${heard}` === `${due}`, `${heard} hear, not ${due}`)
            told += due.length
            const levels = decision.events.filter(({ kind }) => kind === "tier")
            for (const level of levels)
              must(!level.channels.includes("second"), "the second hears with the first")
            if (command.kind === "charge" && latchedAtMs === null) {
              latchedAtMs = atMs
              told = 0
            }
            if (command.kind === "acknowledge") latchedAtMs = null
          }
        },
      ),
  },
]

/** The incident of the opening that levels have led to: they are told right before it, under it. */
const openedAfter = (
  events: readonly DomainEvent[],
  from: number,
  account: string,
): string | undefined => {
  const next = events.slice(from).find((event) => event.kind !== "tier")
  const isOpened =
    events[from]?.kind === "circuit" ||
    (events[from]?.kind === "tier" && next?.kind === "circuit" && next.account === account)
  if (!isOpened || next?.kind !== "circuit") return undefined
  return next.state === "open" || next.state === "latched"
    ? `${account}/${next.generation}`
    : undefined
}

/** The end of the period in which an incident of a meter is, `account@start`. */
const endOf = (incident: string): number => Number(/@(\d+)/.exec(incident)?.[1] ?? 0) + PERIOD_MS

/** The same of one account, and every charge reaches another level of its latch. */
const ofOne = (any: Any): Any => {
  if (any.kind === "charge") return { ...any, accounts: ["a"], amount: CAP }
  return any.kind === "acknowledge" ? { ...any, account: "a", upTo: 100 as const } : any
}
