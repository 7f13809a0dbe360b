// The servers that tests get are real: they answer, they keep what they promise to keep, and they can be killed.
import { Redis } from "ioredis"
import pg from "pg"
import { afterEach, describe, expect, inject, it } from "vitest"
import {
  freshName,
  startPgbouncer,
  startPostgres,
  startRedis,
  startRedisCluster,
} from "./index.mjs"

const open = []
const later = (stop) => open.push(stop)
afterEach(async () => {
  for (const stop of open.splice(0).reverse()) await stop()
})

const redisAt = (url) => {
  const client = new Redis(url, { retryStrategy: () => null })
  client.on("error", () => undefined)
  later(() => client.disconnect())
  return client
}

const ask = async (url, text) => {
  const client = new pg.Client({ connectionString: url })
  client.on("error", () => undefined)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}

describe("what a run provides", () => {
  it("is a Redis that answers PING", async () => {
    expect(await redisAt(inject("redisUrl")).ping()).toBe("PONG")
  })

  it("is a Redis Cluster of three masters that all call it sound", async () => {
    const urls = inject("redisClusterUrls")
    const infos = await Promise.all(urls.map((url) => redisAt(url).cluster("INFO")))
    expect(infos.map((info) => /cluster_state:(\w+)/.exec(info)[1])).toEqual(["ok", "ok", "ok"])
    expect(infos[0]).toContain("cluster_size:3")
  })

  it("is a PostgreSQL that commits durably", async () => {
    const url = inject("postgresUrl")
    expect(await ask(url, "select 1 as one")).toEqual([{ one: 1 }])
    expect(await ask(url, "show fsync")).toEqual([{ fsync: "on" }])
  })

  it("is shared, and a name keeps tests apart", async () => {
    const names = [freshName("a"), freshName("a")]
    expect(new Set(names).size).toBe(2)
    for (const name of names) await ask(inject("postgresUrl"), `create schema ${name}`)
    for (const name of names) await ask(inject("postgresUrl"), `drop schema ${name}`)
  })
})

describe("a Redis of one's own", () => {
  it("keeps every write through kill -9 where its file is synchronised always", async () => {
    const server = await startRedis({ aof: "always" })
    later(server.stop)
    await redisAt(server.url).set("kept", "yes")
    const before = server.pid
    await server.kill9()
    await expect(redisAt(server.url).ping()).rejects.toThrow()
    await server.restart()
    expect(server.pid).not.toBe(before)
    expect(await redisAt(server.url).get("kept")).toBe("yes")
  })

  it("forgets everything without one", async () => {
    const server = await startRedis()
    later(server.stop)
    await redisAt(server.url).set("kept", "yes")
    await server.kill9()
    await server.restart()
    expect(await redisAt(server.url).get("kept")).toBeNull()
  })

  it("refuses writes when it is full, and removes nothing", async () => {
    const server = await startRedis({ maxmemory: "2mb" })
    later(server.stop)
    const client = redisAt(server.url)
    const fill = async () => {
      for (let place = 0; place < 40; place += 1) await client.set(`k${place}`, "x".repeat(100_000))
    }
    await expect(fill()).rejects.toThrow("OOM")
    expect(await client.exists("k0")).toBe(1)
  })

  it("follows another", async () => {
    const first = await startRedis()
    later(first.stop)
    const second = await startRedis({ replicaOf: first })
    later(second.stop)
    const client = redisAt(first.url)
    await expect.poll(() => client.wait(1, 100)).toBe(1)
    expect(await redisAt(second.url).role()).toContain("slave")
  })
})

describe("a Redis Cluster of one's own", () => {
  it("makes a replica master when its master is killed", async () => {
    const cluster = await startRedisCluster({ replicas: 1 })
    later(cluster.stop)
    const [first] = cluster.nodes
    const follower = redisAt(cluster.nodes[3].url)
    await first.kill9()
    await expect.poll(async () => (await follower.role())[0]).toBe("master")
  })
})

describe("a PostgreSQL of one's own", () => {
  it("keeps what was committed through kill -9 of all its processes", async () => {
    const server = await startPostgres()
    later(server.stop)
    await ask(server.url, "create table kept as select 42 as n")
    await server.kill9()
    await expect(ask(server.url, "select 1")).rejects.toThrow("ECONNREFUSED")
    await server.restart()
    expect(await ask(server.url, "select n from kept")).toEqual([{ n: 42 }])
  })

  it("stands behind a PgBouncer that lends connections for a transaction at a time", async () => {
    const bouncer = await startPgbouncer({ pgUrl: inject("postgresUrl"), poolSize: 1 })
    later(bouncer.stop)
    const clients = [0, 1].map(() => new pg.Client({ connectionString: bouncer.url }))
    for (const client of clients) {
      await client.connect()
      later(() => client.end())
    }
    const pids = await Promise.all(
      clients.map(
        async (client) => (await client.query("select pg_backend_pid() as pid")).rows[0].pid,
      ),
    )
    expect(new Set(pids).size).toBe(1)
  })
})
