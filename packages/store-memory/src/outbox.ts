import type { DomainEvent } from "@spendfuse/core/domain"
import type { DeadLetter, LogQuery, OutboxRow, Page } from "@spendfuse/core/ports"
import { DeadLetters, type KeptLetters } from "./deadLetters.ts"
import { type KeptLog, Log, numberOf } from "./log.ts"

/** What happened to the outbox, as a journal keeps it. */
export type OutboxChange =
  | { readonly kind: "confirm"; readonly ids: readonly string[] }
  | { readonly kind: "retry"; readonly ids: readonly string[]; readonly dueAtMs: number }
  | { readonly kind: "dead"; readonly ids: readonly string[]; readonly why: string }
  /** The same, and what is told of it. */
  | {
      readonly kind: "dead-told"
      readonly ids: readonly string[]
      readonly why: string
      readonly tell: readonly DomainEvent[]
      readonly atMs: number
    }
  | { readonly kind: "resend"; readonly ids: readonly string[]; readonly atMs: number }
  /** A reader of the log asked for what comes after this number: it has all before. */
  | { readonly kind: "heard"; readonly upTo: number }

/** All that an outbox must keep. Leases are not kept: after a restart a claimed row is due again. */
export interface OutboxState {
  readonly rows: readonly OutboxRow[]
  readonly dead: KeptLetters
  readonly audit: KeptLog<DomainEvent>
  /** Of the log only what no reader has heard. */
  readonly events: KeptLog<DomainEvent>
}

/** How many of the latest items each log keeps, and who hears that older ones were dropped unheard or unseen. */
export interface OutboxOptions {
  readonly eventsKept: number
  readonly auditKept: number
  readonly deadLettersKept: number
  readonly onDropped: (what: string, count: number) => void
}

/** Rows of one channel and account, oldest first, and those of them that somebody has claimed. */
interface Queue {
  readonly rows: OutboxRow[]
  readonly claimed: Set<string>
  leasedUntilMs: number
}

/**
 * Events to be told: a queue per channel and account, so that each is heard in order; the log of all
 * events, and what operators did.
 */
