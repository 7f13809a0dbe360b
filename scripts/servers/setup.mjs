// Before the tests against real servers: starts what no variable names, once, and hands out the URLs.
import { startRedisCluster } from "./cluster.mjs"
import { startPostgres } from "./postgres.mjs"
import { startRedis } from "./redis.mjs"

/** vitest's `globalSetup`; what it answers runs at the end, when tests failed too. */
export default async function setup(project) {
  const started = []
  const stopAll = async () => {
    await Promise.all(started.map((server) => server.stop()))
  }
  const keep = async (starting) => {
    const server = await starting
    started.push(server)
    return server
  }
  const { SPENDFUSE_REDIS_URL, SPENDFUSE_REDIS_CLUSTER_URL, SPENDFUSE_POSTGRES_URL } = process.env
  const results = await Promise.allSettled([
    SPENDFUSE_REDIS_URL || keep(startRedis()).then(({ url }) => url),
    SPENDFUSE_REDIS_CLUSTER_URL?.split(",") || keep(startRedisCluster()).then(({ urls }) => urls),
    SPENDFUSE_POSTGRES_URL || keep(startPostgres()).then(({ url }) => url),
  ])
  const failures = results.filter(({ status }) => status === "rejected")
  if (failures.length > 0) {
    await stopAll()
    throw new Error(failures.map(({ reason }) => reason.message).join("\n"))
  }
  const [redis, cluster, postgres] = results.map(({ value }) => value)
  project.provide("redisUrl", redis)
  project.provide("redisClusterUrls", cluster)
  project.provide("postgresUrl", postgres)
  return stopAll
}
