import { readFileSync, renameSync, writeFileSync } from "node:fs"
import {
  type Account,
  apply,
  copyOfAccount,
  type DomainEvent,
  emptyLedger,
  type KeptLedger,
  keptOf,
  ledgerOf,
} from "@spendfuse/core/domain"
import {
  type Applied,
  type DeadLetter,
  type LogQuery,
  type OutboxRow,
  type Page,
  STORE_BATCH_MAX,
  type Store,
  StoreCorrupt,
  StoreUnavailable,
} from "@spendfuse/core/ports"
import { fromJson, toJson } from "@spendfuse/core/wire"

// #region kept
/** All that the file holds. */
interface Kept {
  readonly ledger: KeptLedger
  readonly rank: number
  readonly rows: readonly LeasedRow[]
  readonly events: readonly DomainEvent[]
  /** The hook has heard so many of them. */
  readonly heard: number
  readonly audit: readonly DomainEvent[]
  /** What was sent again leaves a gap: a cursor stays a place. */
  readonly dead: readonly (DeadLetter | null)[]
}

interface LeasedRow {
  readonly row: OutboxRow
  readonly leasedUntilMs: number
}

const NOTHING: Kept = {
  ledger: keptOf(emptyLedger()),
  rank: 0,
  rows: [],
  events: [],
  heard: 0,
  audit: [],
  dead: [],
}
// #endregion kept

// #region file
const load = (path: string): Kept => {
  const text = textAt(path)
  if (text === null) return NOTHING
  const read = fromJson(text)
  if (!read.ok) throw new StoreCorrupt("file", read.reason)
  return read.value as Kept
}

const textAt = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return null
    throw new StoreUnavailable("file", error)
  }
}

/** The new file takes the place of the old one whole, or not at all. */
const save = (path: string, kept: Kept): void => {
  writeFileSync(`${path}.new`, toJson(kept))
  renameSync(`${path}.new`, path)
}
// #endregion file

interface FileStoreOptions {
  readonly path: string
  readonly nowMs?: () => number
  readonly history?: boolean
}

// #region store
/** A ledger in one file, for one process at a time: every answer waits for the file. */
export const fileStore = ({ path, nowMs = Date.now, history = false }: FileStoreOptions): Store => {
  let kept = load(path)
  const ledger = ledgerOf(kept.ledger)
  let broken: unknown = null
  const open = (): Kept => {
    if (broken !== null) throw new StoreUnavailable("file", broken)
    return kept
  }
  const put = (next: Partial<Kept>): void => {
    kept = { ...open(), ...next }
    try {
      save(path, kept)
    } catch (error) {
      broken = error
      throw new StoreUnavailable("file", error)
    }
  }
  const accountOf = (key: string): Account | null => {
    const account = ledger.accounts.get(key)
    return account === undefined ? null : copyOfAccount(account)
  }
  return {
    name: "file",
    // #region apply
    apply: async (commands) => {
      open()
      if (commands.length < 1 || commands.length > STORE_BATCH_MAX)
        throw new RangeError(`${commands.length} commands; from 1 to ${STORE_BATCH_MAX} at once`)
      const raised: DomainEvent[] = []
      const storeTimeMs = nowMs()
      const answers = commands.map((command, at): Applied => {
        const { outcome, events } = apply(ledger, command, storeTimeMs)
        raised.push(...events)
        const rank = kept.rank + at + 1
        const answer = { outcome, eventsWritten: events.length, storeTimeMs }
        return history ? { ...answer, rank } : answer
      })
      put({
        ledger: keptOf(ledger),
        rank: kept.rank + commands.length,
        rows: joined(kept.rows, rowsOf(raised, storeTimeMs)),
        events: [...kept.events, ...raised],
        audit: [...kept.audit, ...raised.filter(({ kind }) => kind === "audit")],
      })
      return answers
    },
    // #endregion apply
    read: async (accounts) => {
      open()
      return accounts.map((key) => ({ account: accountOf(key), storeTimeMs: nowMs() }))
    },
    list: async ({ after, limit }) => {
      open()
      const keys = [...ledger.accounts.keys()].sort()
      const some = keys.filter((key) => after === undefined || key > after).slice(0, limit)
      return { items: some.flatMap((key) => accountOf(key) ?? []), next: some.at(-1) ?? null }
    },
    events: async (query) => pageOf(open().events, query),
    audit: async (query) => pageOf(open().audit, query),
    deadLetters: async (query) => pageOf(open().dead, query),
    // #region unheard
    unheard: async ({ after, limit }) => {
      if (after !== undefined && Number(after) > open().heard) put({ heard: Number(after) })
      return pageOf(open().events, { after: after ?? String(kept.heard), limit })
    },
    // #endregion unheard
    // #region claim
    claim: async (channel, limit, leaseMs) => {
      const atMs = nowMs()
      const rows = dueRows(open().rows, { channel, limit, atMs })
      const leased = new Set(rows.map(({ id }) => id))
      put({
        rows: kept.rows.map((one) =>
          leased.has(one.row.id) ? { ...one, leasedUntilMs: atMs + leaseMs } : one,
        ),
      })
      return rows
    },
    // #endregion claim
    confirm: async (ids) => put({ rows: without(open().rows, ids) }),
    retry: async (ids, dueAtMs) =>
      put({
        rows: open().rows.map(({ row, leasedUntilMs }) =>
          ids.includes(row.id)
            ? { row: { ...row, dueAtMs, attempts: row.attempts + 1 }, leasedUntilMs: 0 }
            : { row, leasedUntilMs },
        ),
      }),
    // #region dead
    deadLetter: async (ids, why, tell = []) => {
      const dead = ids.flatMap((id) => open().rows.find(({ row }) => row.id === id)?.row ?? [])
      const told = dead.length === 0 ? [] : tell
      put({
        rows: joined(without(kept.rows, ids), rowsOf(told, nowMs())),
        events: [...kept.events, ...told],
        dead: [...kept.dead, ...dead.map((row) => ({ ...row, why }))],
      })
    },
    resend: async (ids) => {
      const again = ids.flatMap((id) => open().dead.find((letter) => letter?.id === id) ?? [])
      const due = { dueAtMs: nowMs(), attempts: 0, createdAtMs: nowMs() }
      const rows = again.map(({ why: _, ...row }) => ({
        row: { ...row, ...due },
        leasedUntilMs: 0,
      }))
      put({
        rows: joined(kept.rows, rows),
        dead: kept.dead.map((letter) => (letter && ids.includes(letter.id) ? null : letter)),
      })
      return again.length
    },
    // #endregion dead
    close: async () => {
      broken = new Error("it was closed")
    },
  }
}
// #endregion store

