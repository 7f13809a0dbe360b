// How each of our stores is opened for the laws: empty, under a name of its own, on a server of this run.
import { playedMemory } from "@spendfuse/core/lab"
import { encodeText } from "@spendfuse/core/wire"
import { durableObjectStore } from "@spendfuse/store-durable-object"
import { memoryStore } from "@spendfuse/store-memory"
import { postgresStore } from "@spendfuse/store-postgres"
import { redisStore } from "@spendfuse/store-redis"
import { Cluster, Redis } from "ioredis"
import pg from "pg"
import { startWorker, workerAt } from "../../packages/store-durable-object/test/workerd.ts"
import { baseOf } from "../../packages/store-redis/src/keys.ts"
import { freshName, startPostgres, startRedis, startRedisCluster } from "../servers/index.mjs"

/** By name: starts what is needed, and answers the suite's options and what ends it. */
export const openers = {
  memory: async () => ({
    options: {
      open: ({ nowMs, history }) =>
        playedMemory((options) => memoryStore({ ...options, history }))(nowMs),
    },
    close: async () => undefined,
  }),

  redis: async () => {
    const { url, stop } = await server(process.env.SPENDFUSE_REDIS_URL, startRedis)
    const raw = () => new Redis(url)
    return {
      options: { ...BESIDE, open: openRedis({ url }), corrupt: spoiledRedis(raw) },
      close: stop,
    }
  },

  "redis-cluster": async () => {
    const given = process.env.SPENDFUSE_REDIS_CLUSTER_URL
    const { urls, stop } =
      given === undefined
        ? await startRedisCluster()
        : { urls: given.split(","), stop: async () => undefined }
    const cluster = urls.map((url) => {
      const { hostname: host, port } = new URL(url)
      return { host, port: Number(port) }
    })
    const options = { ...BESIDE, open: openRedis({ cluster }), spansDivisions: false }
    const raw = () => new Cluster(cluster)
    return { options: { ...options, corrupt: spoiledRedis(raw) }, close: stop }
  },

  postgres: async () => {
    const { url, stop } = await server(process.env.SPENDFUSE_POSTGRES_URL, startPostgres)
    const open = async ({ nowMs, history }) => {
      const schema = freshName("lawful")
      return reopening(schema, () =>
        postgresStore({ url, schema, migrate: true, nowMs, history, connections: 2 }),
      )
    }
    const corrupt = async ({ store }) => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      const table = `${places.get(store)}.migration`
      await client.query(`insert into ${table} (name, checksum) values ('9000_later', '')`)
      await client.end()
    }
    return { options: { ...BESIDE, open, corrupt }, close: stop }
  },

  "durable-object": async () => {
    const worker = await startWorker(workerAt("calls.ts"))
    const namespace = await worker.getDurableObjectNamespace("LEDGER")
    const open = async ({ nowMs, history }) => {
      const prefix = freshName("lawful")
      return reopening(prefix, () => durableObjectStore({ namespace, prefix, nowMs, history }))
    }
    /** The object begins anew from what another version wrote. */
    const corrupt = async ({ store }, { division }) => {
      const body = `${places.get(store)}/=${encodeText(division)}`
      await worker.dispatchFetch("http://laws/newer", { method: "POST", body })
    }
    const options = { ...BESIDE, share: 5, open, corrupt, spansDivisions: false }
    return { options, close: () => worker.dispose() }
  },
}

/** Several hosts on one server, and histories that share what took long to open. */
const BESIDE = { opensBeside: true, share: 20 }

const server = async (given, start) =>
  given === undefined || given === "" ? start() : { url: given, stop: async () => undefined }

const openRedis =
  (place) =>
  async ({ nowMs, history }) => {
    const prefix = freshName("lawful")
    return reopening(prefix, () => redisStore({ ...place, prefix, nowMs, history }))
  }

/** An account's record in a form to come. */
const spoiledRedis =
  (open) =>
  async ({ store }, { key, division }) => {
    const raw = open()
    await raw.set(`${baseOf(places.get(store), division)}a:${encodeText(key)}`, "\u007f")
    raw.disconnect()
  }

/** The prefix or schema of each store. */
const places = new WeakMap()

const reopening = (place, open) => {
  const store = open()
  places.set(store, place)
  return { store, restart: async () => reopening(place, open) }
}
