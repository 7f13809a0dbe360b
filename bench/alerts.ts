import { createSpendfuse, definePolicy, type Notifier, type Spendfuse } from "@spendfuse/core"
import type { Store } from "@spendfuse/core/ports"
import { memoryStore } from "@spendfuse/store-memory"
import { postgresStore } from "@spendfuse/store-postgres"
import { redisStore } from "@spendfuse/store-redis"
import { Redis } from "ioredis"
import { Pool } from "pg"
import { startPostgres, startRedis } from "../scripts/servers/index.mjs"
import { type Contender, measure, median, type Ratio } from "./rounds.ts"

/** What alerts cost those who do not hear them, and how soon and how fast they are told. */
export const alertRatios = async (): Promise<readonly Ratio[]> => {
  const ratios = [await withDeadNotifier()]
  const redis = await startRedis()
  try {
    const open = (): Store => redisStore({ url: redis.url, prefix: freshPrefix() })
    ratios.push(await crossing("redis", open), await drain("redis", open, lpopOf(redis.url)))
  } finally {
    await redis.stop()
  }
  const postgres = await startPostgres()
  try {
    const open = (): Store =>
      postgresStore({ url: postgres.url, schema: freshPrefix(), migrate: true })
    ratios.push(
      await crossing("postgres", open),
      await drain("postgres", open, skipLockedOf(postgres.url)),
    )
  } finally {
    await postgres.stop()
  }
  return ratios
}

let prefixes = 0
const freshPrefix = (): string => {
  prefixes += 1
  return `alerts_${prefixes}`
}

