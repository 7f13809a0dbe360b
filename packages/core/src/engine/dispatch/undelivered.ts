import type { DomainEvent, UndeliveredEvent } from "../../domain/event.ts"
import type { EpochMs } from "../../domain/time.ts"
import type { OutboxRow } from "../../ports/Store.ts"

/** Rows that died together, and the event that tells of them. */
export interface Died {
  readonly rows: readonly OutboxRow[]
  readonly event: UndeliveredEvent
}

/** A channel that could not tell rows of one account, and all channels in the host's order. */
export interface Death {
  readonly channel: string
  readonly order: readonly string[]
  readonly why: string
  readonly atMs: EpochMs
}

/**
 * What is told of rows that one channel could not deliver: to the next channel in the order, round to its
 * start, which has not failed on the same thing before. Where none is left the event has no channels, and only
 * the hook hears it. Rows with the same history are one event.
 */
export const undelivered = (rows: readonly OutboxRow[], death: Death): readonly Died[] => {
  const byHistory = new Map<string, OutboxRow[]>()
  for (const row of rows) {
    const failed = JSON.stringify(failedOn(row.event, death.order))
    byHistory.set(failed, [...(byHistory.get(failed) ?? []), row])
  }
  return [...byHistory.values()].map((some) => ({ rows: some, event: eventOf(some, death) }))
}

const eventOf = (
  rows: readonly OutboxRow[],
  { channel, order, why, atMs }: Death,
): UndeliveredEvent => {
  const [first] = rows as [OutboxRow, ...OutboxRow[]]
  const failed = [channel, ...failedOn(first.event, order)]
  const at = order.indexOf(channel)
  const others = [...order.slice(at + 1), ...order.slice(0, at)]
  const next = others.find((name) => !failed.includes(name))
  return {
    kind: "undelivered",
    // One that was sent again and dies again is another death, and must not be taken for the one that is known.
    id: `${first.id}/undelivered/${first.createdAtMs}`,
    atMs,
    channels: next === undefined ? [] : [next],
    account: first.account,
    incident: rows.map(({ event }) => incidentOf(event)).find((found) => found !== null) ?? null,
    channel,
    why,
    count: rows.length,
  }
}

const incidentOf = (event: DomainEvent): string | null =>
  "incident" in event ? event.incident : null

/** Channels that failed on the same thing before. An `undelivered` names the last one, its id those before. */
const failedOn = (event: DomainEvent, order: readonly string[]): readonly string[] => {
  if (event.kind !== "undelivered") return []
  const failed = [event.channel]
  let id = diedOf(event.id)?.slice(0, -`#${event.channel}`.length) ?? ""
  for (;;) {
    const row = diedOf(id)
    const before = order
      .filter((name) => row?.endsWith(`#${name}`))
      .sort((one, other) => other.length - one.length)[0]
    if (row === undefined || before === undefined) return failed
    failed.push(before)
    id = row.slice(0, -`#${before}`.length)
  }
}

/** The row that died, of an id that tells of a death. */
const diedOf = (id: string): string | undefined => /^(.*)\/undelivered\/\d+$/s.exec(id)?.[1]
