import { redisStore } from "@spendfuse/store-redis"
import { Redis } from "ioredis"
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest"
import { freshName, type Server, startRedis } from "../../../../scripts/servers/index.mjs"
import { run } from "../fakeIo.ts"
import { PARTITIONED, POLICY_OF_TESTS, policyWith, use } from "./use.ts"

const WORD = "c4nary-w0rd"
let server: Server
let redis: Redis
let url = ""

beforeAll(async () => {
  server = await startRedis({ aof: "always" })
  redis = new Redis(server.url)
  await redis.config("SET", "requirepass", WORD)
  await redis.auth(WORD)
  url = server.url.replace("://", `://:${WORD}@`)
})

afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

const doctor = async (prefix: string, ...more: readonly string[]) => {
  const ran = await run(["doctor", "--store", url, "--prefix", prefix, "--json", ...more], {
    same: JSON.stringify(POLICY_OF_TESTS),
    other: JSON.stringify(policyWith(2_000)),
  })
  expect(ran.out + ran.err).not.toContain(WORD)
  const found = JSON.parse(ran.out)
  const checks: { name: string; state: string; found: string; mend: string | null }[] = found.checks
  return {
    code: ran.code,
    facts: found.facts,
    check: (name: string) => checks.find((one) => one.name === name),
    bad: checks.filter(({ state }) => state !== "ok").map(({ name, state }) => `${name} ${state}`),
  }
}

const used = async (users = 3): Promise<string> => {
  const prefix = freshName("doctor")
  await use(redisStore({ url, prefix }), users)
  return prefix
}

const withSetting = async (
  name: string,
  value: string,
  work: () => Promise<void>,
): Promise<void> => {
  const [, before] = (await redis.config("GET", name)) as [string, string]
  await redis.config("SET", name, value)
  await work().finally(() => redis.config("SET", name, before))
}

