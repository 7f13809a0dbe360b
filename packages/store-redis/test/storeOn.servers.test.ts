import type { Charge, Command, Terms } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import { Redis } from "ioredis"
import { describe, expect, inject, it, onTestFinished } from "vitest"
import { freshName, startRedis } from "../../../scripts/servers/index.mjs"
import { clientOf, scriptOf } from "../src/client.ts"
import { baseOf, registryOf } from "../src/keys.ts"
import type { RedisPlace, RedisStoreNotice } from "../src/options.ts"
import type { Steps } from "../src/steps.ts"
import { storeOn } from "../src/storeOn.ts"
import { NOW_MS } from "./support.ts"

/** A step that only notes which numbers came, and wants the body of `t` once. */
const NOTES: Steps = {
  script: scriptOf(`
    if redis.call("EXISTS", KEYS[2] .. "terms") == 0 then
      if ARGV[2] == "" then return "missing" end
      redis.call("SET", KEYS[2] .. "terms", ARGV[2])
    end
    return redis.call("RPUSH", KEYS[1] .. "came", ARGV[1])`),
  argumentsOf: ({ id, division }, { base, shared, terms }) => ({
    keys: [base(division), shared],
    args: [String(id.n), terms.map((one) => one.id).join()],
  }),
  answerOf: (value, command) =>
    value === "missing"
      ? { kind: "terms-missing" }
      : {
          kind: "applied",
          stops: command.id.n === 99,
          applied: {
            outcome: { kind: "charged", skipped: [String(value)] },
            eventsWritten: 0,
            storeTimeMs: NOW_MS,
          },
        },
  readingOf: (base, accounts) => ({
    script: scriptOf(`local found = {}
      for at, account in ipairs(ARGV) do
        found[at] = redis.call("SISMEMBER", KEYS[1] .. "accounts", account)
      end
      return found`),
    keys: [base],
    args: accounts,
  }),
  recordsOf: (value, accounts) =>
    accounts.map((key, at) => ({
      account:
        (value as readonly number[])[at] === 1
          ? {
              key,
              division: "?",
              circuit: { state: "closed", generation: 0, observed: false, sinceMs: 0 },
              meters: [],
            }
          : null,
      storeTimeMs: NOW_MS,
    })),
  listingOf: (base, after, limit) => ({
    script: scriptOf(
      `return redis.call("ZRANGEBYLEX", KEYS[1] .. "keys", ARGV[1], "+", "LIMIT", 0, ARGV[2])`,
    ),
    keys: [base],
    args: [after === undefined ? "-" : `(${after}`, String(limit)],
  }),
  listedOf: (value) => ({ keys: value as readonly string[] }),
}

const TERMS = { id: "t", limit: 1, tiers: [] } as unknown as Terms

const charge = (n: number, division = "a"): Charge => ({
  kind: "charge",
  id: { source: "s", n },
  done: 0,
  division,
  lines: [
    {
      account: `hour/${division}`,
      division,
      period: { startMs: 0, endMs: 1, keptUntilMs: 2 },
      terms: TERMS,
    },
  ],
  amounts: { usd: 1, tokens: 0, requests: 0 },
  ends: null,
})

interface Opened {
  readonly store: Store
  readonly prefix: string
  readonly notices: readonly RedisStoreNotice[]
}

const open = (place: RedisPlace, prefix = freshName("store")): Opened => {
  const notices: RedisStoreNotice[] = []
  const onNotice = (notice: RedisStoreNotice): void => void notices.push(notice)
  const store = storeOn(clientOf(place), NOTES, { prefix, onNotice, replicaWaitMs: 1_000 })
  onTestFinished(() => store.close())
  return { store, prefix, notices }
}

const connected = (url: string): Redis => {
  const redis = new Redis(url)
  onTestFinished(() => redis.disconnect())
  return redis
}

const clusterPlace = (): RedisPlace => ({
  cluster: inject("redisClusterUrls").map((url) => {
    const { hostname, port } = new URL(url)
    return { host: hostname, port: Number(port) }
  }),
})

const came = async (store: Store, commands: readonly Command[]): Promise<readonly string[]> =>
  (await store.apply(commands)).map(({ outcome }) =>
    outcome.kind === "charged" ? (outcome.skipped[0] ?? "") : outcome.kind,
  )

