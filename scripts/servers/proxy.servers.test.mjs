// Each fault of the proxy befalls the request it is meant for, before both kinds of server.
import { Redis } from "ioredis"
import pg from "pg"
import { afterEach, describe, expect, inject, it } from "vitest"
import { freshName, planBySeed, startProxy } from "./index.mjs"

const open = []
const later = (stop) => open.push(stop)
afterEach(async () => {
  for (const stop of open.splice(0).reverse()) await stop()
})

/** The one fault, on the request whose bytes hold the word; once. */
const once = (word, fault) => {
  let isDone = false
  return ({ bytes }) => {
    if (isDone || !bytes.includes(word)) return undefined
    isDone = true
    return fault
  }
}

const redisBehind = async (plan) => {
  const proxy = await startProxy({ url: inject("redisUrl"), plan })
  later(proxy.stop)
  const [client, direct] = [proxy.url, inject("redisUrl")].map((url) => {
    const each = new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0 })
    each.on("error", () => undefined)
    later(() => each.disconnect())
    return each
  })
  return { proxy, client, direct, key: freshName("proxy") }
}

const postgresBehind = async (plan) => {
  const proxy = await startProxy({ url: inject("postgresUrl"), plan })
  later(proxy.stop)
  const [client, direct] = [proxy.url, inject("postgresUrl")].map((connectionString) => {
    const each = new pg.Client({ connectionString })
    each.on("error", () => undefined)
    later(() => each.end().catch(() => undefined))
    return each
  })
  await client.connect()
  await direct.connect()
  const table = freshName("proxy")
  await direct.query(`create table ${table} (n int)`)
  later(() => direct.query(`drop table ${table}`))
  const count = async () =>
    (await direct.query(`select count(*)::int as n from ${table}`)).rows[0].n
  return { proxy, client, insert: `insert into ${table} values ($1)`, count }
}

const took = async (work) => {
  const startMs = performance.now()
  await work()
  return performance.now() - startMs
}

describe("before Redis", () => {
  it("changes nothing without a plan, many requests at once included", async () => {
    const { client, key } = await redisBehind()
    const answers = await Promise.all(Array.from({ length: 500 }, () => client.incr(key)))
    expect(answers).toEqual(Array.from({ length: 500 }, (_, place) => place + 1))
    const big = "x".repeat(300_000)
    await client.set(key, big)
    expect(await client.get(key)).toBe(big)
    expect(await client.eval("return {1, {2, 'three'}, false}", 0)).toEqual([1, [2, "three"], null])
  })

  it("drops: the server never sees the request", async () => {
    const { client, direct, key, proxy } = await redisBehind(once("incr", { kind: "drop" }))
    await expect(client.incr(key)).rejects.toThrow()
    expect(await direct.get(key)).toBeNull()
    expect(proxy.happened.map(({ kind }) => kind)).toEqual(["drop"])
  })

  it("cuts: the server did it, and the answer is lost", async () => {
    const { client, direct, key } = await redisBehind(once("incr", { kind: "cut" }))
    await expect(client.incr(key)).rejects.toThrow()
    expect(await direct.get(key)).toBe("1")
  })

  it("duplicates: the server did it twice, the client hears once and stays in step", async () => {
    const { client, direct, key } = await redisBehind(once("incr", { kind: "duplicate" }))
    expect(await Promise.all([client.incr(key), client.echo("after")])).toEqual([1, "after"])
    expect(await direct.get(key)).toBe("2")
  })

  it("delays and stalls: the answer is late, and the same", async () => {
    for (const kind of ["delay", "stall"]) {
      const { client, key } = await redisBehind(once("incr", { kind, ms: 80 }))
      expect(await took(async () => expect(await client.incr(key)).toBe(1))).toBeGreaterThan(75)
      expect(await client.incr(key)).toBe(2)
    }
  })

  it("severs all connections at once", async () => {
    const { client, proxy } = await redisBehind()
    await client.ping()
    const ended = new Promise((resolve) => client.once("end", resolve))
    proxy.sever()
    await ended
    await expect(client.ping()).rejects.toThrow()
  })
})

describe("before PostgreSQL", () => {
  it("changes nothing without a plan", async () => {
    const { client, insert, count } = await postgresBehind()
    for (let n = 0; n < 20; n += 1) await client.query(insert, [n])
    expect(await count()).toBe(20)
  })

  it("drops: the server never sees the request", async () => {
    const { client, insert, count } = await postgresBehind(once("insert", { kind: "drop" }))
    await expect(client.query(insert, [1])).rejects.toThrow()
    expect(await count()).toBe(0)
  })

  it("cuts: the server did it, and the answer is lost", async () => {
    const { client, insert, count } = await postgresBehind(once("insert", { kind: "cut" }))
    await expect(client.query(insert, [1])).rejects.toThrow()
    expect(await count()).toBe(1)
  })

  it("duplicates: the server did it twice, the client hears once and stays in step", async () => {
    const { client, insert, count } = await postgresBehind(once("insert", { kind: "duplicate" }))
    expect((await client.query(insert, [1])).rowCount).toBe(1)
    expect((await client.query("select 7 as n")).rows).toEqual([{ n: 7 }])
    expect(await count()).toBe(2)
  })

  it("delays and stalls: the answer is late, and the same", async () => {
    for (const kind of ["delay", "stall"]) {
      const { client, insert, count } = await postgresBehind(once("insert", { kind, ms: 80 }))
      expect(await took(() => client.query(insert, [1]))).toBeGreaterThan(75)
      expect(await count()).toBe(1)
    }
  })
})

describe("a plan by seed", () => {
  const drawn = (seed) => {
    const plan = planBySeed({ seed, chances: { drop: 0.1, cut: 0.1, delay: 0.2 } })
    return Array.from({ length: 1_000 }, (_, place) => plan({ connection: 3, request: place + 1 }))
  }

  it("is the same for the same seed, and another for another", () => {
    expect(drawn(7)).toEqual(drawn(7))
    expect(drawn(7)).not.toEqual(drawn(8))
  })

  it("keeps to its chances", () => {
    const share = (kind) => drawn(7).filter((fault) => fault?.kind === kind).length / 1_000
    for (const [kind, chance] of [
      ["drop", 0.1],
      ["cut", 0.1],
      ["delay", 0.2],
      ["stall", 0],
    ])
      expect(Math.abs(share(kind) - chance)).toBeLessThan(0.04)
  })
})