describe("the doctor of Redis", () => {
  it("finds a sound server sound, and writes nothing", async () => {
    const prefix = await used()
    const dirty = async () => /rdb_changes_since_last_save:(\d+)/.exec(await redis.info())?.[1]
    const before = await dirty()
    const { code, facts, bad } = await doctor(prefix, "--policy", "same")
    expect(bad).toEqual([])
    expect(code).toBe(0)
    expect(facts).toMatchObject({
      kind: "redis",
      prefix,
      accounts: "4",
      meters: "4",
      reservations: "1",
      layout: "1",
    })
    expect(facts.address).toBe(`127.0.0.1:${server.port}`)
    expect(await dirty()).toBe(before)
  })

  it("tells settings that lose what was counted", async () => {
    const prefix = await used()
    const cases: [string, string, string][] = [
      ["maxmemory-policy", "allkeys-lru", "maxmemory-policy fail"],
      ["appendfsync", "everysec", "appendonly warn"],
      ["appendonly", "no", "appendonly fail"],
      ["min-replicas-to-write", "1", "replicas fail"],
      ["maxmemory", "1mb", "memory warn"],
    ]
    for (const [name, value, wrong] of cases)
      await withSetting(name, value, async () => {
        const { code, bad } = await doctor(prefix)
        expect(bad).toEqual([wrong])
        expect(code).toBe(wrong.endsWith("fail") ? 1 : 0)
      })
  })

  it("finds a counter that its reservations do not explain", async () => {
    const prefix = await used(1)
    const key = `{${prefix}:*}1:a:all/all`
    const packed = (await redis.getBuffer(key)) as Buffer
    const changed = Buffer.from(packed)
    // The amount held is the second double of a packed account.
    expect(changed.readDoubleLE(9)).toBe(600)
    changed.writeDoubleLE(601, 9)
    await redis.set(key, changed)
    const { code, check } = await doctor(prefix)
    expect(code).toBe(1)
    expect(check("counters")).toMatchObject({
      state: "fail",
      found: '1 differ: "all/all" holds 601 usd, its reservations 600',
    })
    await redis.set(key, packed)
    expect((await doctor(prefix)).code).toBe(0)
  })

  it("compares what a division holds in another one", async () => {
    const prefix = freshName("doctor")
    await use(redisStore({ url, prefix }), 3, PARTITIONED)
    expect(await redis.zcard(`{${prefix}:*}1:crossing`)).toBe(1)
    const sound = await doctor(prefix)
    expect(sound.bad).toEqual([])
    expect(sound.facts).toMatchObject({ divisions: "2", accounts: "4" })
    await redis.del(`{${prefix}:*}1:crossing`)
    expect((await doctor(prefix)).check("counters")).toMatchObject({
      state: "fail",
      found: '1 differ: "all/all" holds 600 usd, its reservations 0',
    })
  })

  it("finds a hold that nobody gives back, and a reservation that is gone", async () => {
    const prefix = await used(1)
    const base = `{${prefix}:*}1:`
    const members = await redis.zrange(`${base}running`, "0", "-1")
    const key = `${base}r:${members[0]}`
    const packed = (await redis.getBuffer(key)) as Buffer
    await redis.del(key)
    expect((await doctor(prefix)).check("counters")?.state).toBe("fail")
    await redis.zrem(`${base}running`, members[0] ?? "")
    expect((await doctor(prefix)).check("counters")).toMatchObject({
      state: "fail",
      found: expect.stringContaining("2 differ"),
    })
    await redis.set(key, packed)
  })

  it("finds holds long past their end, another layout, and nothing at all", async () => {
    const prefix = await used(1)
    const running = `{${prefix}:*}1:running`
    const [member = ""] = await redis.zrange(running, "0", "-1")
    await redis.zadd(running, String(Date.now() - 600_000), member)
    expect((await doctor(prefix)).bad).toEqual(["overdue warn"])
    await redis.set(`{${prefix}}:layout`, "2")
    expect((await doctor(prefix)).bad).toEqual(["layout fail"])
    expect((await doctor(freshName("empty"))).bad).toEqual(["layout warn"])
  })

  it("compares accounts with a policy", async () => {
    const prefix = await used()
    const { code, check } = await doctor(prefix, "--policy", "other")
    expect(code).toBe(0)
    expect(check("policy")).toMatchObject({
      state: "warn",
      found: expect.stringContaining("3 of 4 accounts"),
    })
  })

  it("knows a replica, and a wrong password", async () => {
    const replica = await startRedis({
      replicaOf: { port: server.port },
      settings: { masterauth: WORD },
    })
    const { out, code } = await run(["doctor", "--store", replica.url, "--json"])
    await replica.stop()
    expect(code).toBe(1)
    expect(JSON.parse(out).checks).toContainEqual(
      expect.objectContaining({ name: "role", state: "fail" }),
    )
    const wrong = await run(["doctor", "--store", url.replace(WORD, "no-such-w0rd")])
    expect(wrong.code).toBe(2)
    expect(wrong.err).toContain("password")
    expect(wrong.err).not.toContain("no-such-w0rd")
  })

  it("looks at each master of a Cluster", async () => {
    const prefix = freshName("doctor")
    const cluster = inject("redisClusterUrls").map((one) => new URL(one))
    const nodes = cluster.map(({ hostname, port }) => ({ host: hostname, port: Number(port) }))
    await use(redisStore({ cluster: nodes, prefix }), 3)
    const place = `redis-cluster://${nodes.map(({ host, port }) => `${host}:${port}`).join(",")}`
    const { out, err, code } = await run(["doctor", "--store", place, "--prefix", prefix, "--json"])
    expect(err).toBe("")
    const { facts, checks } = JSON.parse(out)
    expect(facts).toMatchObject({ kind: "redis-cluster", accounts: "4", reservations: "1" })
    expect(checks[1]).toMatchObject({ name: "counters", state: "ok" })
    expect(facts.address.split(", ")).toHaveLength(nodes.length)
    expect(checks.filter(({ name }: { name: string }) => name === "clock")).toHaveLength(
      nodes.length,
    )
    // It keeps no append-only file.
    expect(code).toBe(1)
  })
})
