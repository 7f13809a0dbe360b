import { Redis } from "ioredis"
import { redisStore } from "../packages/store-redis/src/index.ts"
import { startRedis } from "../scripts/servers/index.mjs"
import { callersOf, Host, planOf } from "./redisCalls.ts"
import { type Contender, exactly, measure, type Ratio } from "./rounds.ts"

/** Four accounts a subject, and one for all. */
const MANY_SUBJECTS = 25_000
const FEW_SUBJECTS = 25
const CALLERS = 16

/** Cost per decision with 10⁵ accounts over that with 10², each on a server of its own; bytes of an idle account. */
export const redisAccounts = async (): Promise<readonly Ratio[]> => {
  const many = await filled(MANY_SUBJECTS)
  const few = await filled(FEW_SUBJECTS)
  try {
    const bytes = (many.bytes - few.bytes) / (4 * (MANY_SUBJECTS - FEW_SUBJECTS))
    return [
      await measure({
        name: "redis-accounts-scaling",
        goal: 1.25,
        better: "lower",
        as: "cost",
        ours: many.contender,
        theirs: few.contender,
        n: 1_000,
      }),
      exactly({
        name: "redis-bytes-per-account",
        value: Math.round(bytes),
        goal: 500,
        better: "lower",
      }),
    ]
  } finally {
    await many.stop()
    await few.stop()
  }
}

const filled = async (
  subjects: number,
): Promise<{
  readonly contender: Contender
  readonly bytes: number
  readonly stop: () => Promise<void>
}> => {
  const server = await startRedis()
  const redis = new Redis(server.port, "127.0.0.1")
  const store = redisStore({ client: redis, prefix: "benchOurs" })
  const stores = { reserve: store, settle: store }
  const host = new Host("host")
  const plans = Array.from({ length: subjects }, (_, i) => planOf(i))
  let next = 0
  const contender = callersOf(CALLERS, () => {
    const plan = plans[next % subjects]
    if (plan === undefined) throw new Error("no plan")
    next += 1
    return host.call(stores, plan)
  })
  await contender.run(subjects)
  const [, bytes = "0"] = /used_memory:(\d+)/.exec(await redis.info("memory")) ?? []
  const stop = async (): Promise<void> => {
    redis.disconnect()
    await server.stop()
  }
  return { contender, bytes: Number(bytes), stop }
}
