import { createHash } from "node:crypto"
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from "ioredis"

/** A connection of the host's own. Its settings are the host's: see `docs/reference/stores/redis.md`. */
export type RedisClient = Redis | Cluster

/** A server's address. */
export interface RedisNode {
  readonly host: string
  readonly port: number
}

/** How to reach servers that are named one by one. */
interface Access {
  readonly username?: string
  /** Never printed. */
  readonly password?: string
  readonly tls?: boolean
}

/** Where Redis is: one of four ways. */
export type RedisPlace =
  /** `redis://` or `rediss://`; it may hold a password, and is never printed. */
  | { readonly url: string }
  /** A connection that the host made and closes; `enableOfflineQueue: false` is what a fuse wants. */
  | { readonly client: RedisClient }
  /** Sentinels, and the name of the master that they watch. */
  | (Access & {
      readonly sentinels: readonly RedisNode[]
      readonly name: string
      readonly sentinelPassword?: string
    })
  /** Some nodes of a Cluster; the others are found. */
  | (Access & { readonly cluster: readonly RedisNode[] })

/** A server-side script; two versions side by side are told apart by their hash. */
export interface Script {
  readonly source: string
  /** SHA-1 of the source, hexadecimal: its name on the server. */
  readonly sha: string
}

/** One run of a script; all keys lie in one slot. */
export interface Call {
  readonly script: Script
  readonly keys: readonly string[]
  readonly args: readonly (string | Buffer)[]
}

/** What one run answered, or the error it ended in. */
export type Reply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown }

/** What the store sees of a driver. */
export interface Client {
  readonly isCluster: boolean
  /** Whether what is run now is sent now. */
  readonly isReady: boolean
  /** How often a connection was made: what stood on the server before the last one may be gone. */
  readonly connections: number
  /**
   * Runs calls whose keys lie in one slot, in order, on one connection, in one write. Never rejects.
   *
   * @param signal once it is aborted nothing is sent
   */
  readonly run: (calls: readonly Call[], signal?: AbortSignal) => Promise<readonly Reply[]>
  /**
   * Waits until one replica has what this connection wrote to the key's server.
   *
   * @returns false where that took longer; true also where there is no replica
   */
  readonly replicated: (key: string, timeoutMs: number) => Promise<boolean>
  readonly close: () => Promise<void>
}

export const scriptOf = (source: string): Script => ({
  source,
  sha: createHash("sha1").update(source).digest("hex"),
})

/** Opens a connection, or takes the host's. Connecting goes on in the background. */
export const clientOf = (options: RedisPlace): Client => {
  if ("client" in options) return new IoRedisClient(options.client, false)
  return new IoRedisClient(opened(options), true)
}

/** How long a command waits for a connection that is being made; its caller's deadline is shorter. */
const READY_WAIT_MS = 1_000

/** How long a command waits for a slot that is being moved, and for how long first; then twice that, and so on. */
const MOVED_WAIT_MS = 2_000
const MOVED_AGAIN_MS = 20

/**
 * Nothing is sent later than its caller knows: no queue while there is no connection, and nothing sent
 * again by the driver. The engine sends again, by the command's id.
 */
const SETTINGS = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 5_000,
  commandTimeout: 10_000,
  // A master that became a replica: whoever watches over it knows the new one.
  reconnectOnError: ({ message }: Error): boolean => message.startsWith("READONLY"),
  retryStrategy: (times: number): number => Math.min(50 * 2 ** Math.min(times, 6), 1_000),
} satisfies RedisOptions

const CLUSTER_SETTINGS = {
  enableOfflineQueue: false,
  maxRedirections: 8,
  retryDelayOnFailover: 50,
  retryDelayOnClusterDown: 50,
  retryDelayOnTryAgain: 10,
  slotsRefreshTimeout: 2_000,
  clusterRetryStrategy: SETTINGS.retryStrategy,
} satisfies ClusterOptions

const opened = (options: Exclude<RedisPlace, { client: RedisClient }>): RedisClient => {
  if ("url" in options) return new Redis(options.url, SETTINGS)
  if ("sentinels" in options) {
    const { sentinels, name, username, password, sentinelPassword, tls } = options
    return new Redis({
      ...SETTINGS,
      sentinels: [...sentinels],
      name,
      username,
      password,
      sentinelPassword,
      ...(tls === true ? { tls: {} } : {}),
    })
  }
  if (!("cluster" in options))
    throw new TypeError("where is Redis? write `url`, `client`, `sentinels` or `cluster`")
  const { cluster, username, password, tls } = options
  const { enableOfflineQueue: _, retryStrategy: __, ...redisOptions } = SETTINGS
  return new Cluster([...cluster], {
    ...CLUSTER_SETTINGS,
    redisOptions: { ...redisOptions, username, password, ...(tls === true ? { tls: {} } : {}) },
  })
}

class IoRedisClient implements Client {
  readonly isCluster: boolean
  readonly #redis: RedisClient
  readonly #isOwn: boolean
  /** Who waits for a connection: one listener of the driver's tells all of them. */
  readonly #waiting = new Set<() => void>()
  #connections = 0
  #isClosed = false

