import { readdirSync, readFileSync } from "node:fs"
import { parse } from "jsonc-parser"
import pg from "pg"
import { afterAll, expect, inject, it } from "vitest"
import { decodeScenario, type OpenStore, play, type Scenario } from "../../core/src/lab.ts"
import { postgresStore } from "../src/index.ts"

const folder = new URL("../../core/test/scenarios/", import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith(".jsonc"))
const url = inject("postgresUrl")
const schemas: string[] = []

/** A schema of its own for each; a restart opens the same one anew. */
const open: OpenStore = async (nowMs) => {
  const schema = `played_${process.pid}_${schemas.length}`
  schemas.push(schema)
  const opened = () => ({
    store: postgresStore({ url, schema, migrate: true, nowMs, connections: 2 }),
    restart: async () => opened(),
  })
  return opened()
}

const load = (name: string): Scenario => {
  const decoded = decodeScenario(parse(readFileSync(new URL(name, folder), "utf8")))
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  return decoded.scenario
}

afterAll(async () => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const schema of schemas) await client.query(`drop schema if exists ${schema} cascade`)
  await client.end()
})

it.each(files)("%s", async (name) => {
  const missed = (await play(load(name), open)).flatMap(({ step, missed: fields }) =>
    fields.map((field) => ({ step, ...field })),
  )
  expect(missed).toEqual([])
})
