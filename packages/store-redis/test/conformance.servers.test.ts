import type { Store } from "@spendfuse/core/ports"
import { encodeText } from "@spendfuse/core/wire"
import { Cluster, Redis } from "ioredis"
import { describe, inject, it } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { type ConformanceOptions, conformanceLaws } from "../../core/src/testing.ts"
import { type RedisPlace, redisStore } from "../src/index.ts"
import { baseOf } from "../src/keys.ts"

// A history takes many round trips: a fortieth of the runs of laws without a server.
const RUNS = Math.ceil(Number(process.env.LAW_RUNS ?? 400) / 40)
const SEED = Number(process.env.LAW_SEED ?? 42)

/** Stores under prefixes of their own; opened again they find what lies there. */
const lawsAt = (
  place: RedisPlace,
  more: { readonly spansDivisions: boolean; readonly raw: () => Redis | Cluster },
): ReturnType<typeof conformanceLaws> => {
  const prefixes = new WeakMap<Store, string>()
  const open: ConformanceOptions["open"] = async ({ nowMs, history }) => {
    const prefix = freshName("lawful")
    const opened = () => {
      const store = redisStore({ ...place, prefix, nowMs, history })
      prefixes.set(store, prefix)
      return { store, restart: async () => opened() }
    }
    return opened()
  }
  return conformanceLaws({
    open,
    spansDivisions: more.spansDivisions,
    runs: RUNS,
    seed: SEED,
    share: 20,
    opensBeside: true,
    corrupt: async ({ store }, { key, division }) => {
      const raw = more.raw()
      await raw.set(
        `${baseOf(prefixes.get(store) ?? "", division)}a:${encodeText(key)}`,
        "\u007f of a form to come",
      )
      raw.disconnect()
    },
  })
}

describe("the Redis store keeps the laws of stores", () => {
  const url = inject("redisUrl")
  const raw = (): Redis => new Redis(url)
  for (const { name, run } of lawsAt({ url }, { spansDivisions: true, raw })) it(name, run)
})

describe("the Redis store keeps the laws of stores in a Cluster", () => {
  const cluster = inject("redisClusterUrls").map((url) => {
    const { hostname, port } = new URL(url)
    return { host: hostname, port: Number(port) }
  })
  const raw = (): Cluster => new Cluster(cluster)
  for (const { name, run } of lawsAt({ cluster }, { spansDivisions: false, raw })) it(name, run)
})
