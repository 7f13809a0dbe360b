// How each of our stores is opened for the laws: empty, under a name of its own, on a server of this run.
import { playedMemory } from "@spendfuse/core/testing"
import { memoryStore } from "@spendfuse/store-memory"
import { postgresStore } from "@spendfuse/store-postgres"
import { redisStore } from "@spendfuse/store-redis"
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
    return { options: { ...BESIDE, open: openRedis({ url }) }, close: stop }
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
    return {
      options: { ...BESIDE, open: openRedis({ cluster }), spansDivisions: false },
      close: stop,
    }
  },

  postgres: async () => {
    const { url, stop } = await server(process.env.SPENDFUSE_POSTGRES_URL, startPostgres)
    const open = async ({ nowMs, history }) => {
      const schema = freshName("lawful")
      return reopening(() =>
        postgresStore({ url, schema, migrate: true, nowMs, history, connections: 2 }),
      )
    }
    return { options: { ...BESIDE, open }, close: stop }
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
    return reopening(() => redisStore({ ...place, prefix, nowMs, history }))
  }

const reopening = (open) => ({ store: open(), restart: async () => reopening(open) })