describe("a batch", () => {
  it("is applied in its order within each division, and answered in its own", async () => {
    for (const place of [{ url: inject("redisUrl") }, clusterPlace()]) {
      const { store } = open(place)
      const batch = [charge(1, "a"), charge(2, "b"), charge(3, "a"), charge(4, "b"), charge(5, "a")]
      expect(await came(store, batch)).toEqual(["1", "1", "2", "2", "3"])
      await expect(store.apply([])).rejects.toThrow("0 commands; from 1 to 256 at once")
    }
  })

  it("costs one command for each of its commands, once its division is listed", async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const { store } = open({ url: server.url })
    await store.apply([charge(1)])
    const redis = connected(server.url)
    await redis.config("RESETSTAT")
    await Promise.all([2, 3, 4].map((n) => store.apply([charge(n)])))
    await store.apply([charge(5), charge(6)])
    const stats = await redis.info("commandstats")
    const calls = [...stats.matchAll(/cmdstat_([a-z|]+):calls=(\d+)/g)].map(
      ([, name, n]) => `${name} ${n}`,
    )
    expect(calls.filter((call) => !/^(config|info|exists|rpush)/.test(call))).toEqual(["evalsha 5"])
  })

  it("has the bodies of terms with it until they have arrived, and again where they are gone", async () => {
    const { store, prefix } = open({ url: inject("redisUrl") })
    const redis = connected(inject("redisUrl"))
    const key = `${baseOf(prefix, "*")}terms`
    expect(await came(store, [charge(1), charge(2)])).toEqual(["1", "2"])
    expect(await redis.get(key)).toBe("t")
    await redis.del(key)
    expect(await came(store, [charge(3), charge(4)])).toEqual(["3", "4"])
    expect(await redis.get(key)).toBe("t")
  })
})

describe("what a store refuses to touch", () => {
  it("is a layout that is newer than its own", async () => {
    const { store, prefix } = open({ url: inject("redisUrl") })
    const [divisions, layout] = registryOf(prefix)
    const redis = connected(inject("redisUrl"))
    await redis.set(layout, "2")
    await expect(store.apply([charge(1)])).rejects.toThrow(
      "store `redis` cannot be read: it has layout 2, and this version reads 1; upgrade",
    )
    expect(await redis.exists(divisions, `${baseOf(prefix, "a")}came`)).toBe(0)
    await redis.set(layout, "1")
    expect(await came(store, [charge(1)])).toEqual(["1"])
  })

  it("is anything under a prefix that would break the tag", () => {
    const client = clientOf({ url: inject("redisUrl") })
    onTestFinished(() => client.close())
    expect(() => storeOn(client, NOTES, { prefix: "a}b" })).toThrow("`prefix` is none")
  })
})

describe("divisions", () => {
  it("share no key, whatever they are called", () => {
    const names = ["a", "a}1:came", "a%7D1:came", "", "*", "{a}", "\u0000", "\ud800"]
    const keys = names.map((name) => `${baseOf("p", name)}came`)
    expect(new Set(keys).size).toBe(names.length)
    for (const key of keys) expect(key).toMatch(/^\{p:[^{}]*\}1:came$/)
  })

  it("are all looked through for accounts that no command named", async () => {
    for (const [place, url] of [
      [{ url: inject("redisUrl") }, inject("redisUrl")],
      [clusterPlace(), undefined],
    ] as const) {
      const { store, prefix } = open(place)
      await store.apply([charge(1, "a"), charge(2, "b")])
      if (url === undefined) continue
      const redis = connected(url)
      await redis.sadd(`${baseOf(prefix, "b")}accounts`, "y", "z")
      await redis.sadd(`${baseOf(prefix, "a")}accounts`, "x")
      await redis.zadd(`${baseOf(prefix, "b")}keys`, 0, "y", 0, "z")
      await redis.zadd(`${baseOf(prefix, "a")}keys`, 0, "x")
      const keysOf = (records: readonly { account: { key: string } | null }[]): unknown[] =>
        records.map(({ account }) => account?.key ?? null)
      expect(keysOf(await store.read(["z", "no", "x"]))).toEqual(["z", null, "x"])
      const page = await store.list({ limit: 2 })
      expect([page.items.map(({ key }) => key), page.next]).toEqual([["x", "y"], "y"])
      expect((await store.list({ limit: 2, after: "y" })).items.map(({ key }) => key)).toEqual([
        "z",
      ])
      expect(await store.list({ limit: 2, after: "z" })).toEqual({ items: [], next: null })
    }
  })
})

describe("a stop", () => {
  it("is answered when a replica has it, and with a notice where none has it in time", async () => {
    const master = await startRedis()
    const replica = await startRedis({ replicaOf: master })
    onTestFinished(async () => {
      await replica.stop()
      await master.stop()
    })
    const { store, notices, prefix } = open({ url: master.url })
    const watcher = connected(master.url)
    await expect.poll(() => watcher.info("replication")).toContain("state=online")
    // A replica that is called online hears of writes only a little later.
    await watcher.set("heard", "1")
    await expect.poll(() => watcher.wait(1, 100)).toBe(1)
    await store.apply([charge(99)])
    expect(notices).toEqual([])
    const copy = connected(replica.url)
    expect(await copy.llen(`${baseOf(prefix, "a")}came`)).toBe(1)
    process.kill(replica.pid, "SIGSTOP")
    await store.apply([charge(98)])
    expect(notices).toEqual([])
    await store.apply([charge(99)])
    process.kill(replica.pid, "SIGCONT")
    expect(notices).toEqual([
      {
        kind: "not-replicated",
        message: "store `redis`: no replica had a stop within 1000 ms; a failover now may lose it",
      },
    ])
  })
})
