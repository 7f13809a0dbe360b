import type { DomainEvent } from "@spendfuse/core/domain"
import type { DeadLetter, LogQuery, OutboxRow, Page } from "@spendfuse/core/ports"

/** What happened to rows of the outbox, as a journal keeps it. */
export type OutboxChange =
  | { readonly kind: "confirm"; readonly ids: readonly string[] }
  | { readonly kind: "retry"; readonly ids: readonly string[]; readonly dueAtMs: number }
  | { readonly kind: "dead"; readonly ids: readonly string[]; readonly why: string }

/** All that an outbox must keep. */
export interface OutboxState {
  readonly rows: readonly OutboxRow[]
  readonly dead: readonly DeadLetter[]
  readonly audit: readonly DomainEvent[]
}

interface Queue {
  /** Oldest first. */
  readonly rows: OutboxRow[]
  leasedUntilMs: number
}

/**
 * Events to be told: a queue per channel and account, so that each is heard in order; the log of all
 * events, and what operators did.
 */
export class Outbox {
  readonly #channels = new Map<string, Map<string, Queue>>()
  readonly #places = new Map<string, Queue>()
  readonly #dead: DeadLetter[] = []
  readonly #audit: DomainEvent[] = []
  readonly #log: DomainEvent[] = []
  readonly #keptMax: number
  /** Number of the first event of the log that is kept. */
  #first = 0

  constructor(keptMax: number) {
    this.#keptMax = keptMax
  }

  /** Writes the rows of what one step raised. */
  write(events: readonly DomainEvent[], atMs: number): void {
    for (const event of events) {
      this.#append(event)
      if (event.kind === "audit") this.#audit.push(event)
      const account = "account" in event ? event.account : ""
      for (const channel of event.channels) {
        const id = `${event.id}#${channel}`
        this.#put({ id, channel, account, event, dueAtMs: atMs, attempts: 0, createdAtMs: atMs })
      }
    }
  }

  /** Due rows of one account, oldest first; none of an account whose earlier rows wait or are claimed. */
  claim(channel: string, limit: number, leaseMs: number, nowMs: number): readonly OutboxRow[] {
    const queues = this.#channels.get(channel)
    if (queues === undefined) return []
    for (const queue of queues.values()) {
      if (queue.leasedUntilMs > nowMs) continue
      const due: OutboxRow[] = []
      for (const row of queue.rows) {
        if (row.dueAtMs > nowMs || due.length >= limit) break
        due.push(row)
      }
      if (due.length === 0) continue
      queue.leasedUntilMs = nowMs + leaseMs
      return due
    }
    return []
  }

  apply(change: OutboxChange): void {
    for (const id of change.ids) {
      const queue = this.#places.get(id)
      if (queue === undefined) continue
      const at = queue.rows.findIndex((row) => row.id === id)
      const row = queue.rows[at]
      if (row === undefined) continue
      queue.leasedUntilMs = 0
      if (change.kind === "retry") {
        queue.rows[at] = { ...row, dueAtMs: change.dueAtMs, attempts: row.attempts + 1 }
        continue
      }
      queue.rows.splice(at, 1)
      this.#places.delete(id)
      if (queue.rows.length === 0) this.#channels.get(row.channel)?.delete(row.account)
      if (change.kind === "dead") this.#dead.push({ ...row, why: change.why })
    }
  }

  events({ after, limit }: LogQuery): Page<DomainEvent> {
    const from = Math.max(0, (after === undefined ? 0 : Number(after)) - this.#first)
    return this.#page(this.#log, from, limit, this.#first)
  }

  audit({ after, limit }: LogQuery): Page<DomainEvent> {
    return this.#page(this.#audit, Number(after ?? 0), limit, 0)
  }

  deadLetters({ after, limit }: LogQuery): Page<DeadLetter> {
    return this.#page(this.#dead, Number(after ?? 0), limit, 0)
  }

  get state(): OutboxState {
    const rows = [...this.#channels.values()].flatMap((queues) =>
      [...queues.values()].flatMap((queue) => queue.rows),
    )
    return { rows, dead: [...this.#dead], audit: [...this.#audit] }
  }

  load({ rows, dead, audit }: OutboxState): void {
    for (const row of rows) this.#put(row)
    this.#dead.push(...dead)
    this.#audit.push(...audit)
  }

  #put(row: OutboxRow): void {
    if (this.#places.has(row.id)) return
    const queues = this.#channels.get(row.channel) ?? new Map<string, Queue>()
    this.#channels.set(row.channel, queues)
    const queue = queues.get(row.account) ?? { rows: [], leasedUntilMs: 0 }
    queues.set(row.account, queue)
    queue.rows.push(row)
    this.#places.set(row.id, queue)
  }

  #append(event: DomainEvent): void {
    this.#log.push(event)
    if (this.#log.length < this.#keptMax * 2) return
    const dropped = this.#log.length - this.#keptMax
    this.#log.splice(0, dropped)
    this.#first += dropped
  }

  #page<Item>(items: readonly Item[], from: number, limit: number, first: number): Page<Item> {
    const page = items.slice(from, from + limit)
    return { items: page, next: page.length === 0 ? null : String(first + from + page.length) }
  }
}
