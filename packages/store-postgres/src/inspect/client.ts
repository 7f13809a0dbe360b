import { Client } from "pg"
import type { PostgresPlace, Row } from "../client.ts"
import { faultOf } from "../errors.ts"

/** One statement in a read-only transaction of its own. Rejects with what the failure means. */
export type Ask = (sql: string, values?: readonly string[]) => Promise<readonly Row[]>

/** A connection for one inspection. */
export interface Inspected {
  /** `host:port/database`, without secrets. */
  readonly address: string
  /** The process that the connection was told it talks to: a pooler names none, or another. */
  readonly processId: number | null
  readonly ask: Ask
  readonly close: () => Promise<void>
}

/** @throws StoreUnavailable, without address or password */
export const connected = async (place: PostgresPlace): Promise<Inspected> => {
  if ("pool" in place) {
    const connection = await place.pool.connect().catch(failed)
    return inspected(connection, async () => connection.release(true))
  }
  const client = new Client({
    connectionString: place.url,
    connectionTimeoutMillis: 5_000,
    query_timeout: 35_000,
    application_name: "spendfuse-inspect",
  })
  client.on("error", () => undefined)
  try {
    await client.connect()
  } catch (error) {
    await client.end().catch(() => undefined)
    return failed(error)
  }
  return inspected(client, () => client.end())
}

const failed = (error: unknown): never => {
  throw faultOf(error)
}

type Connection = Pick<Client, "query" | "host" | "port" | "database">

const inspected = (connection: Connection, close: () => Promise<void>): Inspected => ({
  address: `${connection.host}:${connection.port}/${connection.database ?? ""}`,
  processId: processOf(connection),
  ask: async (sql, values = []) => {
    try {
      await connection.query("begin transaction read only")
      await connection.query("set local statement_timeout = 30000")
      const { rows } = await connection.query<Row>(sql, [...values])
      await connection.query("commit")
      return rows
    } catch (error) {
      await connection.query("rollback").catch(() => undefined)
      throw faultOf(error)
    }
  },
  close,
})

/** The driver keeps it, and its types do not say so. */
const processOf = (connection: object): number | null =>
  "processID" in connection && typeof connection.processID === "number"
    ? connection.processID
    : null
