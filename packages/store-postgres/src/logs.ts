import type { DomainEvent } from "@spendfuse/core/domain"
import type { DeadLetter, LogQuery, Page } from "@spendfuse/core/ports"
import type { Query, Row } from "./client.ts"
import { eventOf, rowOf, textOf } from "./read.ts"

interface LogsOptions {
  readonly query: Query
  readonly schema: string
}

/** What was told, what operators did, and what could not be delivered: to be read by pages. */
export class Logs {
  readonly #options: LogsOptions

  constructor(options: LogsOptions) {
    this.#options = options
  }

  events(query: LogQuery): Promise<Page<DomainEvent>> {
    return this.#page("event", query)
  }

  audit(query: LogQuery): Promise<Page<DomainEvent>> {
    return this.#page("audit", query)
  }

  async unheard({ after, limit }: LogQuery): Promise<Page<DomainEvent>> {
    const { query, schema } = this.#options
    const [xid, seq] = after === undefined ? [null, null] : placeOf(after)
    const sql = `select * from ${schema}.spendfuse_unheard($1, $2, $3)`
    return pageOf(await query(sql, [xid, seq, String(limit)]))
  }

  async deadLetters({ after, latest, limit }: LogQuery): Promise<Page<DeadLetter>> {
    const { query, schema } = this.#options
    const table = `select seq as place, row from ${schema}.dead_letter`
    const rows = isLatest(after, latest)
      ? (await query(`${table} order by seq desc limit $1`, [String(limit)])).toReversed()
      : await query(`${table} where seq > $1 order by seq limit $2`, [
          numberOf(after ?? "0"),
          String(limit),
        ])
    return { items: rows.map(({ row }) => deadOf(row as Row)), next: nextOf(rows) }
  }

  /** Nothing is shown before all that could come earlier has ended: no cursor skips it. */
  async #page(table: "event" | "audit", query: LogQuery): Promise<Page<DomainEvent>> {
    const { after, latest, limit } = query
    const { query: ask, schema } = this.#options
    const head = `select xid::text || '-' || seq::text as place, body from ${schema}.${table}
      where xid < pg_snapshot_xmin(pg_current_snapshot())`
    if (isLatest(after, latest)) {
      const rows = await ask(`${head} order by xid desc, seq desc limit $1`, [String(limit)])
      return pageOf(rows.toReversed())
    }
    const [xid, seq] = placeOf(after ?? "0-0")
    const sql = `${head} and (xid, seq) > ($1::xid8, $2) order by xid, seq limit $3`
    return pageOf(await ask(sql, [xid, seq, String(limit)]))
  }
}

const isLatest = (after: string | undefined, latest: true | undefined): boolean =>
  latest === true && after === undefined

const pageOf = (rows: readonly Row[]): Page<DomainEvent> => ({
  items: rows.map(({ body }) => eventOf(body)),
  next: nextOf(rows),
})

const nextOf = (rows: readonly Row[]): string | null =>
  rows.length === 0 ? null : String(rows.at(-1)?.place)

const deadOf = (row: Row): DeadLetter => ({
  ...rowOf(row.channel, row.event),
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

/** That of a dead letter is its number alone. */
const numberOf = (cursor: string): string => {
  if (!/^\d{1,18}$/.test(cursor)) throw strange(cursor)
  return cursor
}

const strange = (cursor: string): RangeError =>
  new RangeError(`cursor \`${cursor.slice(0, 40)}\` is none of this store's; use a page's \`next\``)
