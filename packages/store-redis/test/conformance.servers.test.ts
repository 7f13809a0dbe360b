import { describe, inject, it } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { conformanceLaws, type OpenEmpty } from "../../core/src/testing.ts"
import { type RedisPlace, redisStore } from "../src/index.ts"

// A history takes many round trips: a fortieth of the runs of laws without a server.
const RUNS = Math.ceil(Number(process.env.LAW_RUNS ?? 400) / 40)
const SEED = Number(process.env.LAW_SEED ?? 42)

/** Each under a prefix of its own; opened again it finds what lies there. */
const openAt =
  (place: RedisPlace): OpenEmpty =>
  async ({ nowMs, history }) => {
    const prefix = freshName("lawful")
    const opened = () => ({
      store: redisStore({ ...place, prefix, nowMs, history }),
      restart: async () => opened(),
    })
    return opened()
  }

const asked = { runs: RUNS, seed: SEED, share: 20, opensBeside: true }

describe("the Redis store keeps the laws of stores", () => {
  const open = openAt({ url: inject("redisUrl") })
  for (const { name, run } of conformanceLaws({ ...asked, open })) it(name, run)
})

describe("the Redis store keeps the laws of stores in a Cluster", () => {
  const nodes = inject("redisClusterUrls").map((url) => {
    const { hostname, port } = new URL(url)
    return { host: hostname, port: Number(port) }
  })
  const open = openAt({ cluster: nodes })
  for (const { name, run } of conformanceLaws({ ...asked, open, spansDivisions: false }))
    it(name, run)
})
