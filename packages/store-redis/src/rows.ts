import type { DomainEvent } from "@spendfuse/core/domain"
import { type DeadLetter, type OutboxRow, StoreCorrupt } from "@spendfuse/core/ports"
import { decodeText, eventFromWire } from "@spendfuse/core/wire"

/**
 * Reads a row as a script answers it: id, channel, account, event, due, attempts, created.
 *
 * @throws StoreCorrupt
 */
export const rowOf = (store: string, fields: readonly unknown[]): OutboxRow => {
  const [id, channel, account, event, dueAtMs, attempts, createdAtMs] = fields
  return {
    id: textOf(store, id),
    channel: textOf(store, channel),
    account: textOf(store, account),
    event: eventOf(store, event),
    dueAtMs: numberOf(store, dueAtMs),
    attempts: numberOf(store, attempts),
    createdAtMs: numberOf(store, createdAtMs),
  }
}

/** A row, and why it could not be delivered. */
export const deadLetterOf = (store: string, fields: readonly unknown[]): DeadLetter => ({
  ...rowOf(store, fields),
  why: textOf(store, fields[7]),
})

/** @throws StoreCorrupt where it is no event, or one of a newer version */
export const eventOf = (store: string, body: unknown): DomainEvent => {
  let plain: unknown
  try {
    plain = JSON.parse(String(body))
  } catch {
    throw new StoreCorrupt(store, "an event of the outbox is not JSON")
  }
  const read = eventFromWire(plain)
  if (!read.ok) throw new StoreCorrupt(store, read.reason)
  return read.value
}

const textOf = (store: string, encoded: unknown): string => {
  const text = typeof encoded === "string" ? decodeText(encoded) : undefined
  if (text === undefined) throw new StoreCorrupt(store, "a text of the outbox cannot be read")
  return text
}

const numberOf = (store: string, text: unknown): number => {
  const value = typeof text === "string" && /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new StoreCorrupt(store, "a number of the outbox is none")
  return value
}
