// A real Redis for tests and benches, on this machine's loopback, in a folder that goes with it.
import { Redis } from "ioredis"
import { freePort, launch, temporaryFolder } from "./ports.mjs"
import { findProgram } from "./unpacked.mjs"

/** Starts one server; `index.d.mts` tells its options and what it answers. */
export const startRedis = async (options = {}) => {
  const { aof = "no", maxmemory, replicaOf, dir, settings = {} } = options
  const folder = dir === undefined ? temporaryFolder("redis") : undefined
  const port = await freePort()
  const all = {
    port,
    bind: "127.0.0.1",
    dir: dir ?? folder.path,
    save: "",
    "repl-diskless-sync-delay": 0,
    appendonly: aof === "no" ? "no" : "yes",
    ...(aof === "no" ? {} : { appendfsync: aof }),
    ...(maxmemory === undefined ? {} : { maxmemory, "maxmemory-policy": "noeviction" }),
    ...(replicaOf === undefined ? {} : { replicaof: `127.0.0.1 ${replicaOf.port}` }),
    ...settings,
  }
  let server = await start(all)
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid
    },
    kill9: () => server.end("SIGKILL"),
    restart: async () => {
      await server.end("SIGTERM")
      server = await start(all)
    },
    stop: async () => {
      await server.end("SIGKILL")
      folder?.remove()
    },
  }
}

const start = async (settings) => {
  const { program, env } = redisServer()
  const args = Object.entries(settings).flatMap(([key, value]) => [
    `--${key}`,
    ...words(key, value),
  ])
  return launch(program, args, { env }, () => answersPing(settings.port))
}

/** `replicaof` is two words; what is empty is one. */
const words = (key, value) => (key === "replicaof" ? value.split(" ") : [String(value)])

export const redisServer = () =>
  findProgram({
    variable: "SPENDFUSE_REDIS_SERVER",
    names: ["redis-server", "valkey-server"],
    packages: [
      "redis-server",
      "redis-tools",
      "libatomic1",
      "libjemalloc2",
      "liblua5.1-0",
      "liblzf1",
      "lua-bitop",
      "lua-cjson",
    ],
    remedy: "the path of a `redis-server`, or SPENDFUSE_REDIS_URL to a running one",
  })

/** A client that tries once: whoever waits asks again. */
export const connectOnce = async (port) => {
  const client = new Redis(port, "127.0.0.1", {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  })
  client.on("error", () => undefined)
  try {
    await client.connect()
    return client
  } catch {
    client.disconnect()
    return undefined
  }
}

/** While it loads its data it says so instead. */
const answersPing = async (port) => {
  const client = await connectOnce(port)
  if (client === undefined) return false
  try {
    return (await client.ping()) === "PONG"
  } catch {
    return false
  } finally {
    client.disconnect()
  }
}
