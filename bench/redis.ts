import { Redis } from "ioredis"
import { RateLimiterRedis, type RateLimiterRes } from "rate-limiter-flexible"
import { clientOf } from "../packages/store-redis/src/client.ts"
import { STEPS } from "../packages/store-redis/src/redisStore.ts"
import type { Steps } from "../packages/store-redis/src/steps.ts"
import { storeOn } from "../packages/store-redis/src/storeOn.ts"
import { startRedis } from "../scripts/servers/index.mjs"
import { subjectOf } from "./core.ts"
import { callersOf, type Heard, Host, planOf, type Stores } from "./redisCalls.ts"
import { type Called, countOf, floorOn, type Recorded, recorded } from "./redisFloor.ts"
import { type Contender, exactly, measure, median, type Ratio } from "./rounds.ts"

const PREFIX = "benchOurs"
const FLOOR = "benchBare"
const CALLERS = [16, 64] as const

/** Both sides share a server of their own, and each has a connection. A call is a Reserve and its Settle. */
export const redisRatios = async (): Promise<readonly Ratio[]> => {
  const server = await startRedis()
  const plain = await open(server.port, false)
  const piped = await open(server.port, true)
  try {
    const ratios: Ratio[] = []
    for (const callers of CALLERS) ratios.push(...(await ratiosOf(plain, callers, server.port)))
    for (const callers of CALLERS)
      ratios.push(
        await measure({
          name: `redis-auto-pipelined-vs-ping-${callers}`,
          goal: 0.3,
          better: "higher",
          as: "rate",
          ours: oursOf(piped, callers),
          theirs: pingOf(piped, callers),
          n: CALLS,
        }),
      )
    return [...ratios, ...(await countsOf(plain, server.port))]
  } finally {
    plain.close()
    piped.close()
    await server.stop()
  }
}

const CALLS = 400

const ratiosOf = async (side: Side, callers: number, port: number): Promise<readonly Ratio[]> => {
  const common = { better: "higher", as: "rate", n: CALLS, ours: oursOf(side, callers) } as const
  await common.ours.run(CALLS)
  const seen = await recorded(port, async () => common.ours.run(callers * 8))
  const bare = await floorOn(side.client, side.redis, seen, side.answers, [PREFIX, FLOOR])
  const named = (name: string): string => `${name}-${callers}`
  return [
    await measure({
      ...common,
      name: named("redis-vs-floor"),
      goal: 0.9,
      theirs: oursOf(side, callers, bare),
    }),
    await measure({
      ...common,
      name: named("redis-vs-ping"),
      goal: 0.45,
      theirs: pingOf(side, callers),
    }),
    await measure({
      ...common,
      name: named("redis-alone-vs-ping"),
      goal: 0.45,
      ours: oursOf(side, callers, side.alone),
      theirs: pingOf(side, callers),
    }),
    await tailOf(side, callers, named("redis-p99-vs-ping")),
    await measure({
      ...common,
      name: named("redis-vs-rate-limiter-flexible"),
      goal: 4,
      theirs: limiterOf(side, callers),
      n: CALLS / 4,
    }),
  ]
}

/** What stands on one connection's settings. */
interface Side {
  readonly redis: Redis
  readonly other: Redis
  readonly client: ReturnType<typeof clientOf>
  readonly stores: Stores
  /** The same, each command in a run of its own. */
  readonly alone: Stores
  /** The last answer to each kind of command, as the script gave it to many. */
  readonly answers: ReadonlyMap<string, string>
  readonly close: () => void
}

const open = async (port: number, enableAutoPipelining: boolean): Promise<Side> => {
  const redis = new Redis(port, "127.0.0.1", { enableAutoPipelining })
  const other = new Redis(port, "127.0.0.1", { enableAutoPipelining })
  await Promise.all([redis.ping(), other.ping()])
  const client = clientOf({ client: redis })
  const answers = new Map<string, string>()
  const { many } = STEPS
  const steps: Steps =
    many === undefined
      ? STEPS
      : {
          ...STEPS,
          many: {
            ...many,
            answersOf: (value) => {
              const [first = ""] = String(value).split("\n")
              answers.set(first.includes(";R;") ? "R" : "S", first)
              return many.answersOf(value)
            },
          },
        }
  const store = storeOn(client, steps, { prefix: PREFIX })
  const { many: _, ...oneByOne } = STEPS
  const alone = storeOn(client, oneByOne, { prefix: PREFIX })
  const close = (): void => {
    redis.disconnect()
    other.disconnect()
  }
  return {
    redis,
    other,
    client,
    stores: { reserve: store, settle: store },
    alone: { reserve: alone, settle: alone },
    answers,
    close,
  }
}

