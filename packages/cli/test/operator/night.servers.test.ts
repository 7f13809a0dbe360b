import { migrate, postgresStore } from "@spendfuse/store-postgres"
import { redisStore } from "@spendfuse/store-redis"
import { Redis } from "ioredis"
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest"
import { freshName, type Server, startRedis } from "../../../../scripts/servers/index.mjs"
import { spend, withHost } from "./host.ts"
import { type Place, playNight } from "./night.ts"
import { shellOn } from "./shell.ts"

const WORD = "c4nary-w0rd"
const postgresUrl = inject("postgresUrl").replace(/:\/\/([^:@/]+)(?::[^@]*)?@/, `://$1:${WORD}@`)
let server: Server
let redisUrl = ""

beforeAll(async () => {
  server = await startRedis()
  const redis = new Redis(server.url)
  await redis.config("SET", "requirepass", WORD)
  redis.disconnect()
  redisUrl = server.url.replace("://", `://:${WORD}@`)
})

afterAll(() => server.stop())

const onRedis = async (): Promise<Place> => {
  const prefix = freshName("night")
  return {
    open: () => redisStore({ url: redisUrl, prefix }),
    env: { SPENDFUSE_STORE_URL: redisUrl },
    flags: ["--prefix", prefix],
    secrets: [WORD],
  }
}

const onPostgres = async (): Promise<Place> => {
  const schema = freshName("night")
  await migrate({ url: postgresUrl, schema })
  return {
    open: () => postgresStore({ url: postgresUrl, schema }),
    env: { SPENDFUSE_STORE_URL: postgresUrl },
    flags: ["--schema", schema],
    secrets: [WORD],
  }
}

const onCluster = async (): Promise<Place> => {
  const prefix = freshName("night")
  const nodes = inject("redisClusterUrls").map((url) => new URL(url))
  const cluster = nodes.map(({ hostname: host, port }) => ({ host, port: Number(port) }))
  return {
    open: () => redisStore({ cluster, prefix }),
    env: { SPENDFUSE_STORE_URL: `redis-cluster://${nodes.map(({ host }) => host).join(",")}` },
    flags: ["--prefix", prefix],
    secrets: [],
  }
}

describe.each([
  ["Redis", onRedis],
  ["Redis Cluster", onCluster],
  ["Postgres", onPostgres],
])("a night on %s", (_name, placed) => {
  it("goes from the page to the calls that pass again by commands alone", async () => {
    await playNight(await placed())
  })
})

describe.each([
  ["Redis", onRedis],
  ["Postgres", onPostgres],
])("more than one at %s", (_name, placed) => {
  it("lets two operators at once do one thing, and tells the other by whom", async () => {
    const place = await placed()
    const ann = shellOn(place)
    const bob = shellOn({ ...place, env: { ...place.env, SPENDFUSE_BY: "bob" } })
    await withHost(place.open(), (host) => spend(host, "k1", 10))
    const ack = ["ack", "day/k1", "--whole", "--why", "seen", "--yes"]
    const both = await Promise.all([ann.json(...ack), bob.json(...ack)])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(both.map(({ json }) => json.outcome.kind).sort()).toEqual([
      "acknowledged",
      "nothing-to-acknowledge",
    ])
    expect(both.map(({ json }) => json.after.cap)).toEqual(["20000000000", "20000000000"])
    expect((await ann.json("audit")).json.items).toHaveLength(1)
  })

  it("touches no opening that came after the one that was shown", async () => {
    const place = await placed()
    const shell = shellOn(place)
    await withHost(place.open(), async (host) => {
      await spend(host, "k1", 10)
      await host.operator.acknowledge(
        { budget: "day", subject: { apiKey: "k1" } },
        { by: "bob", why: "seen" },
      )
      await spend(host, "k1", 10)
    })
    const shown = ["--generation", "1", "--up-to", "10", "--whole"]
    const { code, out } = await shell.run("ack", "day/k1", ...shown, "--why", "x", "--yes")
    expect(code).toBe(1)
    expect(out).toMatch(/it opened again since, generation 2.*\n +\w+: (acknowledge|trip), /)
    const { json } = await shell.json("accounts", "--state", "latched")
    expect(json.accounts).toHaveLength(1)
  })

  it("gives a sliding window a small step more", async () => {
    const place = await placed()
    const shell = shellOn(place)
    await withHost(place.open(), (host) => spend(host, "k1", 0, 1_000))
    const { json } = await shell.json("ack", "roll/k1", "--allow", "100", "--why", "x", "--yes")
    expect(json.before).toMatchObject({ circuit: "open", periodEndMs: null, unit: "tokens" })
    expect(json.after).toMatchObject({ circuit: "closed", cap: "1100", remaining: "100" })
    await withHost(place.open(), async (host) => {
      expect(await spend(host, "k1", 0, 100)).toBe(true)
      expect(await spend(host, "k1", 0, 1)).toBe("open")
    })
  })

  it("follows events and accounts, and delivers, until it is asked to end", async () => {
    const place = await placed()
    const shell = shellOn(place)
    const events = shell.start("events", "--watch", "--every", "100ms", "--json")
    const accounts = shell.start("accounts", "--watch", "--every", "100ms", "--json")
    const dispatch = shell.start(
      "dispatch",
      "--json",
      "--notifier",
      "pager=console",
      "--notifier",
      "chat=console",
    )
    await accounts.wrote(1)
    await withHost(place.open(), async (host) => {
      await spend(host, "k1", 9)
      await spend(host, "k1", 1)
    })
    const told = await events.wrote(3)
    expect(told.map((line) => JSON.parse(line).kind)).toEqual(["tier", "tier", "circuit"])
    const delivered = (await dispatch.wrote(2)).map((line) => JSON.parse(line))
    expect(delivered.map(({ channel, why }) => `${channel} ${why}`).sort()).toEqual([
      "chat null",
      "pager null",
    ])
    const before = accounts.lines().length
    const looks = (await accounts.wrote(before + 2)).map((line) => JSON.parse(line))
    expect(looks.at(0).accounts).toEqual([])
    expect(looks.at(-1).accounts[0]).toMatchObject({ key: "day/k1", circuit: "latched" })
    const ended = await Promise.all([events, accounts, dispatch].map((one) => one.end()))
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
  })

  it("never writes the password of a store that does not let it in", async () => {
    const place = await placed()
    const url = new URL(place.env.SPENDFUSE_STORE_URL ?? "")
    url.password = "c4nary-0ther"
    url.port = "1"
    const shell = shellOn({ ...place, env: { SPENDFUSE_STORE_URL: url.href }, secrets: ["c4nary"] })
    const why = ["--why", "x", "--yes"]
    const commands = [
      ["accounts"],
      ["events"],
      ["audit"],
      ["ack", "day/k1", "--whole", ...why],
      ["trip", "day/k1", ...why],
      ["switch", "apiKey=k1", "off", ...why],
      ["dead-letters"],
      ["dead-letters", "resend", "--all", "--yes"],
      ["dispatch", "--once", "--notifier", "chat=console"],
    ]
    const ran = await Promise.all(commands.map((command) => shell.run(...command)))
    for (const [at, { code, out, err }] of ran.entries()) {
      expect({ command: commands[at], code, out }).toEqual({
        command: commands[at],
        code: 2,
        out: "",
      })
      expect(err).toContain("did not answer")
    }
  })
})
