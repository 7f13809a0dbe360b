import pg from "pg"
import { afterAll, describe, inject, it } from "vitest"
import { conformanceLaws, type OpenEmpty } from "../../core/src/testing.ts"
import { postgresStore } from "../src/index.ts"

// A history takes many round trips: a fortieth of the runs of laws without a server.
const RUNS = Math.ceil(Number(process.env.LAW_RUNS ?? 400) / 40)
const SEED = Number(process.env.LAW_SEED ?? 42)
const url = inject("postgresUrl")
const schemas: string[] = []

/** Each in a schema of its own; opened again it finds what lies there. */
const open: OpenEmpty = async ({ nowMs, history }) => {
  const schema = `lawful_${process.pid}_${schemas.length}`
  schemas.push(schema)
  const opened = () => ({
    store: postgresStore({ url, schema, migrate: true, nowMs, history, connections: 2 }),
    restart: async () => opened(),
  })
  return opened()
}

afterAll(async () => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const schema of schemas) await client.query(`drop schema if exists ${schema} cascade`)
  await client.end()
})

describe("the Postgres store keeps the laws of stores", () => {
  const asked = { open, runs: RUNS, seed: SEED, share: 20, opensBeside: true }
  for (const { name, run } of conformanceLaws(asked)) it(name, run)
})
