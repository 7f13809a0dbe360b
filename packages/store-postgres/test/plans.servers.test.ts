import { type Command, compile, NOTHING } from "@spendfuse/core/domain"
import pg from "pg"
import { expect, inject, it, onTestFinished } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { definePolicy } from "../../core/src/index.ts"
import { postgresStore } from "../src/index.ts"

const HOUR_MS = 3_600_000

const policy = definePolicy({
  budgets: [
    {
      id: "hour",
      per: ["user"],
      limit: { usd: 0.000_000_1 },
      window: "hour",
      tiers: [
        { at: "50%", notify: ["ops"] },
        { at: "100%", block: true },
      ],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

/** A store of twenty accounts, of which the server knows that its tables are small. */
const opened = async () => {
  const url = inject("postgresUrl")
  const schema = freshName("plans")
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  onTestFinished(async () => {
    await client.query(`drop schema if exists ${schema} cascade`)
    await client.end()
  })
  let nowMs = Date.UTC(2026, 0, 15, 10)
  const options = { url, schema, migrate: true, nowMs: () => nowMs, connections: 1 }
  const store = postgresStore(options)
  let n = 0
  const head = () => {
    n += 1
    return { id: { source: "s", n }, done: n - 1, division: "*" }
  }
  const charge = (user: string): Command => {
    const plan = compile(policy, { user }, nowMs)
    if ("missing" in plan) throw new Error(plan.missing)
    const amounts = { ...NOTHING, usd: 60 }
    return { ...head(), kind: "charge", lines: plan.lines, amounts, ends: null }
  }
  const charges = (name: string, count: number) =>
    store.apply(Array.from({ length: count }, (_, at) => charge(`${name}${at}`)))
  const nextHour = async () => {
    nowMs += HOUR_MS
    await store.apply([{ ...head(), kind: "expire" }])
  }
  await charges("a", 20)
  for (const { tablename } of (
    await client.query(`select tablename from pg_tables where schemaname = '${schema}'`)
  ).rows)
    await client.query(`analyze ${schema}.${tablename}`)
  /** Once so many rows were made: how many of these tables were read whole, and how many by an index. */
  const readOf = async (tables: readonly string[], made: number) => {
    const { rows } = await client.query(
      `select sum(seq_tup_read)::int as whole, sum(idx_tup_fetch)::int as singly, sum(n_tup_ins)::int as made
        from pg_stat_user_tables where schemaname = $1 and relname = any($2)`,
      [schema, tables],
    )
    const none = { whole: Number.POSITIVE_INFINITY, singly: Number.POSITIVE_INFINITY }
    return rows[0].made >= made ? { whole: rows[0].whole, singly: rows[0].singly } : none
  }
  return { store, charges, nextHour, readOf }
}

it("reads no table whole, though its plans were made while they were small", async () => {
  const { store, charges, nextHour, readOf } = await opened()
  for (let round = 0; round < 12; round += 1) {
    await charges("a", 20)
    await nextHour()
  }
  for (let batch = 0; batch < 8; batch += 1) await charges(`b${batch}-`, 100)
  await nextHour()
  await store.close()
  const whole = async () => (await readOf(["account", "meter"], 1_600)).whole
  // A connection says what it has read when it ends.
  await expect.poll(whole).toBeLessThan(20_000)
})

it("claims what is due without a look at what is not", async () => {
  const { store, charges, readOf } = await opened()
  const drain = async (): Promise<number> => {
    let told = 0
    for (;;) {
      const rows = await store.claim("ops", 16, 60_000)
      if (rows.length === 0) return told
      told += rows.length
      await store.confirm(rows.map(({ id }) => id))
    }
  }
  for (let round = 0; round < 12; round += 1) {
    await charges(`c${round}-`, 20)
    await drain()
  }
  for (let batch = 0; batch < 8; batch += 1) await charges(`b${batch}-`, 100)
  expect(await drain()).toBe(800)
  await store.close()
  const made = 2 * (20 + 12 * 20 + 800)
  const read = () => readOf(["outbox", "queue"], made)
  await expect.poll(async () => (await read()).whole).toBeLessThan(20_000)
  // A few for each that was told, however many wait beside it.
  expect((await read()).singly).toBeLessThan(20 * made)
})