let hosts = 0

const oursOf = (
  side: Side,
  callers: number,
  stores: Stores = side.stores,
  heard?: Heard,
): Contender => {
  hosts += 1
  const host = new Host(`host${1_000 + hosts}`)
  let plan = planOf(0)
  const { run } = callersOf(callers, () => host.call(stores, plan, heard))
  return {
    run: (n) => {
      plan = planOf(0)
      return run(n)
    },
  }
}

const pingOf = ({ other }: Side, callers: number, heard?: Heard): Contender => {
  const ping = async (): Promise<void> => {
    const startMs = performance.now()
    await other.ping()
    heard?.(performance.now() - startMs)
  }
  return callersOf(callers, async () => {
    await ping()
    await ping()
  })
}

/** Five counters raised and, as a Settle would, given back in part: five scripts for each of our commands. */
const limiterOf = ({ other }: Side, callers: number): Contender => {
  const limiter = new RateLimiterRedis({ storeClient: other, points: 1e15, duration: 3_600 })
  const keys = Object.values({ ...subjectOf(0), platform: "all" })
  const each = (act: (key: string) => Promise<RateLimiterRes>): Promise<unknown> =>
    Promise.all(keys.map(act))
  return callersOf(callers, async () => {
    await each((key) => limiter.consume(key, 500))
    await each((key) => limiter.reward(key, 400))
  })
}

/** The slowest of a hundred commands over the slowest of a hundred PINGs, by turns. */
const tailOf = async (side: Side, callers: number, name: string): Promise<Ratio> => {
  const took: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] }
  const ours = oursOf(side, callers, side.stores, (ms) => took.ours.push(ms))
  const theirs = pingOf(side, callers, (ms) => took.theirs.push(ms))
  const ratios: number[] = []
  for (let round = -5; round < 21; round += 1) {
    took.ours = []
    took.theirs = []
    for (const contender of round % 2 === 0 ? [ours, theirs] : [theirs, ours])
      await contender.run(TAIL)
    if (round >= 0) ratios.push(p99(took.ours) / p99(took.theirs))
  }
  return median({ name, goal: 2.5, better: "lower" }, ratios)
}

const TAIL = 1_000

const p99 = (took: number[]): number =>
  took.sort((a, b) => a - b)[Math.floor(took.length * 0.99)] ?? Number.NaN

/** How many data calls a decision takes at 16 callers on average, and how many commands it sends: alone, and together. */
const countsOf = async (side: Side, port: number): Promise<readonly Ratio[]> => {
  const alone = await countedOf(side, port, side.alone)
  const together = await countedOf(side, port, side.stores)
  const few = (name: string, value: number, goal: number): Ratio =>
    exactly({ name, value: Math.round(value * 100) / 100, goal, better: "lower" })
  return [
    few("redis-calls-reserve", alone.reserve, 6),
    few("redis-calls-settle", alone.settle, 5),
    few("redis-commands-per-decision", alone.commands, 1),
    few("redis-calls-reserve-together", together.reserve, 6),
    few("redis-calls-settle-together", together.settle, 5),
    few("redis-commands-per-decision-together", together.commands, 1),
  ]
}

const countedOf = async (
  side: Side,
  port: number,
  stores: Stores,
): Promise<Readonly<Record<"reserve" | "settle" | "commands", number>>> => {
  const ours = oursOf(side, 16, stores)
  await ours.run(100)
  const seen: Recorded = await recorded(port, async () => ours.run(100))
  const calls = (runs: readonly Called[]): number => {
    const data = runs.flat().filter(([name]) => String(name).toLowerCase() !== "time")
    return data.length / runs.reduce((sum, run) => sum + countOf(run), 0)
  }
  return {
    reserve: calls(seen.reserves),
    settle: calls(seen.settles),
    commands: seen.sent / 200,
  }
}
