import type { DomainEvent } from "@spendfuse/core/domain"
import type { OutboxRow } from "@spendfuse/core/ports"
import { encodeText, type Plain, toPlain } from "@spendfuse/core/wire"
import type { Query } from "./client.ts"
import { rowOf } from "./read.ts"

interface OutboxOptions {
  readonly query: Query
  readonly schema: string
  readonly nowMs: (() => number) | undefined
}

/** Events to be told: who takes which rows, and what became of them. */
export class Outbox {
  readonly #options: OutboxOptions

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
    return rows.map(({ channel: of, body, due_ms, attempts, created_ms }) => ({
      ...rowOf(of, body),
      dueAtMs: Number(due_ms),
      attempts: Number(attempts),
      createdAtMs: Number(created_ms),
    }))
  }

  async confirm(ids: readonly string[]): Promise<void> {
    const { query, schema } = this.#options
    await query(`select ${schema}.spendfuse_confirm($1)`, [ids.map(encodeText)])
  }

  async retry(ids: readonly string[], dueAtMs: number): Promise<void> {
    const { query, schema } = this.#options
    const due = String(Math.ceil(dueAtMs))
    await query(`select ${schema}.spendfuse_retry($1, $2)`, [ids.map(encodeText), due])
  }

  async deadLetter(
    ids: readonly string[],
    why: string,
    tell: readonly DomainEvent[] = [],
  ): Promise<void> {
    const { query, schema } = this.#options
    await query(`select ${schema}.spendfuse_dead($1, $2, $3, $4)`, [
      ids.map(encodeText),
      encodeText(why),
      JSON.stringify(tell.map(eventToWire)),
      this.#now,
    ])
  }

  async resend(ids: readonly string[]): Promise<number> {
    const { query, schema } = this.#options
    const sql = `select ${schema}.spendfuse_resend($1, $2) as known`
    const [row] = await query(sql, [ids.map(encodeText), this.#now])
    return Number(row?.known)
  }

  get #now(): string | null {
    const { nowMs } = this.#options
    return nowMs === undefined ? null : String(nowMs())
  }
}

/** As the step writes one: an event of a tier says, in place of its label, what that is made of. */
const eventToWire = (event: DomainEvent): Plain => {
  if (event.kind !== "tier") return toPlain(event)
  const { label, ...rest } = event
  const percent = label.endsWith("%") ? Number(label.slice(0, -1)) : null
  return toPlain({ ...rest, tier: { at: event.level, repeat: 0, percent } })
}
