import { Cluster, Redis, type RedisOptions } from "ioredis"
import { faultOf } from "../errors.ts"
import type { RedisPlace } from "../options.ts"

/** One command, by its name. Rejects with what the failure means, never with the driver's own text. */
export type Ask = (name: string, ...args: readonly (string | number)[]) => Promise<unknown>

/** A server as an inspection sees it. */
export interface InspectedNode {
  /** `host:port`, without secrets. */
  readonly address: string
  readonly ask: Ask
}

/** A connection for one inspection: it waits for the server, and gives up at the first failure. */
export interface Inspected {
  readonly isCluster: boolean
  /** Goes where the command's key is. */
  readonly ask: Ask
  /** The masters, or the one server. */
  readonly nodes: readonly InspectedNode[]
  readonly close: () => void
}

/** @throws StoreUnavailable, without address or password */
export const connected = async (place: RedisPlace): Promise<Inspected> => {
  if ("client" in place) return inspected(place.client, () => undefined)
  const redis = opened(place)
  // The driver prints errors that nobody hears, with the address; what `connect` rejects with says less.
  let heard: unknown
  redis.on("error", (error: unknown) => {
    heard = error
  })
  try {
    await redis.connect()
  } catch (error) {
    redis.disconnect()
    throw faultOf(NAME, heard ?? error)
  }
  return inspected(redis, () => redis.disconnect())
}

const NAME = "redis"

const SETTINGS = {
  lazyConnect: true,
  connectTimeout: 5_000,
  commandTimeout: 30_000,
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
  connectionName: "spendfuse-inspect",
} satisfies RedisOptions

const opened = (place: Exclude<RedisPlace, { readonly client: unknown }>): Redis | Cluster => {
  if ("url" in place) return new Redis(place.url, SETTINGS)
  const { username, password } = place
  const access = { username, password, ...(place.tls === true ? { tls: {} } : {}) }
  if ("sentinels" in place) {
    const { sentinels, name, sentinelPassword } = place
    return new Redis({
      ...SETTINGS,
      ...access,
      sentinels: [...sentinels],
      name,
      sentinelPassword,
      sentinelRetryStrategy: () => null,
    })
  }
  const { lazyConnect, retryStrategy, ...redisOptions } = SETTINGS
  return new Cluster([...place.cluster], {
    lazyConnect,
    clusterRetryStrategy: retryStrategy,
    redisOptions: { ...redisOptions, ...access },
  })
}

const inspected = (redis: Redis | Cluster, close: () => void): Inspected => ({
  isCluster: redis.isCluster,
  ask: askOf(redis),
  nodes: (redis instanceof Cluster ? redis.nodes("master") : [redis]).map((node) => ({
    address: addressOf(node),
    ask: askOf(node),
  })),
  close,
})

const askOf =
  (redis: Redis | Cluster): Ask =>
  async (name, ...args) => {
    try {
      return await redis.call(name, ...args)
    } catch (error) {
      throw faultOf(NAME, error)
    }
  }

/** Behind Sentinels the options name none: then it is where the connection goes. */
const addressOf = ({ options, stream }: Redis): string => {
  const { host, port, sentinels } = options
  if (sentinels === undefined || sentinels === null) return `${host}:${port}`
  return "remoteAddress" in stream && "remotePort" in stream
    ? `${stream.remoteAddress}:${stream.remotePort}`
    : `the master of ${options.name}`
}
