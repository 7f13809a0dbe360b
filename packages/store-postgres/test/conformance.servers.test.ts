import type { Store } from "@spendfuse/core/ports"
import pg from "pg"
import { afterAll, describe, inject, it } from "vitest"
import { type ConformanceOptions, conformanceLaws, type OpenEmpty } from "../../core/src/testing.ts"
import { postgresStore } from "../src/index.ts"

// A history takes many round trips: a fortieth of the runs of laws without a server.
const RUNS = Math.ceil(Number(process.env.LAW_RUNS ?? 400) / 40)
const SEED = Number(process.env.LAW_SEED ?? 42)
const url = inject("postgresUrl")
const schemas: string[] = []
const schemaOf = new WeakMap<Store, string>()

/** Each in a schema of its own; opened again it finds what lies there. */
const open: OpenEmpty = async ({ nowMs, history }) => {
  const schema = `lawful_${process.pid}_${schemas.length}`
  schemas.push(schema)
  const opened = () => {
    const store = postgresStore({ url, schema, migrate: true, nowMs, history, connections: 2 })
    schemaOf.set(store, schema)
    return { store, restart: async () => opened() }
  }
  return opened()
}

/** The schema as a later version leaves it: that is what tells its records apart. */
const corrupt: ConformanceOptions["corrupt"] = ({ store }) =>
  withClient((client) =>
    client.query(
      `insert into ${schemaOf.get(store)}.migration (name, checksum) values ('9000_later', '')`,
    ),
  )

const withClient = async (use: (client: pg.Client) => Promise<unknown>): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await use(client)
  await client.end()
}

afterAll(() =>
  withClient(async (client) => {
    for (const schema of schemas) await client.query(`drop schema if exists ${schema} cascade`)
  }),
)

describe("the Postgres store keeps the laws of stores", () => {
  const asked = { open, corrupt, runs: RUNS, seed: SEED, share: 20, opensBeside: true }
  for (const { name, run } of conformanceLaws(asked)) it(name, run)
})