const without = (rows: readonly LeasedRow[], ids: readonly string[]): readonly LeasedRow[] =>
  rows.filter(({ row }) => !ids.includes(row.id))

/** A row that waits already stays as it is. */
const joined = (rows: readonly LeasedRow[], more: readonly LeasedRow[]): readonly LeasedRow[] => [
  ...rows,
  ...more.filter(({ row }) => !rows.some((waiting) => waiting.row.id === row.id)),
]

/** An entry's place is its number in the log; of the latest, the last `limit` are shown. */
const pageOf = <Item>(log: readonly (Item | null)[], query: LogQuery): Page<Item> => {
  const rest = log.flatMap((item, at) =>
    item === null || at < Number(query.after ?? 0) ? [] : [{ item, next: String(at + 1) }],
  )
  const some = query.latest ? rest.slice(-query.limit) : rest.slice(0, query.limit)
  return { items: some.map(({ item }) => item), next: some.at(-1)?.next ?? null }
}

// #region outbox
const rowsOf = (events: readonly DomainEvent[], atMs: number): readonly LeasedRow[] =>
  events.flatMap((event) =>
    event.channels.map((channel) => {
      const account = "account" in event ? event.account : ""
      const id = `${event.id}#${channel}`
      const due = { dueAtMs: atMs, attempts: 0, createdAtMs: atMs }
      return { row: { id, channel, account, event, ...due }, leasedUntilMs: 0 }
    }),
  )

/** The first rows of one account, up to one that waits; of no account that somebody is telling. */
const dueRows = (
  rows: readonly LeasedRow[],
  { channel, limit, atMs }: { channel: string; limit: number; atMs: number },
): readonly OutboxRow[] => {
  const ofChannel = rows.filter(({ row }) => row.channel === channel)
  for (const account of new Set(ofChannel.map(({ row }) => row.account))) {
    const queue = ofChannel.filter(({ row }) => row.account === account)
    if (queue.some(({ leasedUntilMs }) => leasedUntilMs > atMs)) continue
    const waits = queue.findIndex(({ row }) => row.dueAtMs > atMs)
    const due = (waits < 0 ? queue : queue.slice(0, waits)).slice(0, limit)
    if (due.length > 0) return due.map(({ row }) => row)
  }
  return []
}
// #endregion outbox
