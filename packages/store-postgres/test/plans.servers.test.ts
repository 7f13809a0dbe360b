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

it("reads no table whole, though its plans were made while they were small", async () => {
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
  const expire = () => store.apply([{ ...head(), kind: "expire" }])
  await charges("a", 20)
  for (const { tablename } of (
    await client.query(`select tablename from pg_tables where schemaname = '${schema}'`)
  ).rows)
    await client.query(`analyze ${schema}.${tablename}`)
  for (let round = 0; round < 12; round += 1) {
    await charges("a", 20)
    nowMs += HOUR_MS
    await expire()
  }
  for (let batch = 0; batch < 8; batch += 1) await charges(`b${batch}-`, 100)
  nowMs += HOUR_MS
  await expire()
  await store.close()
  const read = async (): Promise<number> => {
    const { rows } = await client.query(
      "select sum(seq_tup_read)::int as read, sum(n_tup_ins)::int as made from pg_stat_user_tables where schemaname = $1 and relname in ('account', 'meter')",
      [schema],
    )
    return rows[0].made >= 1_600 ? rows[0].read : Number.POSITIVE_INFINITY
  }
  // A connection says what it has read when it ends.
  await expect.poll(read).toBeLessThan(20_000)
})
