import type { DomainEvent, Page } from "@spendfuse/core"

const KEPT = 1_000

/** The latest events, kept in this process for whoever looks. */
export interface EventLog {
  /** Goes to `createSpendfuse` as its `onEvent`. */
  readonly onEvent: (event: DomainEvent) => void
  /**
   * Events after a cursor, oldest first; from the oldest kept without one, and after the cursor of another
   * process.
   *
   * @throws RangeError where the cursor is none
   */
  readonly page: (query: { readonly after?: string; readonly limit: number }) => Page<DomainEvent>
}

/**
 * Keeps the latest events, 1,000 unless `keep` says another number, for the admin API to show. The store's own
 * log is not for looking: who reads on in it says that the events before were heard.
 *
 * @example const events = eventLog() // createSpendfuse({ …, onEvent: events.onEvent }), adminApi({ …, events })
 */
export const eventLog = ({ keep = KEPT }: { readonly keep?: number } = {}): EventLog => {
  if (!Number.isSafeInteger(keep) || keep < 1)
    throw new TypeError("`keep` must be 1 or more events")
  const process = crypto.randomUUID()
  let items: DomainEvent[] = []
  let gone = 0
  return {
    onEvent: (event) => {
      items.push(event)
      if (items.length < 2 * keep) return
      gone += items.length - keep
      items = items.slice(-keep)
    },
    page: ({ after, limit }) => {
      const [, of, number] = /^([0-9a-f-]{36})\.(\d{1,15})$/.exec(after ?? `${process}.0`) ?? []
      if (of === undefined) throw new RangeError("the cursor is none of this log's")
      const oldest = gone + Math.max(0, items.length - keep)
      const start = Math.max(oldest, of === process ? Number(number) : 0)
      const found = items.slice(start - gone, start - gone + limit)
      const end = start + found.length
      return { items: found, next: found.length === 0 ? null : `${process}.${end}` }
    },
  }
}
