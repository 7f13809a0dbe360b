import { type Command, compile } from "@spendfuse/core/domain"
import { type Store, StoreUnavailable } from "@spendfuse/core/ports"
import { describe, expect, inject, it, onTestFinished, vi } from "vitest"
import { freshName, startRedisCluster } from "../../../scripts/servers/index.mjs"
import { definePolicy } from "../../core/src/index.ts"
import { redisStore } from "../src/index.ts"

const policy = definePolicy({
  partitionBy: "org",
  budgets: [
    {
      id: "org",
      per: ["org"],
      limit: { requests: 1_000 },
      window: "hour",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

let last = 0

const reserve = (org: string, atMs = Date.now()): Command => {
  const plan = compile(policy, { org }, atMs)
  if ("missing" in plan) throw new Error(plan.missing)
  return {
    kind: "reserve",
    id: { source: freshName("s"), n: 1 },
    done: 0,
    ...plan,
    switches: ["all"],
    issuedAtMs: atMs,
    base: { usd: 0, tokens: 0, requests: 1 },
    perUnit: { usd: 0, tokens: 0, requests: 0 },
    units: { least: 0, most: 0 },
    expiresAtMs: atMs + 600_000,
    via: null,
    swallowed: 0,
  }
}

const turn = (state: "on" | "off", untilMs: number | null = null): Command => ({
  kind: "switch",
  id: { source: "ops", n: ++last },
  done: 0,
  division: "*",
  switch: "all",
  state,
  untilMs,
  by: "ann",
  why: "a test",
})

const nodesOf = (urls: readonly string[]) =>
  urls.map((url) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) }))

const open = (prefix: string, nowMs?: () => number, urls = inject("redisClusterUrls")): Store => {
  const store = redisStore({
    cluster: nodesOf(urls),
    prefix,
    onNotice: () => undefined,
    ...(nowMs ? { nowMs } : {}),
  })
  onTestFinished(() => store.close())
  return store
}

const ORGS = ["a", "b", "c", "d", "e"]

const answers = (store: Store, orgs = ORGS, atMs?: number): Promise<readonly string[]> =>
  Promise.all(
    orgs.map(async (org) => {
      const [applied] = await store.apply([reserve(org, atMs)])
      return applied?.outcome.kind === "refused"
        ? applied.outcome.reason
        : String(applied?.outcome.kind)
    }),
  )

const each = (word: string, orgs = ORGS): readonly string[] => orgs.map(() => word)

describe("a switch of `*` in a Cluster", () => {
  it("reaches divisions that are there and those that come, from whichever process; on again too", async () => {
    const prefix = freshName("switches")
    const [one, other] = [open(prefix), open(prefix)]
    expect(await answers(one, ["a", "b"])).toEqual(each("reserved", ["a", "b"]))
    for (let round = 0; round < 3; round++) {
      const [off] = await other.apply([turn("off")])
      expect(off).toMatchObject({ outcome: { kind: "switched" }, eventsWritten: 1 })
      expect(await answers(one)).toEqual(each("switched-off"))
      expect(await answers(other, ["f", `late${round}`])).toEqual(each("switched-off", ["f", "g"]))
      await one.apply([turn("on")])
      expect(await answers(other)).toEqual(each("reserved"))
      expect(await answers(one, ["f", `late${round}`])).toEqual(each("reserved", ["f", "g"]))
    }
    const { items } = await one.audit({ limit: 100 })
    expect(items).toHaveLength(6)
  })

  it("ends by itself in all of them", async () => {
    const state = { nowMs: 1_790_000_000_000 }
    const store = open(freshName("switches"), () => state.nowMs)
    expect(await answers(store, ["a"], state.nowMs)).toEqual(["reserved"])
    await store.apply([turn("off", state.nowMs + 1_000)])
    state.nowMs += 999
    expect(await answers(store, ORGS, state.nowMs)).toEqual(each("switched-off"))
    state.nowMs += 1
    expect(await answers(store, [...ORGS, "z"], state.nowMs)).toEqual(
      each("reserved", [...ORGS, "z"]),
    )
  })

  it("is the same everywhere after it was turned by many at once, while divisions come", async () => {
    const prefix = freshName("switches")
    const stores = [open(prefix), open(prefix), open(prefix)]
    await answers(stores[0] as Store)
    for (let round = 0; round < 10; round++) {
      const words = await Promise.all([
        ...stores.map((store, at) => store.apply([turn(at % 2 === 0 ? "off" : "on")])),
        ...stores.map((store) => answers(store, [`x${round}`, `y${round}`])),
      ])
      expect(words).toHaveLength(6)
      const orgs = [...ORGS, `x${round}`, `y${round}`, `z${round}`]
      const told = new Set((await Promise.all(stores.map((store) => answers(store, orgs)))).flat())
      expect(told.size).toBe(1)
    }
  })

  it("comes back to a division that lost it, or lost its place in the list, within 5 minutes", async () => {
    const prefix = freshName("switches")
    const store = open(prefix)
    await answers(store, ["a"])
    const { Cluster } = await import("ioredis")
    const raw = new Cluster(nodesOf(inject("redisClusterUrls")))
    onTestFinished(() => raw.disconnect())
    await raw.zrem(`{${prefix}}:divisions`, "a")
    await store.apply([turn("off")])
    expect(await answers(store, ["a"])).toEqual(["reserved"])
    const now = performance.now()
    vi.spyOn(performance, "now").mockImplementation(() => now + 300_001)
    onTestFinished(() => void vi.restoreAllMocks())
    expect(await answers(store, ["a"])).toEqual(["switched-off"])
    await raw.zrem(`{${prefix}}:divisions`, "a")
    await store.apply([turn("on")])
    vi.spyOn(performance, "now").mockImplementation(() => now + 600_003)
    expect(await answers(store, ["a"])).toEqual(["reserved"])
  })

  it("is unavailable while a division's master is down, and the same when it is sent again", async () => {
    const cluster = await startRedisCluster({
      aof: "always",
      settings: { "cluster-require-full-coverage": "no" },
    })
    onTestFinished(() => cluster.stop())
    const prefix = freshName("switches")
    const store = open(prefix, undefined, cluster.urls)
    const orgs = Array.from({ length: 24 }, (_, at) => `org${at}`)
    await answers(store, orgs)
    const { Redis } = await import("ioredis")
    const first = new Redis(cluster.urls[0] as string)
    onTestFinished(() => first.disconnect())
    const slots = await Promise.all(
      ["*", ...orgs].map((org) => first.cluster("KEYSLOT", `{${prefix}:${org}}`)),
    )
    const masterOf = (slot: number): number => Math.floor((slot * 3) / 16_384)
    const registry = masterOf(await first.cluster("KEYSLOT", `{${prefix}}`))
    const home = masterOf(slots[0] as number)
    const down = [0, 1, 2].find(
      (at) =>
        at !== home && at !== registry && slots.slice(1).some((slot) => masterOf(slot) === at),
    ) as number
    await cluster.nodes[down]?.kill9()
    const command = turn("off")
    await expect(store.apply([command])).rejects.toBeInstanceOf(StoreUnavailable)
    const up = orgs.filter((_, at) => masterOf(slots[at + 1] as number) !== down)
    expect(await answers(store, up)).toEqual(each("switched-off", up))
    await cluster.nodes[down]?.restart()
    await vi.waitFor(
      async () => {
        const [again] = await store.apply([command])
        expect(again).toMatchObject({
          outcome: { kind: "switched", replayed: true },
          eventsWritten: 0,
        })
      },
      { timeout: 30_000, interval: 200 },
    )
    expect(await answers(store, orgs)).toEqual(each("switched-off", orgs))
  })
})
