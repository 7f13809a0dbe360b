import { Redis } from "ioredis"
import { describe, expect, inject, it, onTestFinished } from "vitest"
import { freshName, startProxy, startRedis } from "../../../scripts/servers/index.mjs"
import { type Call, clientOf, scriptOf } from "../src/client.ts"
import { faultOf } from "../src/errors.ts"
import type { RedisPlace } from "../src/options.ts"

const open = (place: RedisPlace): ReturnType<typeof clientOf> => {
  const client = clientOf(place)
  onTestFinished(() => client.close())
  return client
}

/** Appends a word to a list and answers the list. A script of its own with each name. */
const appends = (name: string, words: readonly string[]): readonly Call[] => {
  const script = scriptOf(
    `-- ${name}\nredis.call("RPUSH", KEYS[1], ARGV[1])\nreturn redis.call("LRANGE", KEYS[1], 0, -1)`,
  )
  return words.map((word) => ({ script, keys: [`{${name}}list`], args: [word] }))
}

/** A server of the test's own, and a connection to it. */
const ownRedis = async (
  options: Parameters<typeof startRedis>[0] = {},
): Promise<{
  readonly url: string
  readonly redis: Redis
  readonly server: Awaited<ReturnType<typeof startRedis>>
}> => {
  const server = await startRedis(options)
  const redis = new Redis(server.url)
  redis.on("error", () => undefined)
  onTestFinished(async () => {
    redis.disconnect()
    await server.stop()
  })
  return { url: server.url, redis, server }
}

describe("a script that the server does not know", () => {
  it("is sent with its source, in the batch's order, and by its hash from then on", async () => {
    const { url, redis } = await ownRedis()
    const client = open({ url })
    const name = freshName("order")
    for (const flush of [false, true]) {
      if (flush) await redis.script("FLUSH")
      await redis.del(`{${name}}list`)
      const replies = await client.run(appends(name, ["a", "b", "c", "d"]))
      expect(replies.at(-1)).toEqual({ ok: true, value: ["a", "b", "c", "d"] })
    }
    await redis.config("RESETSTAT")
    await client.run(appends(name, ["e"]))
    const stats = await redis.info("commandstats")
    expect(/cmdstat_evalsha:calls=1/.test(stats)).toBe(true)
    expect(stats).not.toContain("cmdstat_eval:")
  })

  it("is found again by each node of a cluster", async () => {
    const cluster = inject("redisClusterUrls").map((url) => {
      const { hostname, port } = new URL(url)
      return { host: hostname, port: Number(port) }
    })
    const client = open({ cluster })
    for (const tag of ["a", "b", "c", "d", "e"]) {
      const replies = await client.run(appends(freshName(tag), ["1", "2"]))
      expect(replies.at(-1)).toEqual({ ok: true, value: ["1", "2"] })
    }
  })
})

describe("what a command is told that is not answered", () => {
  it("comes at once at the signal, and nothing is sent later", async () => {
    const { url, redis, server } = await ownRedis()
    const client = open({ url })
    const name = freshName("late")
    await client.run(appends(name, ["first"]))
    await server.kill9()
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 100)
    // One without a signal waits a second for the connection.
    let isOver = false
    const patient = client.run(appends(name, ["late"])).then(([reply]) => {
      isOver = true
      return reply
    })
    const [reply] = await client.run(appends(name, ["late"]), stop.signal)
    expect(reply?.ok).toBe(false)
    expect(isOver).toBe(false)
    expect((await patient)?.ok).toBe(false)
    await server.restart()
    await expect.poll(async () => (await client.run(appends(name, ["back"])))[0]?.ok).toBe(true)
    expect(await redis.lrange(`{${name}}list`, 0, -1)).not.toContain("late")
  })

  it("is that nobody knows, where the connection ends amid the answer", async () => {
    const proxy = await startProxy({ url: inject("redisUrl") })
    onTestFinished(() => proxy.stop())
    const client = open({ url: proxy.url })
    const name = freshName("cut")
    await client.run(appends(name, ["a"]))
    proxy.setPlan(() => ({ kind: "cut", part: 0.5 }))
    const [reply] = await client.run(appends(name, ["b"]))
    proxy.setPlan()
    expect(reply?.ok === false && faultOf("redis", reply.error)._tag).toBe("StoreUnavailable")
    await expect
      .poll(async () => (await client.run(appends(name, ["c"])))[0])
      .toEqual({
        ok: true,
        value: ["a", "b", "c"],
      })
  })
})