/** Every `each` requests of a key are an event for a channel, or where not `notify` never. */
const policyOf = (each: number, notify: boolean) =>
  definePolicy({
    budgets: [
      {
        id: "key",
        per: ["apiKey"],
        limit: { requests: each * 1_000 },
        window: "day",
        tiers: notify
          ? [{ at: "0.1%", repeat: "0.1%", notify: ["slack"] }]
          : [{ at: "100000%", block: true }],
      },
      {
        id: "platform",
        per: ["platform"],
        limit: { requests: 1_000_000_000 },
        window: "day",
        tiers: [{ at: "100%", block: true }],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
  })

const engineOf = (store: Store, each: number, slack: Notifier["deliver"] | null): Spendfuse =>
  createSpendfuse({
    policy: policyOf(each, slack !== null),
    store,
    ...(slack !== null && { notifiers: { slack: { name: "slack", deliver: slack } } }),
    onNotice: () => undefined,
    storeDeadlineMs: 10_000,
    waitMs: 0,
  })

const once = async (spendfuse: Spendfuse, apiKey: string): Promise<void> => {
  const decision = await spendfuse.reserve({ subject: { apiKey }, amounts: { requests: 1 } })
  if (!decision.allowed) throw new Error(`the bench was refused: ${decision.reason}`)
  await decision.settle({ amounts: { requests: 1 } })
}

/** Decisions beside a channel that never answers, against the same without a channel: an event each 1,000 calls. */
const withDeadNotifier = async (): Promise<Ratio> => {
  const contender = (slack: Notifier["deliver"] | null): Contender => {
    const spendfuse = engineOf(memoryStore(), 1_000, slack)
    let call = 0
    return {
      run: async (n) => {
        for (let i = 0; i < n; i += 1) {
          call += 1
          await once(spendfuse, `key-${call % 100}`)
        }
      },
    }
  }
  return measure({
    name: "decisions-with-dead-notifier",
    goal: 0.99,
    better: "higher",
    as: "rate",
    ours: contender(() => new Promise(() => undefined)),
    theirs: contender(null),
    n: 10_000,
  })
}

const CROSSINGS = 400

/** From sending the settle that crosses a level to the notifier's call, over one Reserve's round trip. */
const crossing = async (name: string, open: () => Store): Promise<Ratio> => {
  let heard = (): void => undefined
  const spendfuse = engineOf(open(), 1, async () => heard())
  const ratios: number[] = []
  for (let i = -CROSSINGS / 4; i < CROSSINGS; i += 1) {
    const attempt = new Promise<void>((resolve) => {
      heard = resolve
    })
    const start = performance.now()
    const decision = await spendfuse.reserve({
      subject: { apiKey: `key-${i}` },
      amounts: { requests: 1 },
    })
    if (!decision.allowed) throw new Error("the bench was refused")
    const reserved = performance.now()
    void decision.settle({ amounts: { requests: 1 } })
    await attempt
    if (i >= 0) ratios.push((performance.now() - reserved) / (reserved - start))
    await spendfuse.flush()
  }
  await spendfuse.close()
  return median({ name: `crossing-to-attempt-${name}`, goal: 3, better: "lower" }, ratios)
}

const ACCOUNTS = 50
const ROWS = 1_000
const ROUNDS = 21

/** A consumer that takes one by one; `fill` puts rows into its queue. */
interface Consumer {
  readonly fill: (rows: number) => Promise<void>
  readonly drain: () => Promise<number>
  readonly close: () => Promise<void>
}

/** A backlog of 20 rows on each of 50 accounts, told by the dispatcher, against a plain consumer of as many rows. */
const drain = async (
  name: string,
  open: () => Store,
  openConsumer: () => Promise<Consumer>,
): Promise<Ratio> => {
  const consumer = await openConsumer()
  const ratios: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const store = open()
    await backlog(store)
    await consumer.fill(ROWS)
    const ours = (): Promise<number> => told(store)
    const theirs = consumer.drain
    const first = round % 2 === 0
    const one = await timed(first ? ours : theirs)
    const other = await timed(first ? theirs : ours)
    ratios.push(first ? other / one : one / other)
    await store.close()
  }
  await consumer.close()
  return median({ name: `outbox-drain-${name}`, goal: 2, better: "higher" }, ratios)
}

/** Fills the outbox; nothing is claimed meanwhile. */
const backlog = async (store: Store): Promise<void> => {
  const deaf: Store = { ...store, claim: () => Promise.resolve([]), close: () => Promise.resolve() }
  const spendfuse = engineOf(deaf, 1, () => Promise.resolve())
  for (let i = 0; i < ROWS / ACCOUNTS; i += 1)
    await Promise.all(Array.from({ length: ACCOUNTS }, (_, at) => once(spendfuse, `key-${at}`)))
  await spendfuse.close()
}

const told = async (store: Store): Promise<number> => {
  let rows = 0
  const kept: Store = { ...store, close: () => Promise.resolve() }
  const spendfuse = engineOf(kept, 1, async (events) => {
    rows += events.length
  })
  await spendfuse.flush()
  await spendfuse.close()
  return rows
}

const timed = async (work: () => Promise<number>): Promise<number> => {
  const start = performance.now()
  const rows = await work()
  if (rows !== ROWS) throw new Error(`${rows} rows were told, not ${ROWS}`)
  return performance.now() - start
}

const PAYLOAD = JSON.stringify({
  kind: "tier",
  id: "key/day/key-1/80%",
  atMs: 1_790_000_000_000,
  account: "key/day/key-1",
  settled: 800_000_000,
  limit: 1_000_000_000,
})

const lpopOf = (url: string) => async (): Promise<Consumer> => {
  const redis = new Redis(url)
  return {
    fill: async (rows) => {
      await redis.rpush("queue", ...Array.from({ length: rows }, () => PAYLOAD))
    },
    drain: async () => {
      let rows = 0
      for (;;) {
        const row = await redis.lpop("queue")
        if (row === null) return rows
        JSON.parse(row)
        rows += 1
      }
    },
    close: async () => {
      await redis.quit()
    },
  }
}

const POP = `delete from bench_queue where id =
  (select id from bench_queue order by id for update skip locked limit 1) returning payload`

const skipLockedOf = (url: string) => async (): Promise<Consumer> => {
  const pool = new Pool({ connectionString: url, max: 1 })
  await pool.query("create table bench_queue (id bigserial primary key, payload jsonb not null)")
  return {
    fill: async (rows) => {
      await pool.query(
        "insert into bench_queue (payload) select $1::jsonb from generate_series(1, $2)",
        [PAYLOAD, rows],
      )
    },
    drain: async () => {
      let rows = 0
      for (;;) {
        const { rowCount } = await pool.query({ name: "pop", text: POP })
        if (rowCount === 0) return rows
        rows += 1
      }
    },
    close: () => pool.end(),
  }
}
