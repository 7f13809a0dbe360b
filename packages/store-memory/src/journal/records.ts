import type { Account, Change, DomainEvent, Entry, KeptLedger } from "@spendfuse/core/domain"
import type { DeadLetter, OutboxRow } from "@spendfuse/core/ports"
import { fromJson } from "@spendfuse/core/wire"
import type { KeptLetters } from "../deadLetters.ts"
import type { JournalEntry, Snapshot } from "../entry.ts"
import type { KeptLog } from "../log.ts"
import type { OutboxChange, OutboxState } from "../outbox.ts"
import { FORMAT_VERSION } from "./format.ts"
import { accountOf, changeOf } from "./older.ts"

/** A snapshot as records: one for each thing that is kept, between a first and a last one that counts them. */
export function* recordsOf({ ledger, outbox }: Snapshot): Generator<readonly unknown[]> {
  let count = 0
  yield ["snapshot", { format: FORMAT_VERSION }]
  for (const record of contentsOf(ledger, outbox)) {
    count += 1
    yield record
  }
  yield ["kept", count]
}

/** An entry as a record. */
export const recordOf = (entry: JournalEntry): readonly unknown[] =>
  entry.kind === "decision"
    ? ["decision", entry.atMs, entry.changes, entry.events]
    : ["outbox", entry.change]

/** The value of a record, the shared ones put in. Throws an Error with the reason. */
export const decodeRecord = (body: string, shared: readonly unknown[]): readonly unknown[] => {
  const read = fromJson(body, (number) => shared[number])
  if (!read.ok) throw new Error(read.reason)
  if (!Array.isArray(read.value)) throw new Error("a record is not a list")
  return read.value
}

/** An entry from its record. Throws an Error where it is none that this version knows. */
export const entryOf = (record: readonly unknown[]): JournalEntry => {
  const [kind, first, changes, events] = record
  if (kind === "outbox" && record.length === 2 && isOutboxChange(first))
    return { kind, change: first }
  if (kind !== "decision" || record.length !== 4)
    throw new Error(`record \`${String(kind)}\` is not known here`)
  if (!Number.isSafeInteger(first) || !Array.isArray(changes) || !Array.isArray(events))
    throw new Error("a decision has other members than it should")
  if (!changes.every(isChange)) throw new Error("a decision writes what is not known here")
  if (!events.every(isEvent)) throw new Error("a decision raises what is not known here")
  return { kind, atMs: first as number, changes: changes.map(changeOf), events }
}

type KeptSource = Omit<
  KeptLedger["sources"] extends ReadonlyMap<string, infer One> ? One : never,
  "entries"
> & { readonly entries: Map<number, Entry> }

/** What a ledger keeps beside its records. */
type LedgerMore = Omit<KeptLedger, "accounts" | "reservations" | "sources" | "switches">

/** Gathers a snapshot from its records, one after the other. */
export class SnapshotReader {
  readonly #accounts = new Map<string, Account>()
  readonly #reservations: KeptLedger["reservations"][number][] = []
  readonly #sources = new Map<string, KeptSource>()
  readonly #switches = new Map<string, { untilMs: number | null }>()
  readonly #rows: OutboxRow[] = []
  readonly #letters: (readonly [number, DeadLetter])[] = []
  #nextLetter = 0
  #audit: KeptLog<DomainEvent> = { first: 0, items: [] }
  #events: KeptLog<DomainEvent> = { first: 0, items: [] }
  #more: LedgerMore | null = null
  #count = -1

  /** Takes a record; answers the snapshot with its last one. Throws an Error where the record does not belong here. */
  take([kind, ...content]: readonly unknown[]): Snapshot | null {
    if (this.#count < 0 && kind !== "snapshot") throw new Error("there is no snapshot at the start")
    if (kind === "kept") {
      if (content[0] !== this.#count)
        throw new Error(`the snapshot has ${this.#count} records, not \`${String(content[0])}\``)
      return this.#snapshot()
    }
    this.#count += 1
    this.#put(kind, content)
    return null
  }

  #put(kind: unknown, [first, second, third]: readonly unknown[]): void {
    switch (kind) {
      case "snapshot":
        if (this.#count > 0) throw new Error("a snapshot begins within another")
        break
      case "ledger":
        this.#more = first as LedgerMore
        break
      case "account":
        this.#accounts.set((first as Account).key, accountOf(first as Account))
        break
      case "reservation":
        this.#reservations.push(first as KeptLedger["reservations"][number])
        break
      case "source":
        this.#sources.set(first as string, { ...(second as KeptSource), entries: new Map() })
        break
      case "entry":
        this.#entry(first as string, second as number, third as Entry)
        break
      case "switch":
        this.#switches.set(first as string, second as { untilMs: number | null })
        break
      case "row":
        this.#rows.push(first as OutboxRow)
        break
      case "dead":
        this.#died(first as number, second as readonly DeadLetter[])
        break
      case "audit":
        this.#audit = grown(this.#audit, first as number, second as readonly DomainEvent[])
        break
      case "events":
        this.#events = grown(this.#events, first as number, second as readonly DomainEvent[])
        break
      default:
        throw new Error(`record \`${String(kind)}\` is not known here`)
    }
  }

  #entry(key: string, n: number, entry: Entry): void {
    const source = this.#sources.get(key)
    if (source === undefined) throw new Error("an answer stands before its source")
    source.entries.set(n, entry)
  }

  #died(first: number, letters: readonly DeadLetter[]): void {
    for (const [at, letter] of letters.entries()) this.#letters.push([first + at, letter])
    this.#nextLetter = Math.max(this.#nextLetter, first + letters.length)
  }