describe("what a server refuses", () => {
  const causeOf = async (client: ReturnType<typeof clientOf>, call: Call): Promise<string> => {
    const [reply] = await client.run([call])
    const fault = faultOf("redis", reply?.ok === false ? reply.error : "it answered")
    return fault._tag === "StoreUnavailable"
      ? String((fault.cause as Error).message)
      : fault.message
  }
  const call = (source: string, key = "k"): Call => ({
    script: scriptOf(source),
    keys: [key],
    args: [],
  })

  it("for want of memory", async () => {
    const { url, redis } = await ownRedis({ maxmemory: "4mb" })
    await redis.config("SET", "maxmemory", "1")
    const client = open({ url })
    expect(await causeOf(client, call(`redis.call("SET", KEYS[1], "1") return 1`))).toBe(
      "the server is at its `maxmemory` and takes no more (OOM)",
    )
    expect(await redis.exists("k")).toBe(0)
  })

  it("while another script keeps it busy", async () => {
    const { url, redis } = await ownRedis({ settings: { "busy-reply-threshold": 20 } })
    const client = open({ url })
    await client.run([call("return 1")])
    const killer = new Redis(url)
    onTestFinished(() => killer.disconnect())
    await killer.ping()
    const endless = redis.eval("while true do end", 0).catch(() => undefined)
    await expect
      .poll(() => causeOf(client, call("return 1")), { interval: 20 })
      .toBe("a script keeps the server busy (BUSY)")
    await killer.script("KILL")
    await endless
    expect(await client.run([call("return 1")])).toEqual([{ ok: true, value: 1 }])
  })

  it("as a replica, and for want of replicas", async () => {
    const master = await ownRedis({ settings: { "min-replicas-to-write": 1 } })
    const replica = await ownRedis({ replicaOf: master.server })
    const write = call(`redis.call("SET", KEYS[1], "1") return 1`)
    await expect
      .poll(() => causeOf(open({ url: replica.url }), write))
      .toBe("the server is a replica (READONLY)")
    await master.redis.config("SET", "min-replicas-to-write", 2)
    expect(await causeOf(open({ url: master.url }), write)).toBe(
      "the server has fewer replicas than `min-replicas-to-write` (NOREPLICAS)",
    )
  })

  it("where a key holds another type, or a record is damaged", async () => {
    const { url, redis } = await ownRedis()
    await redis.rpush("k", "x")
    const client = open({ url })
    expect(await causeOf(client, call(`return redis.call("GET", KEYS[1])`))).toBe(
      "store `redis` cannot be read: a key holds a value of another type",
    )
    expect(await causeOf(client, call(`return cmsgpack.unpack("\\217\\001")`))).toContain(
      "a record is damaged",
    )
  })
})

describe("waiting for a replica", () => {
  it("ends when one has it, or in time, and asks for none where there is none", async () => {
    const master = await ownRedis()
    const client = open({ url: master.url })
    expect(await client.replicated("k", 50)).toBe(true)
    const replica = await ownRedis({
      replicaOf: master.server,
      settings: { "repl-diskless-sync-delay": 0 },
    })
    await expect.poll(() => master.redis.info("replication")).toContain("state=online")
    await client.run(appends("w", ["1"]))
    expect(await client.replicated("{w}list", 30_000)).toBe(true)
    process.kill(replica.server.pid, "SIGSTOP")
    await client.run(appends("w", ["2"]))
    expect(await client.replicated("{w}list", 50)).toBe(false)
    process.kill(replica.server.pid, "SIGCONT")
  })
})

describe("a password", () => {
  it("is in no error, whatever goes wrong", async () => {
    const secret = "planted-Passw0rd"
    const { url, redis } = await ownRedis()
    await redis.config("SET", "requirepass", "another")
    const { port } = new URL(url)
    const places: readonly RedisPlace[] = [
      { url: `redis://default:${secret}@127.0.0.1:${port}` },
      { url: `redis://default:${secret}@127.0.0.1:1` },
      { cluster: [{ host: "127.0.0.1", port: Number(port) }], password: secret },
      { sentinels: [{ host: "127.0.0.1", port: 1 }], name: "m", password: secret },
    ]
    for (const place of places) {
      const [reply] = await open(place).run(appends("secret", ["a"]))
      const fault = faultOf("redis", reply?.ok === false ? reply.error : undefined)
      expect(fault._tag).toBe("StoreUnavailable")
      const text = `${fault.stack} ${JSON.stringify(fault)} ${(fault.cause as Error).stack} ${JSON.stringify(fault.cause)}`
      expect(text).not.toContain(secret)
      expect(text).not.toContain("127.0.0.1")
    }
  })
})
