import type { Store } from "@spendfuse/core/ports"
import { Pool } from "pg"
import { RateLimiterPostgres, type RateLimiterRes } from "rate-limiter-flexible"
import { postgresStore } from "../packages/store-postgres/src/postgresStore.ts"
import { startPostgres } from "../scripts/servers/index.mjs"
import { subjectOf } from "./core.ts"
import { Callers } from "./postgresCalls.ts"
import { callersOf } from "./redisCalls.ts"
import { type Contender, measure, type Ratio } from "./rounds.ts"

const CALLERS = 64

/** All sides share a server of their own that waits for its disk, and one pool. */
export const postgresRatios = async (): Promise<readonly Ratio[]> => {
  const server = await startPostgres({ settings: { synchronous_commit: "on" } })
  const pool = new Pool({ connectionString: server.url, max: 16 })
  const store = postgresStore({ pool, migrate: true })
  try {
    const common = { better: "higher", as: "rate" } as const
    const ours = oursOf(Array.from({ length: CALLERS }, () => store))
    const alone = Array.from({ length: CALLERS }, () => postgresStore({ pool }))
    const select = { ...common, name: "postgres-vs-select1", goal: 0.75, ours, n: 320 }
    return [
      await measure({ ...select, theirs: selectOf(pool) }),
      await measure({
        ...common,
        name: "postgres-vs-single-calls",
        goal: 10,
        ours,
        theirs: oursOf(alone),
        n: 320,
        theirN: CALLERS,
        rounds: 15,
      }),
      await measure({
        ...common,
        name: "postgres-vs-rate-limiter-flexible",
        goal: 15,
        ours,
        theirs: await limiterOf(pool),
        n: 320,
        theirN: CALLERS,
        rounds: 15,
      }),
    ]
  } finally {
    await store.close()
    await pool.end()
    await server.stop()
  }
}

let hosts = 0

/** Each caller on its store: one for all of them groups what waits, one for each sends each by itself. */
const oursOf = (stores: readonly Store[]): Contender => {
  hosts += 1
  const host = new Callers(1_000 + hosts)
  let caller = 0
  const [first] = stores as readonly [Store]
  const { run } = callersOf(CALLERS, () => {
    caller += 1
    return host.call(stores[caller % stores.length] ?? first)
  })
  return {
    run: async (n) => {
      await host.prepare(first)
      await run(n)
    },
  }
}

/** As many statements that do nothing as a call has commands. */
const selectOf = (pool: Pool): Contender => {
  let calls = 0
  return callersOf(CALLERS, async () => {
    calls += 1
    const isOne = Callers.isRefused(calls)
    await pool.query(SELECT)
    if (!isOne) await pool.query(SELECT)
  })
}

/** Prepared: the least that a statement can cost. */
const SELECT = { name: "one", text: "select 1" }

/** Five counters raised and, as a Settle would, given back in part: five statements for each of our commands. */
const limiterOf = async (pool: Pool): Promise<Contender> => {
  const limiter = await new Promise<RateLimiterPostgres>((resolve, reject) => {
    const options = { storeClient: pool, points: 2 ** 31 - 1, duration: 3_600, tableName: "limits" }
    const made = new RateLimiterPostgres(options, (error?: Error) =>
      error === undefined ? resolve(made) : reject(error),
    )
  })
  const keys = Object.values({ ...subjectOf(0), platform: "all" })
  const each = (act: (key: string) => Promise<RateLimiterRes>): Promise<unknown> =>
    Promise.all(keys.map(act))
  let calls = 0
  return callersOf(CALLERS, async () => {
    calls += 1
    const isOne = Callers.isRefused(calls)
    await each((key) => limiter.consume(key, 5))
    if (!isOne) await each((key) => limiter.reward(key, 4))
  })
}
