// What a Redis has spent on scripts so far, by its own count.
import { Redis } from "ioredis"

/** Microseconds for each run between the two looks; null where the server is no Redis. */
export const serverTime = async ({ store, url }) => {
  if (store !== "redis") return { end: async () => null }
  const redis = new Redis(url)
  const before = await runsOf(redis)
  return {
    end: async () => {
      const after = await runsOf(redis)
      redis.disconnect()
      return Math.round((after.usec - before.usec) / (after.calls - before.calls))
    },
  }
}

const runsOf = async (redis) => {
  const text = await redis.info("commandstats")
  const [, calls = "0", usec = "0"] = /cmdstat_evalsha:calls=(\d+),usec=(\d+)/.exec(text) ?? []
  return { calls: Number(calls), usec: Number(usec) }
}
