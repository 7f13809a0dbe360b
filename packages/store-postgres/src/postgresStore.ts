import type { Account, Terms } from "@spendfuse/core/domain"
import {
  type Applied,
  STORE_BATCH_MAX,
  type Store,
  StoreCorrupt,
  StoreUnavailable,
} from "@spendfuse/core/ports"
import { accountFromWire, encodeText } from "@spendfuse/core/wire"
import { Batches } from "./batches.ts"
import { type Client, clientOf, type Query } from "./client.ts"
import { faultOf, isOfSchema, NAME } from "./errors.ts"
import { listening } from "./listening.ts"
import { Logs } from "./logs.ts"
import { assertVersion, migrateOn, schemaOf } from "./migrate.ts"
import type { PostgresStoreOptions } from "./options.ts"
import { Outbox } from "./outbox.ts"
import { termsFromServer } from "./terms.ts"
import { tidying } from "./tidying.ts"

/**
 * A store in a schema of a Postgres database, version 14 or newer. Each batch is one call of one function,
 * and so one transaction: what waits while one is on its way goes together as the next.
 *
 * The first call looks whether the schema is of this version; with `migrate: true` it is brought to it.
 *
 * @throws RangeError for a schema whose name would have to be quoted; TypeError where `listen` has no `url`
 */
export const postgresStore = (options: PostgresStoreOptions): Store => {
  const schema = schemaOf(options.schema)
  const { nowMs } = options
  const door = new Door(clientOf(options), schema, options.migrate === true)
  const client = { ...door.client, query: door.query }
  const batches = new Batches({ client, schema, settings: options })
  const outbox = new Outbox({ query: door.told, schema, nowMs })
  const logs = new Logs({ query: door.told, schema })
  const listener = options.listen === true ? listening(urlOf(options), schema) : null
  const tidy = tidying({ query: door.told, schema, settings: options })
  return {
    name: NAME,
    apply: async (commands, signal): Promise<readonly Applied[]> => {
      signal?.throwIfAborted()
      const { length } = commands
      if (length < 1 || length > STORE_BATCH_MAX)
        throw new RangeError(`${length} commands; from 1 to ${STORE_BATCH_MAX} at once`)
      const applied = await batches.apply(commands, signal)
      tidy()
      return applied
    },
    read: async (accounts) => {
      const sql = `select ${schema}.spendfuse_read($1) as found`
      const found = foundIn(await door.told(sql, [[...new Set(accounts)].map(encodeText)]))
      const byKey = new Map(found.accounts.map((account) => [account.key, account]))
      const storeTimeMs = nowMs?.() ?? found.timeMs
      return accounts.map((key) => ({ account: byKey.get(key) ?? null, storeTimeMs }))
    },
    list: async ({ after, limit }) => {
      const sql = `select ${schema}.spendfuse_list($1, $2) as found`
      const from = after === undefined ? null : encodeText(after)
      const { accounts } = foundIn(await door.told(sql, [from, String(limit)]))
      return { items: accounts, next: accounts.at(-1)?.key ?? null }
    },
    events: (query) => logs.events(query),
    unheard: (query) => logs.unheard(query),
    audit: (query) => logs.audit(query),
    claim: (channel, limit, leaseMs) => outbox.claim(channel, limit, leaseMs),
    confirm: (ids) => outbox.confirm(ids),
    retry: (ids, dueAtMs) => outbox.retry(ids, dueAtMs),
    deadLetter: (ids, why, tell) => outbox.deadLetter(ids, why, tell),
    deadLetters: (query) => logs.deadLetters(query),
    resend: (ids) => outbox.resend(ids),
    ...(listener !== null && { listen: listener.listen }),
    close: async () => {
      await listener?.close()
      await door.close()
    },
  }
}

const urlOf = (options: PostgresStoreOptions): string => {
  if ("url" in options) return options.url
  throw new TypeError("`listen` needs a connection of its own; give `url` in place of `pool`")
}

/** Every call goes through it: the schema is looked at before the first, and after `close` there is none. */
class Door {
  readonly client: Client
  readonly #schema: string
  readonly #migrates: boolean
  #ready: Promise<unknown> | null = null
  #isClosed = false

  constructor(client: Client, schema: string, migrates: boolean) {
    this.client = client
    this.#schema = schema
    this.#migrates = migrates
  }

  /** Rejects with the driver's error. */
  readonly query: Query = async (text, values) => {
    if (this.#isClosed) throw new StoreUnavailable(NAME, new Error("it was closed"))
    this.#ready ??= this.#migrates
      ? migrateOn(this.client, this.#schema)
      : assertVersion(this.client, this.#schema)
    try {
      await this.#ready
    } catch (error) {
      this.#ready = null
      throw error
    }
    try {
      return await this.client.query(text, values)
    } catch (error) {
      if (isOfSchema(error)) await this.#sayVersion()
      throw error
    }
  }

  /** Whoever migrates a schema under a process that runs is named by the next look at it. */
  async #sayVersion(): Promise<void> {
    this.#ready = null
    await assertVersion(this.client, this.#schema)
  }

  /** Rejects with what it means. */
  readonly told: Query = (text, values) =>
    this.query(text, values).catch((error: unknown) => {
      throw faultOf(error)
    })

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.client.close()
  }
}

interface Found {
  readonly timeMs: number
  readonly accounts: readonly Account[]
}

const foundIn = ([row]: readonly Readonly<Record<string, unknown>>[]): Found => {
  const { time, accounts, termsById } = (row?.found ?? {}) as {
    readonly time?: string
    readonly accounts?: readonly unknown[]
    readonly termsById?: Readonly<Record<string, unknown>>
  }
  if (!Array.isArray(accounts)) throw new StoreCorrupt(NAME, "accounts are not a list")
  const known = new Map<string, Terms>()
  for (const [id, body] of Object.entries(termsById ?? {})) {
    const terms = termsFromServer(body)
    if (!terms.ok) throw new StoreCorrupt(NAME, terms.reason)
    known.set(id, terms.value)
  }
  return {
    timeMs: Number(time),
    accounts: accounts.map((plain) => {
      const account = accountFromWire(plain, (id) => known.get(id))
      if (!account.ok) throw new StoreCorrupt(NAME, account.reason)
      return account.value
    }),
  }
}
