import type { DomainEvent } from "@spendfuse/core/domain"
import {
  type DeadLetter,
  type LogQuery,
  type OutboxRow,
  type Page,
  StoreCorrupt,
} from "@spendfuse/core/ports"
import { type Decoded, decodeText, encodeText, eventFromWire } from "@spendfuse/core/wire"
import type { Query, Row } from "./client.ts"
import { NAME } from "./errors.ts"

interface OutboxOptions {
  readonly query: Query
  readonly schema: string
  readonly nowMs: (() => number) | undefined
}

/** Events to be told, the log of all of them, and what operators did. */
export class Outbox {
  readonly #options: OutboxOptions
  /** Where a reader of the log begins that has no cursor: what this process found unheard. */
  #start: Promise<string> | null = null

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  async claim(channel: string, limit: number, leaseMs: number): Promise<readonly OutboxRow[]> {
    const { query, schema } = this.#options
    const rows = await query(`select * from ${schema}.spendfuse_claim($1, $2, $3, $4)`, [
      encodeText(channel),
      String(limit),
      String(Math.ceil(leaseMs)),
      this.#now,
    ])
    return rows.map(({ id, channel: of, account, body, due_ms, attempts, created_ms }) => ({
      id: textOf(id),
      channel: textOf(of),
      account: textOf(account),
      event: eventOf(body),
      dueAtMs: Number(due_ms),
      attempts: Number(attempts),
      createdAtMs: Number(created_ms),
    }))
  }

  async ended(ids: readonly string[], verb: Verb, due = 0, why = ""): Promise<void> {
    const { query, schema } = this.#options
    await query(`select ${schema}.spendfuse_ended($1, $2, $3, $4)`, [
      ids.map(encodeText),
      verb,
      String(Math.ceil(due)),
      encodeText(why),
    ])
  }

  async events({ after, limit }: LogQuery): Promise<Page<DomainEvent>> {
    const { query, schema } = this.#options
    const cursor = after === undefined ? undefined : placeOf(after)
    const start = await this.#begin()
    const [xid, seq] = cursor ?? placeOf(start)
    const says = after !== undefined
    return pageOf(
      await query(`select * from ${schema}.spendfuse_events($1, $2, $3, $4)`, [
        xid,
        seq,
        String(limit),
        says,
      ]),
    )
  }

  async audit({ after = "0-0", limit }: LogQuery): Promise<Page<DomainEvent>> {
    const { query, schema } = this.#options
    const [xid, seq] = placeOf(after)
    return pageOf(
      await query(`select * from ${schema}.spendfuse_audit($1, $2, $3)`, [xid, seq, String(limit)]),
    )
  }

  async deadLetters({ after = "0", limit }: LogQuery): Promise<Page<DeadLetter>> {
    if (!/^\d{1,18}$/.test(after)) throw strange(after)
    const { query, schema } = this.#options
    const rows = await query(
      `select seq, row from ${schema}.dead_letter where seq > $1 order by seq limit $2`,
      [after, String(limit)],
    )
    return {
      items: rows.map(({ row }) => deadOf(row as Record<string, unknown>)),
      next: rows.length === 0 ? null : String(rows.at(-1)?.seq),
    }
  }

  /** Looked up before the first page, whoever asks for it; again where that failed. */
  #begin(): Promise<string> {
    const { query, schema } = this.#options
    this.#start ??= query(`select ${schema}.spendfuse_heard() as place`).then(
      ([row]) => String(row?.place),
      (error: unknown) => {
        this.#start = null
        throw error
      },
    )
    return this.#start
  }

  get #now(): string | null {
    const { nowMs } = this.#options
    return nowMs === undefined ? null : String(nowMs())
  }
}

/** What became of rows. */
export type Verb = "confirm" | "retry" | "dead"

const pageOf = (rows: readonly Row[]): Page<DomainEvent> => ({
  items: rows.map(({ body }) => eventOf(body)),
  next: rows.length === 0 ? null : String(rows.at(-1)?.place),
})

const deadOf = (row: Record<string, unknown>): DeadLetter => ({
  id: textOf(row.id),
  channel: textOf(row.channel),
  account: textOf(row.account),
  event: eventOf(row.event),
  dueAtMs: Number(row.dueAtMs),
  attempts: Number(row.attempts),
  createdAtMs: Number(row.createdAtMs),
  why: textOf(row.why),
})

/** A cursor is the place of an event: its transaction, and its number. */
const placeOf = (cursor: string): readonly [string, string] => {
  const [, xid, seq] = /^(\d{1,19})-(\d{1,18})$/.exec(cursor) ?? []
  if (xid === undefined || seq === undefined) throw strange(cursor)
  return [xid, seq]
}

const strange = (cursor: string): RangeError =>
  new RangeError(`cursor \`${cursor.slice(0, 40)}\` is none of this store's; use a page's \`next\``)

const eventOf = (body: unknown): DomainEvent => kept(eventFromWire(body))

const textOf = (value: unknown): string => {
  const text = decodeText(String(value))
  if (text === undefined) throw new StoreCorrupt(NAME, "a text is not one that was written here")
  return text
}

const kept = <Value>(decoded: Decoded<Value>): Value => {
  if (!decoded.ok) throw new StoreCorrupt(NAME, decoded.reason)
  return decoded.value
}
