import { compile, type Plan } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import { Pool } from "pg"
import { postgresStore } from "../packages/store-postgres/src/postgresStore.ts"
import { startPostgres } from "../scripts/servers/index.mjs"
import { fivePolicy, subjectOf } from "./core.ts"
import { callersOf, Host } from "./redisCalls.ts"
import { exactly, type Ratio } from "./rounds.ts"

const CALLS = 20_000
const SUBJECTS = 500
const DAY_MS = 86_400_000

/** What the tables hold after calls of 500 subjects, told for a million calls; and how many rows stay when all is over. */
export const postgresBytes = async (): Promise<readonly Ratio[]> => {
  const server = await startPostgres()
  const pool = new Pool({ connectionString: server.url, max: 4 })
  let aheadMs = 0
  const nowMs = (): number => Date.now() + aheadMs
  const store = postgresStore({ pool, migrate: true, nowMs })
  try {
    const before = await bytesOf(pool, store)
    await calls(store)
    const grown = (await bytesOf(pool, store)) - before
    aheadMs = 3 * DAY_MS
    const rows = await rowsWhenOver(pool, nowMs)
    const lower = { better: "lower" } as const
    return [
      exactly({
        ...lower,
        name: "postgres-bytes-per-million-calls",
        value: Math.round((grown * 1_000_000) / CALLS),
        goal: 1_000_000_000,
      }),
      exactly({ ...lower, name: "postgres-rows-after-periods-end", value: rows, goal: 0 }),
    ]
  } finally {
    await store.close()
    await pool.end()
    await server.stop()
  }
}

const calls = async (store: Store): Promise<void> => {
  const host = new Host("host1")
  const plans = Array.from({ length: SUBJECTS }, (_, i) => planFor(i))
  const one = (i: number): Promise<void> =>
    host.call({ reserve: store, settle: store }, plans[i % SUBJECTS] as Plan)
  await callersOf(64, one).run(CALLS)
}

const planFor = (i: number): Plan => {
  const plan = compile(fivePolicy, subjectOf(i), Date.now())
  if ("missing" in plan) throw new Error(plan.missing)
  return plan
}

/** After a vacuum, as the server does by itself within a minute or so. */
const bytesOf = async (pool: Pool, store: Store): Promise<number> => {
  await store.list({ limit: 1 })
  await pool.query("vacuum")
  const { rows } = await pool.query<{ bytes: string }>(
    `select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c
     where c.relnamespace = 'spendfuse'::regnamespace and c.relkind = 'r'`,
  )
  return Number(rows[0]?.bytes)
}

const rowsWhenOver = async (pool: Pool, nowMs: () => number): Promise<number> => {
  const forget = "select spendfuse.spendfuse_forget(2000, $1) as gone"
  for (let quiet = 0; quiet < 4; ) {
    const { rows } = await pool.query<{ gone: string }>(forget, [nowMs()])
    quiet = Number(rows[0]?.gone) > 0 ? 0 : quiet + 1
  }
  const tables = ["account", "meter", "reservation", "source", "entry", "plan"]
  const counts = tables.map((table) => `(select count(*) from spendfuse.${table})`)
  const { rows } = await pool.query<{ rows: string }>(`select ${counts.join(" + ")} as rows`)
  return Number(rows[0]?.rows)
}
