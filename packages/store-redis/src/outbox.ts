import type { DomainEvent } from "@spendfuse/core/domain"
import {
  type DeadLetter,
  type LogQuery,
  type OutboxRow,
  type Page,
  StoreCorrupt,
} from "@spendfuse/core/ports"
import { encodeText, toPlain } from "@spendfuse/core/wire"
import { type Script, scriptOf } from "./client.ts"
import { Logs } from "./logs.ts"
import { deadLetterOf, eventOf, rowOf } from "./rows.ts"
import { SCRIPTS } from "./scripts.ts"
import type { Shelf } from "./shelf.ts"

interface OutboxOptions {
  readonly shelf: Shelf
  /** Epoch milliseconds; the server's own clock where undefined. */
  readonly nowMs: (() => number) | undefined
  readonly eventsKept: number
  readonly auditKept: number
  readonly deadLettersKept: number
}

/** What was written to be told: rows by channel and account, and the logs. */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #logs: Logs
  /** In which division a row lies that this process claimed. */
  readonly #claimed = new Map<string, string>()
  /** Divisions take turns: the next claim of a channel begins behind the one that had it. */
  readonly #turns = new Map<string, string>()

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#logs = new Logs(options.shelf)
  }

  async claim(channel: string, limit: number, leaseMs: number): Promise<readonly OutboxRow[]> {
    const { shelf } = this.#options
    if (limit < 1) return []
    for (const division of await this.#dueDivisions(channel)) {
      const answer = await shelf.one({
        script: CLAIM,
        keys: [shelf.base(division)],
        args: [encodeText(channel), String(limit), String(leaseMs), this.#now()],
      })
      if (!Array.isArray(answer)) throw new StoreCorrupt(shelf.name, "a claim has no rows")
      if (answer.length === 0) continue
      const rows = answer.map((fields: readonly unknown[]) => rowOf(shelf.name, fields))
      this.#turns.set(channel, division)
      if (shelf.client.isCluster) this.#remember(rows, division)
      return rows
    }
    return []
  }

  confirm(ids: readonly string[]): Promise<void> {
    return this.#ended(ids, { verb: "confirm", word: "" })
  }

  retry(ids: readonly string[], dueAtMs: number): Promise<void> {
    return this.#ended(ids, { verb: "retry", word: String(Math.ceil(dueAtMs)) })
  }

  deadLetter(ids: readonly string[], why: string, tell?: readonly DomainEvent[]): Promise<void> {
    return this.#ended(ids, { verb: "dead", word: encodeText(why), tell })
  }

  /** A dead letter's id does not say its division: every outbox is asked. */
  async resend(ids: readonly string[]): Promise<number> {
    const { shelf } = this.#options
    let known = 0
    for (const division of await shelf.outboxes())
      for (let from = 0; from < ids.length; from += IDS_MAX) {
        const args = [this.#now(), ...ids.slice(from, from + IDS_MAX).map(encodeText)]
        known += Number(await shelf.one({ script: RESEND, keys: [shelf.base(division)], args }))
      }
    return known
  }

  events(query: LogQuery): Promise<Page<DomainEvent>> {
    return this.#logs.page("events", query, this.#readEvent)
  }

  unheard(query: LogQuery): Promise<Page<DomainEvent>> {
    return this.#logs.unheard(query, this.#readEvent)
  }

  audit(query: LogQuery): Promise<Page<DomainEvent>> {
    return this.#logs.page("audit", query, this.#readEvent)
  }

  deadLetters(query: LogQuery): Promise<Page<DeadLetter>> {
    return this.#logs.page("dead", query, (fields) =>
      deadLetterOf(this.#options.shelf.name, fields),
    )
  }

  readonly #readEvent = ([, event]: readonly unknown[]): DomainEvent =>
    eventOf(this.#options.shelf.name, event)

  /** What is told goes where the rows were known, and with all of them, so that it goes once. */
  async #ended(ids: readonly string[], { verb, word, tell = [] }: Ending): Promise<void> {
    const { shelf, eventsKept, auditKept, deadLettersKept } = this.#options
    const kept = [deadLettersKept, eventsKept, auditKept].map(String)
    let left = tell.map((event) => JSON.stringify(toPlain(event)))
    for (const [division, some] of await this.#byDivision(ids)) {
      const most = left.length > 0 ? some.length : IDS_MAX
      for (let from = 0; from < some.length; from += most) {
        const args = [this.#now(), verb, word, ...kept, String(left.length), ...left]
        args.push(...some.slice(from, from + most).map(encodeText))
        const known = await shelf.one({ script: ENDED, keys: [shelf.base(division)], args })
        if (Number(known) > 0) left = []
      }
    }
    for (const id of ids) this.#claimed.delete(id)
  }

  /** Whoever did not claim a row itself does not know where it lies: every division is asked. */
  async #byDivision(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const { shelf } = this.#options
    if (!shelf.client.isCluster) return new Map([["*", ids]])
    const found = new Map<string, string[]>()
    const strange: string[] = []
    for (const id of ids) {
      const division = this.#claimed.get(id)
      if (division === undefined) strange.push(id)
      else found.set(division, [...(found.get(division) ?? []), id])
    }
    if (strange.length > 0)
      for (const division of await shelf.divisions.all())
        found.set(division, [...(found.get(division) ?? []), ...strange])
    return found
  }

  /** On one server there is one outbox, and to claim is to look. */
  async #dueDivisions(channel: string): Promise<readonly string[]> {
    const { shelf } = this.#options
    const divisions = await shelf.outboxes()
    if (!shelf.client.isCluster) return divisions
    const args = [encodeText(channel), this.#now()]
    const answers = await shelf.each(
      divisions.map((division) => ({
        division,
        call: { script: DUE, keys: [shelf.base(division)], args },
      })),
    )
    const last = divisions.indexOf(this.#turns.get(channel) ?? "")
    const order = [...divisions.keys()].map((at) => (at + last + 1) % divisions.length)
    return order.flatMap((at) => (answers[at] === 1 ? [divisions[at] as string] : []))
  }

  #remember(rows: readonly OutboxRow[], division: string): void {
    for (const { id } of rows) this.#claimed.set(id, division)
    for (const id of this.#claimed.keys()) {
      if (this.#claimed.size <= CLAIMED_MAX) return
      this.#claimed.delete(id)
    }
  }

  #now(): string {
    const { nowMs } = this.#options
    return nowMs === undefined ? "" : String(nowMs())
  }
}

/** What became of rows. */
interface Ending {
  readonly verb: "confirm" | "retry" | "dead"
  /** When it is due again, or why it is dead. */
  readonly word: string
  readonly tell?: readonly DomainEvent[] | undefined
}

const CLAIM: Script = scriptOf(SCRIPTS.claim)
const DUE: Script = scriptOf(SCRIPTS.due)
const ENDED: Script = scriptOf(SCRIPTS.ended)
const RESEND: Script = scriptOf(SCRIPTS.resend)
const IDS_MAX = 500
const CLAIMED_MAX = 10_000
