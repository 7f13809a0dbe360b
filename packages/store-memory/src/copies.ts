import type { DomainEvent } from "@spendfuse/core/domain"
import type { OutboxRow, Page } from "@spendfuse/core/ports"

/** Rows for whoever reads them: what a notifier does to its events, no other channel sees, and no log. */
export const copiesOfRows = <Row extends OutboxRow>(rows: readonly Row[]): readonly Row[] =>
  rows.map((row) => ({ ...row, event: copyOf(row.event) }))

/** A page of a log for whoever reads it. */
export const copyOfPage = ({ items, next }: Page<DomainEvent>): Page<DomainEvent> => ({
  items: items.map(copyOf),
  next,
})

/** Beside its channels an event has plain values alone. */
const copyOf = (event: DomainEvent): DomainEvent => ({ ...event, channels: [...event.channels] })
