import type { DomainEvent } from "@spendfuse/core/domain"
import { type OutboxRow, StoreCorrupt } from "@spendfuse/core/ports"
import { decodeText, eventFromWire } from "@spendfuse/core/wire"
import { NAME } from "./errors.ts"

/** @throws StoreCorrupt */
export const eventOf = (body: unknown): DomainEvent => {
  const decoded = eventFromWire(body)
  if (!decoded.ok) throw new StoreCorrupt(NAME, decoded.reason)
  return decoded.value
}

/** @throws StoreCorrupt */
export const textOf = (value: unknown): string => {
  const text = decodeText(String(value))
  if (text === undefined) throw new StoreCorrupt(NAME, "a text is not one that was written here")
  return text
}

/**
 * What the event itself says of a row: the server may know both by short names.
 *
 * @throws StoreCorrupt
 */
export const rowOf = (
  channelText: unknown,
  body: unknown,
): Pick<OutboxRow, "id" | "channel" | "account" | "event"> => {
  const channel = textOf(channelText)
  const event = eventOf(body)
  const account = "account" in event ? event.account : ""
  return { id: `${event.id}#${channel}`, channel, account, event }
}