  #snapshot(): Snapshot {
    const [accounts, reservations] = [this.#accounts, this.#reservations]
    if (this.#more === null) throw new Error("the snapshot has no ledger")
    const [sources, switches] = [this.#sources, this.#switches]
    const ledger = { ...this.#more, accounts, reservations, sources, switches }
    const [rows, audit, events] = [this.#rows, this.#audit, this.#events]
    const dead = { next: this.#nextLetter, letters: this.#letters }
    return { ledger, outbox: { rows, dead, audit, events } }
  }
}

function* contentsOf(ledger: KeptLedger, outbox: OutboxState): Generator<readonly unknown[]> {
  const { accounts, reservations, sources, switches, ...more } = ledger
  yield ["ledger", more]
  for (const account of accounts.values()) yield ["account", account]
  for (const reservation of reservations) yield ["reservation", reservation]
  for (const [key, { entries, ...source }] of sources) {
    yield ["source", key, source]
    for (const [n, entry] of entries) yield ["entry", key, n, entry]
  }
  for (const [key, off] of switches) yield ["switch", key, off]
  for (const row of outbox.rows) yield ["row", row]
  yield* letterRecords(outbox.dead)
  yield* logRecords("audit", outbox.audit)
  yield* logRecords("events", outbox.events)
}

/** Numbers have gaps where letters were sent again. */
function* letterRecords({ next, letters }: KeptLetters): Generator<readonly unknown[]> {
  for (const [number, letter] of letters) yield ["dead", number, [letter]]
  yield ["dead", next, []]
}

const LOG_ITEMS = 64

function* logRecords(
  kind: string,
  { first, items }: KeptLog<unknown>,
): Generator<readonly unknown[]> {
  yield [kind, first, []]
  for (let at = 0; at < items.length; at += LOG_ITEMS)
    yield [kind, first + at, items.slice(at, at + LOG_ITEMS)]
}

/** A log goes on where it was, or begins where its first record says. */
const grown = <Item>(log: KeptLog<Item>, first: number, items: readonly Item[]): KeptLog<Item> => {
  if (log.items.length === 0) return { first, items: [...items] }
  if (first !== log.first + log.items.length) throw new Error("a log has a gap")
  ;(log.items as Item[]).push(...items)
  return log
}

const hasKey = (value: object, key: string, type: "string" | "number" | "object"): boolean =>
  typeof (value as Record<string, unknown>)[key] === type

const isObject = (value: unknown): value is object & { readonly kind?: unknown } =>
  typeof value === "object" && value !== null

/** What each kind of change must have, so that a version that knows more is noticed and not passed over. */
const CHANGE_MEMBERS: Readonly<
  Record<Change["kind"], Readonly<Record<string, "string" | "number" | "object">>>
> = {
  account: { key: "string", value: "object" },
  reservation: { id: "object", division: "string", value: "object" },
  switch: { key: "string", value: "object" },
  source: { key: "string", value: "object" },
  answered: { key: "string", n: "number", done: "number", atMs: "number", entry: "object" },
  marked: { key: "string", n: "number", atMs: "number", ended: "string" },
  reserved: { command: "object", outcome: "object", atMs: "number" },
  settled: { command: "object", outcome: "object", atMs: "number" },
}

const EVENT_KINDS: ReadonlySet<unknown> = new Set<DomainEvent["kind"]>([
  "tier",
  "refusing",
  "overshoot",
  "overflow",
  "would-refuse",
  "period-end",
  "circuit",
  "escalation",
  "undelivered",
  "expired",
  "audit",
])

const isChange = (value: unknown): value is Change => {
  if (!isObject(value) || typeof value.kind !== "string") return false
  if (!Object.hasOwn(CHANGE_MEMBERS, value.kind)) return false
  const members = CHANGE_MEMBERS[value.kind as Change["kind"]]
  return Object.entries(members).every(([key, type]) => hasKey(value, key, type))
}

const isEvent = (value: unknown): value is DomainEvent =>
  isObject(value) &&
  EVENT_KINDS.has(value.kind) &&
  hasKey(value, "id", "string") &&
  Array.isArray((value as { channels?: unknown }).channels)

const isOutboxChange = (value: unknown): value is OutboxChange => {
  if (!isObject(value)) return false
  if (value.kind === "heard") return hasKey(value, "upTo", "number")
  if (!Array.isArray((value as { ids?: unknown }).ids)) return false
  switch (value.kind) {
    case "confirm":
      return true
    case "retry":
      return hasKey(value, "dueAtMs", "number")
    case "dead":
      return hasKey(value, "why", "string")
    case "dead-told": {
      const { tell } = value as { tell?: unknown }
      const isTold = Array.isArray(tell) && tell.every(isEvent)
      return isTold && hasKey(value, "why", "string") && hasKey(value, "atMs", "number")
    }
    case "resend":
      return hasKey(value, "atMs", "number")
    default:
      return false
  }
}
