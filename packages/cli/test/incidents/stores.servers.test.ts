import { postgresStore } from "@spendfuse/store-postgres"
import { redisStore } from "@spendfuse/store-redis"
import pg from "pg"
import { afterAll, describe, expect, inject, it } from "vitest"
import { freshName } from "../../../../scripts/servers/index.mjs"
import { fleetOf, NAMES } from "./library.ts"
import { compareOn, type Open } from "./sameOnStore.ts"
import { tapeOf } from "./tape.ts"

const redisUrl = inject("redisUrl")
const postgresUrl = inject("postgresUrl")

/** By day, what takes about half a minute: on Redis all but the longest. At night all on both. */
const LONG_ON_REDIS = ["agent-loop", "stale-price-list", "unknown-price-is-free"]
const SHORT_ON_POSTGRES = [
  "half-priced-long-context",
  "host-crash",
  "late-projection",
  "parallel-turns",
  "stopped-and-resumed",
  "sub-agent-tree",
]
const isNight = Number(process.env.LAW_RUNS ?? 0) > 400
const TIMEOUT_MS = isNight ? 3_600_000 : 600_000

const onRedis: Open = (nowMs) => redisStore({ url: redisUrl, prefix: freshName("incident"), nowMs })

const schemas: string[] = []

const onPostgres: Open = (nowMs) => {
  const schema = freshName("incident")
  schemas.push(schema)
  return postgresStore({ url: postgresUrl, schema, migrate: true, nowMs, connections: 2 })
}

afterAll(async () => {
  const client = new pg.Client({ connectionString: postgresUrl })
  await client.connect()
  for (const schema of schemas) await client.query(`drop schema if exists ${schema} cascade`)
  await client.end()
})

const same = async (name: string, open: Open): Promise<void> => {
  const tape = tapeOf(fleetOf(name))
  const compared = await compareOn(tape, open)
  expect(compared.difference).toBeNull()
  expect(compared.commands).toBe(tape.length)
}

describe("an incident on Redis", () => {
  const played = NAMES.filter((name) => isNight || !LONG_ON_REDIS.includes(name))
  it.each(played)("%s: does and tells as the core", (name) => same(name, onRedis), TIMEOUT_MS)
})

describe("an incident on Postgres", () => {
  const played = NAMES.filter((name) => isNight || SHORT_ON_POSTGRES.includes(name))
  it.each(played)("%s: does and tells as the core", (name) => same(name, onPostgres), TIMEOUT_MS)
})
