import type { DomainEvent } from "../../domain/event.ts"
import type { DeadLetter, OutboxRow } from "../../ports/Store.ts"
import { canonical } from "./compare.ts"
import { Differs } from "./failure.ts"

/** Rows of one channel and account, oldest first, and which of them somebody has. */
interface Queue {
  readonly rows: OutboxRow[]
  readonly claimed: Set<string>
  leasedUntilMs: number
}

/** What an outbox must hold: written by what the core raised, and by what was said of rows since. */
export class Told {
  readonly #queues = new Map<string, Queue>()
  /** What became dead letters, oldest first. */
  readonly dead: DeadLetter[] = []
  /** How many claims found rows. */
  found = 0

  write(events: readonly DomainEvent[], atMs: number): void {
    for (const event of events)
      for (const channel of event.channels) {
        const account = "account" in event ? event.account : ""
        const id = `${event.id}#${channel}`
        const queue = this.#queueOf(channel, account)
        if (queue.rows.some((row) => row.id === id)) continue
        const row = { id, channel, account, event, dueAtMs: atMs, attempts: 0, createdAtMs: atMs }
        queue.rows.push(row)
      }
  }

  get channels(): readonly string[] {
    const names = [...this.#queues.values()].flatMap(({ rows }) =>
      rows.map(({ channel }) => channel),
    )
    return [...new Set(names)].sort()
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return [...this.#queues.values()].every(({ rows }) => rows.length === 0)
  }

  /** When the next row that waits is due and free; infinite where none waits. */
  get nextMs(): number {
    return Math.min(
      ...[...this.#queues.values()].map(({ rows, leasedUntilMs }) =>
        rows[0] === undefined ? Number.POSITIVE_INFINITY : Math.max(rows[0].dueAtMs, leasedUntilMs),
      ),
    )
  }

  /** Judges a claim: the first rows of one account that is free, whichever it is; none only where none is due. */
  claim(claimed: readonly OutboxRow[], how: Claim): void {
    const { channel, limit, leaseMs, nowMs } = how
    const [first] = claimed
    if (first === undefined) {
      const free = this.#freeOf(how)
      if (free !== undefined) throw new Differs(null, `a claim of ${channel}`, free, [])
      return
    }
    const queue = this.#queueOf(channel, first.account)
    if (queue.leasedUntilMs > nowMs)
      throw new Differs(null, `a claim of ${channel} while another has it`, [], claimed)
    const due = dueOf(queue, nowMs).slice(0, limit)
    if (canonical(claimed) !== canonical(due))
      throw new Differs(null, `a claim of ${channel}`, due, claimed)
    this.found += 1
    queue.leasedUntilMs = nowMs + leaseMs
    queue.claimed.clear()
    for (const { id } of due) queue.claimed.add(id)
  }

  confirm(ids: readonly string[]): void {
    for (const id of ids) this.#take(id)
  }

  /** What may be told of rows that die: an event about the first of them, for this channel; none where there is none. */
  undelivered(ids: readonly string[], channel: string): readonly DomainEvent[] {
    const [id] = ids
    const row = [...this.#queues.values()]
      .flatMap(({ rows }) => rows)
      .find((waiting) => waiting.id === id)
    if (row === undefined) return []
    const { account, channel: of } = row
    const made = { kind: "undelivered", atMs: row.createdAtMs, channels: [channel] } as const
    const why = "\ud800 gone \u0000"
    return [
      { ...made, id: `${id}/undelivered`, account, incident: null, channel: of, why, count: 1 },
    ]
  }

  /** Answers how many of the ids were known: only where some were is anything told. */
  deadLetter(ids: readonly string[], how: Death): number {
    const { why, tell, nowMs } = how
    const rows = ids.flatMap((id) => this.#take(id) ?? [])
    for (const row of rows) {
      const before = this.dead.findIndex(({ id }) => id === row.id)
      if (before >= 0) this.dead.splice(before, 1)
      this.dead.push({ ...row, why })
    }
    if (rows.length > 0) this.write(tell, nowMs)
    return rows.length
  }

  /** Answers how many of the ids were dead letters. */
  resend(ids: readonly string[], atMs: number): number {
    let known = 0
    for (const id of ids) {
      const at = this.dead.findIndex((letter) => letter.id === id)
      const [letter] = at < 0 ? [] : this.dead.splice(at, 1)
      if (letter === undefined) continue
      known += 1
      const { why: _, ...row } = letter
      const queue = this.#queueOf(row.channel, row.account)
      if (queue.rows.some((waiting) => waiting.id === id)) continue
      queue.rows.push({ ...row, dueAtMs: atMs, attempts: 0, createdAtMs: atMs })
    }
    return known
  }

  retry(ids: readonly string[], dueAtMs: number): void {
    for (const id of ids) {
      const queue = this.#holding(id)
      if (queue === undefined) continue
      const at = queue.rows.findIndex((row) => row.id === id)
      const row = queue.rows[at] as OutboxRow
      queue.rows[at] = { ...row, dueAtMs, attempts: row.attempts + 1 }
    }
  }

  /** A row whose claim has an answer; the last one frees its account. */
  #holding(id: string): Queue | undefined {
    const queue = [...this.#queues.values()].find(({ rows }) => rows.some((row) => row.id === id))
    if (queue?.claimed.delete(id) === true && queue.claimed.size === 0) queue.leasedUntilMs = 0
    return queue
  }

  #take(id: string): OutboxRow | undefined {
    const queue = this.#holding(id)
    if (queue === undefined) return undefined
    const at = queue.rows.findIndex((row) => row.id === id)
    return queue.rows.splice(at, 1)[0]
  }

  #freeOf({ channel, nowMs }: Claim): readonly OutboxRow[] | undefined {
    return [...this.#queues.values()]
      .filter(({ rows, leasedUntilMs }) => rows[0]?.channel === channel && leasedUntilMs <= nowMs)
      .map((queue) => dueOf(queue, nowMs))
      .find((rows) => rows.length > 0)
  }

  #queueOf(channel: string, account: string): Queue {
    const key = JSON.stringify([channel, account])
    const queue = this.#queues.get(key) ?? { rows: [], claimed: new Set(), leasedUntilMs: 0 }
    this.#queues.set(key, queue)
    return queue
  }
}

/** Why rows died, and what is told of it. */
export interface Death {
  readonly why: string
  readonly tell: readonly DomainEvent[]
  readonly nowMs: number
}

export interface Claim {
  readonly channel: string
  readonly limit: number
  readonly leaseMs: number
  readonly nowMs: number
}

/** What may be told now: no row before one that waits. */
const dueOf = ({ rows }: Queue, nowMs: number): readonly OutboxRow[] => {
  const end = rows.findIndex(({ dueAtMs }) => dueAtMs > nowMs)
  return end < 0 ? rows.slice() : rows.slice(0, end)
}
