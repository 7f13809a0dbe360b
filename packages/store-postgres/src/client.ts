import { Client as Connection, Pool } from "pg"

/** A pool of the host's own. */
export type PgPool = Pool

/** Where Postgres is: one of two ways. */
export type PostgresPlace =
  /** `postgres://…`, TLS by `sslmode`; it may hold a password, and is never printed. */
  | { readonly url: string }
  /** A pool that the host made and closes. */
  | { readonly pool: PgPool }

/** How the store connects, where it makes the connections itself. */
export interface ConnectionSettings {
  /** Connections at most; 4 unless given. */
  readonly connections?: number
  /** What one call may take, milliseconds; 10,000 unless given. */
  readonly timeoutMs?: number
  /** What the server calls the connections; `spendfuse` unless given. */
  readonly applicationName?: string
}

/** A row as the driver reads it. */
export type Row = Readonly<Record<string, unknown>>

/** One statement; each value is a text, a list of texts, or null. */
export type Query = (
  text: string,
  values?: readonly (string | readonly string[] | boolean | null)[],
) => Promise<readonly Row[]>

/** What the store sees of a driver. Nothing is kept in a session: a pooler may change it between calls. */
export interface Client {
  readonly query: Query
  /** Runs in one transaction, on one connection; rolled back where the work throws. */
  readonly transaction: <Result>(work: (query: Query) => Promise<Result>) => Promise<Result>
  readonly close: () => Promise<void>
}

/** Makes a pool, or takes the host's. Connecting waits for the first call. */
export const clientOf = (options: PostgresPlace & ConnectionSettings): Client => {
  if ("pool" in options) return clientOn(options.pool, async () => undefined)
  const timeoutMs = options.timeoutMs ?? 10_000
  const pool = new Pool({
    connectionString: options.url,
    max: options.connections ?? 4,
    connectionTimeoutMillis: Math.min(timeoutMs, 5_000),
    query_timeout: timeoutMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: options.applicationName ?? "spendfuse",
  })
  // Without a listener an idle connection that breaks ends the process; the next call says what is wrong.
  pool.on("error", ignore)
  return clientOn(pool, () => pool.end())
}

const clientOn = (pool: Pool, close: () => Promise<void>): Client => ({
  query: async (text, values = []) => (await pool.query<Row>(text, [...values])).rows,
  transaction: async (work) => {
    const connection = await pool.connect()
    connection.on("error", ignore)
    let isBroken = true
    try {
      const query: Query = async (text, values) =>
        (
          await (values === undefined
            ? connection.query<Row>(text)
            : connection.query<Row>(text, [...values]))
        ).rows
      await query("begin")
      const result = await work(query)
      await query("commit")
      isBroken = false
      return result
    } finally {
      connection.off("error", ignore)
      // A connection that failed is closed, which rolls back.
      connection.release(isBroken)
    }
  },
  close,
})

/**
 * Hears a channel on a connection of its own, whose end is told too.
 *
 * @returns what ends it
 */
export const hear = async (
  url: string,
  channel: string,
  on: { readonly told: (payload: string) => void; readonly ended: () => void },
): Promise<() => Promise<void>> => {
  const connection = new Connection({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    application_name: "spendfuse listen",
  })
  connection.on("error", ignore)
  connection.on("notification", ({ payload }) => on.told(payload ?? ""))
  try {
    await connection.connect()
    await connection.query(`listen ${channel}`)
  } catch (error) {
    await connection.end().catch(ignore)
    throw error
  }
  connection.once("end", on.ended)
  return () => connection.end().catch(ignore)
}

const ignore = (): void => undefined