  constructor(redis: RedisClient, isOwn: boolean) {
    this.#redis = redis
    this.#isOwn = isOwn
    this.isCluster = redis.isCluster
    redis.on("ready", this.#onReady)
    // Without a listener the driver prints them, addresses included; each command says that it failed.
    if (isOwn) redis.on("error", ignore)
  }

  get isReady(): boolean {
    return this.#redis.status === "ready"
  }

  get connections(): number {
    return this.#connections
  }

  async run(calls: readonly Call[], signal?: AbortSignal): Promise<readonly Reply[]> {
    if (!this.isCluster) return this.#run(calls, signal)
    const guarded = calls.map(guardedOf)
    const replies = [...(await this.#run(guarded, signal))]
    // While a slot is moved nothing runs on it; it was not run, so to send it again is safe.
    const endMs = performance.now() + MOVED_WAIT_MS
    for (let waitMs = MOVED_AGAIN_MS; ; waitMs *= 2) {
      const first = replies.findIndex(isBeingMoved)
      const isOver = signal?.aborted === true || performance.now() + waitMs > endMs
      // Where one behind it did run, sending it again would change the order.
      if (first < 0 || isOver || !replies.slice(first).every(isBeingMoved)) return replies
      await new Promise((resolve) => setTimeout(resolve, waitMs))
      replies.splice(first, replies.length, ...(await this.#run(guarded.slice(first), signal)))
    }
  }

  async #run(calls: readonly Call[], signal: AbortSignal | undefined): Promise<readonly Reply[]> {
    try {
      if (this.#redis.status !== "ready") await this.#ready(signal)
      signal?.throwIfAborted()
    } catch (error) {
      return calls.map(() => ({ ok: false, error }))
    }
    const replies = await this.#send(calls, byHash)
    const unknown = replies.findIndex(isUnknownScript)
    if (unknown < 0) return replies
    // In order, each with its source: what was answered in between was not this server's first sight of it.
    const missing = calls.filter((_, at) => isUnknownScript(replies[at]))
    const again = await this.#send(missing, bySource)
    let next = 0
    return replies.map((reply) => (isUnknownScript(reply) ? (again[next++] as Reply) : reply))
  }

  async replicated(key: string, timeoutMs: number): Promise<boolean> {
    const info = await this.#redis.pipeline().exists(key).info("replication").exec()
    const text = String(info?.[1]?.[1] ?? "")
    if (!/^connected_slaves:[1-9]/m.test(text)) return true
    const waited = await this.#redis.pipeline().exists(key).wait(1, timeoutMs).exec()
    return Number(waited?.[1]?.[1] ?? 0) >= 1
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#redis.off("ready", this.#onReady)
    if (!this.#isOwn || this.#redis.status === "end") return
    if (this.#redis.status === "ready") await this.#redis.quit().catch(ignore)
    this.#redis.disconnect()
  }

  readonly #onReady = (): void => {
    this.#connections += 1
    for (const ready of [...this.#waiting]) ready()
  }

  async #send(
    calls: readonly Call[],
    form: (call: Call) => [string, ...(string | Buffer)[]],
  ): Promise<readonly Reply[]> {
    const [only] = calls
    if (calls.length === 1 && only !== undefined) {
      const [name, ...args] = form(only)
      return [await settled(this.#redis.call(name, ...args))]
    }
    const pipeline = this.#redis.pipeline()
    for (const call of calls) {
      const [name, ...args] = form(call)
      pipeline.call(name, ...args)
    }
    try {
      const answers = (await pipeline.exec()) ?? []
      return calls.map((_, at) => replyOf(answers[at]))
    } catch (error) {
      return calls.map(() => ({ ok: false, error }))
    }
  }

  /** Resolves once there is a connection; rejects at the signal, or soon. */
  #ready(signal: AbortSignal | undefined): Promise<void> {
    const redis = this.#redis
    if (this.#isClosed || redis.status === "end")
      return Promise.reject(new Error("there is no connection"))
    if (redis.status === "wait") redis.connect().catch(ignore)
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(onReady)
        signal?.removeEventListener("abort", onAbort)
      }
      const onReady = (): void => {
        end()
        resolve()
      }
      const onAbort = (): void => {
        end()
        reject(new Error("there is no connection"))
      }
      const timer = setTimeout(onAbort, READY_WAIT_MS)
      this.#waiting.add(onReady)
      signal?.addEventListener("abort", onAbort, { once: true })
    })
  }
}

const byHash = ({ script, keys, args }: Call): [string, ...(string | Buffer)[]] => [
  "EVALSHA",
  script.sha,
  String(keys.length),
  ...keys,
  ...args,
]

const bySource = ({ script, keys, args }: Call): [string, ...(string | Buffer)[]] => [
  "EVAL",
  script.source,
  String(keys.length),
  ...keys,
  ...args,
]

/**
 * A script finds keys that its call does not name. Of a slot that is being moved a node has some of them only,
 * and a call that names one key would be run there: it would see an empty ledger. A call that names
 * several, one of which is never there, is refused until the slot has moved (TRYAGAIN).
 */
const guardedOf = (call: Call): Call => {
  const [first = ""] = call.keys
  if (call.keys.some((key) => key !== first)) return call
  return { ...call, keys: [...call.keys, `${first.slice(0, first.indexOf("}") + 1)}guard`] }
}

/** The slot is half here, half there. The driver has tried some times itself, and says so before. */
const isBeingMoved = (reply: Reply | undefined): boolean =>
  reply?.ok === false &&
  reply.error instanceof Error &&
  /(^|[\s:])TRYAGAIN\b/.test(reply.error.message)

const settled = async (promise: Promise<unknown>): Promise<Reply> => {
  try {
    return { ok: true, value: await promise }
  } catch (error) {
    return { ok: false, error }
  }
}

const replyOf = (answer: [error: Error | null, result: unknown] | undefined): Reply => {
  if (answer === undefined) return { ok: false, error: new Error("there was no answer") }
  const [error, value] = answer
  return error === null ? { ok: true, value } : { ok: false, error }
}

const isUnknownScript = (reply: Reply | undefined): boolean =>
  reply?.ok === false && reply.error instanceof Error && reply.error.message.startsWith("NOSCRIPT")

const ignore = (): void => undefined