export class Outbox {
  readonly #channels = new Map<string, Map<string, Queue>>()
  readonly #places = new Map<string, Queue>()
  readonly #options: OutboxOptions
  readonly #dead: DeadLetters
  readonly #audit: Log<DomainEvent>
  readonly #events: Log<DomainEvent>
  /** All events before this number were heard. */
  #heard = 0
  /** Where a reader begins that has no cursor: what this process found unheard. */
  #start = 0
  #hasReader = false
  #hasBegun = false

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#dead = new DeadLetters(options.deadLettersKept)
    this.#audit = new Log(options.auditKept)
    this.#events = new Log(options.eventsKept)
  }

  /** Writes the rows of what one step raised. */
  write(events: readonly DomainEvent[], atMs: number): void {
    for (const event of events) {
      this.#log(event)
      if (event.kind === "audit") this.#dropped("audit events", this.#audit.push(event))
      const account = "account" in event ? event.account : ""
      for (const channel of event.channels) {
        const id = `${event.id}#${channel}`
        this.#put({ id, channel, account, event, dueAtMs: atMs, attempts: 0, createdAtMs: atMs })
      }
    }
  }

  /**
   * Due rows of one account, oldest first; none of an account whose earlier rows wait or are claimed.
   * Accounts take turns.
   */
  claim(channel: string, limit: number, leaseMs: number, nowMs: number): readonly OutboxRow[] {
    const queues = this.#channels.get(channel)
    if (queues === undefined) return []
    for (const [account, queue] of queues) {
      if (queue.leasedUntilMs > nowMs) continue
      const due: OutboxRow[] = []
      for (const row of queue.rows) {
        if (row.dueAtMs > nowMs || due.length >= limit) break
        due.push(row)
      }
      if (due.length === 0) continue
      queue.leasedUntilMs = nowMs + leaseMs
      queue.claimed.clear()
      for (const { id } of due) queue.claimed.add(id)
      queues.delete(account)
      queues.set(account, queue)
      return due
    }
    return []
  }

  /** When the first row that waits is due and free, epoch milliseconds; infinite where none waits. */
  get dueAtMs(): number {
    let dueAtMs = Number.POSITIVE_INFINITY
    for (const queues of this.#channels.values())
      for (const { rows, leasedUntilMs } of queues.values())
        dueAtMs = Math.min(dueAtMs, Math.max(rows[0]?.dueAtMs ?? dueAtMs, leasedUntilMs))
    return dueAtMs
  }

  /** Answers how many of the ids were known. */
  apply(change: OutboxChange): number {
    switch (change.kind) {
      case "heard":
        this.#heard = Math.min(Math.max(this.#heard, change.upTo), this.#events.next)
        this.#hasReader = true
        return 0
      case "confirm":
        return count(change.ids, (id) => this.#take(id) !== undefined)
      case "retry":
        return count(change.ids, (id) => this.#putOff(id, change.dueAtMs))
      case "dead":
        return count(change.ids, (id) => this.#die(id, change.why))
      case "dead-told": {
        const known = count(change.ids, (id) => this.#die(id, change.why))
        if (known > 0) this.write(change.tell, change.atMs)
        return known
      }
      case "resend":
        return count(change.ids, (id) => this.#sendAgain(id, change.atMs))
    }
  }

  /** What a reader says by asking for what comes after `after`; null where it says nothing new. */
  heardBy({ after }: LogQuery): OutboxChange | null {
    if (after === undefined) return null
    const upTo = Math.min(numberOf(after), this.#events.next)
    return upTo > this.#heard ? { kind: "heard", upTo } : null
  }

  events(query: LogQuery): Page<DomainEvent> {
    return this.#events.page(query)
  }

  unheard({ after, limit }: LogQuery): Page<DomainEvent> {
    const cursor = after === undefined ? {} : { after }
    return this.#events.page({ ...cursor, limit }, this.#start)
  }

  audit(query: LogQuery): Page<DomainEvent> {
    return this.#audit.page(query)
  }

  deadLetters(query: LogQuery): Page<DeadLetter> {
    return this.#dead.page(query)
  }

  get state(): OutboxState {
    const rows = [...this.#channels.values()].flatMap((queues) =>
      [...queues.values()].flatMap((queue) => queue.rows),
    )
    return {
      rows,
      dead: this.#dead.kept,
      audit: this.#audit.keptFrom(0),
      events: this.#events.keptFrom(this.#heard),
    }
  }

  load({ rows, dead, audit, events }: OutboxState): void {
    for (const row of rows) this.#put(row)
    this.#dead.load(dead)
    this.#audit.load(audit)
    this.#events.load(events)
    this.#heard = events.first
  }

  /** All that was kept is here: who reads from now on begins with what nobody has heard. */
  begin(): void {
    this.#start = this.#heard
    this.#hasBegun = true
  }

  #take(id: string): OutboxRow | undefined {
    const queue = this.#answered(id)
    const at = queue?.rows.findIndex((row) => row.id === id) ?? -1
    const [row] = at < 0 ? [] : (queue?.rows.splice(at, 1) ?? [])
    if (row === undefined) return undefined
    this.#places.delete(id)
    if (queue?.rows.length === 0) this.#channels.get(row.channel)?.delete(row.account)
    return row
  }

  /** The queue of a row whose claim has an answer. A late one must not end the lease of who took over. */
  #answered(id: string): Queue | undefined {
    const queue = this.#places.get(id)
    if (queue?.claimed.delete(id) === true && queue.claimed.size === 0) queue.leasedUntilMs = 0
    return queue
  }

  #putOff(id: string, dueAtMs: number): boolean {
    const queue = this.#answered(id)
    const at = queue?.rows.findIndex((row) => row.id === id) ?? -1
    const row = queue?.rows[at]
    if (queue === undefined || row === undefined) return false
    queue.rows[at] = { ...row, dueAtMs, attempts: row.attempts + 1 }
    return true
  }

  #die(id: string, why: string): boolean {
    const row = this.#take(id)
    if (row === undefined) return false
    this.#dropped("dead letters", this.#dead.push({ ...row, why }))
    return true
  }

  #sendAgain(id: string, atMs: number): boolean {
    const letter = this.#dead.take(id)
    if (letter === undefined) return false
    const { why: _, ...row } = letter
    this.#put({ ...row, dueAtMs: atMs, attempts: 0, createdAtMs: atMs })
    return true
  }

  #put(row: OutboxRow): void {
    if (this.#places.has(row.id)) return
    const queues = this.#channels.get(row.channel) ?? new Map<string, Queue>()
    this.#channels.set(row.channel, queues)
    const queue = queues.get(row.account) ?? { rows: [], claimed: new Set(), leasedUntilMs: 0 }
    queues.set(row.account, queue)
    queue.rows.push(row)
    this.#places.set(row.id, queue)
  }

  /** Drops in silence what was heard, or what nobody listens to: only a reader that falls behind loses something. */
  #log(event: DomainEvent): void {
    this.#events.push(event)
    const lost = this.#events.first - this.#heard
    if (lost <= 0) return
    if (this.#hasReader) this.#dropped("events that the hook has not heard", lost)
    this.#heard = this.#events.first
  }

  /** What is rebuilt was told when it happened. */
  #dropped(what: string, dropped: number): void {
    if (dropped > 0 && this.#hasBegun) this.#options.onDropped(what, dropped)
  }
}

const count = (ids: readonly string[], isKnown: (id: string) => boolean): number =>
  ids.filter(isKnown).length
