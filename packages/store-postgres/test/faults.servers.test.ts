import { type Command, compile, type Policy } from "@spendfuse/core/domain"
import { type Store, StoreCorrupt, StoreUnavailable } from "@spendfuse/core/ports"
import pg from "pg"
import { describe, expect, inject, it, onTestFinished } from "vitest"
import {
  freshName,
  startPgbouncer,
  startPostgres,
  startProxy,
} from "../../../scripts/servers/index.mjs"
import { definePolicy } from "../../core/src/index.ts"
import { type PostgresStoreOptions, postgresStore } from "../src/index.ts"
import { migrate } from "../src/migrate.ts"

const sharedUrl = inject("postgresUrl")

const opened = (options: PostgresStoreOptions): Store => {
  const store = postgresStore({ migrate: true, ...options })
  onTestFinished(() => store.close())
  return store
}

/** A schema of its own, which goes with the test, and a connection to look at it. */
const looking = async (url = sharedUrl): Promise<{ schema: string; client: pg.Client }> => {
  const schema = freshName("faults")
  const client = new pg.Client({ connectionString: url })
  client.on("error", () => undefined)
  await client.connect()
  onTestFinished(async () => {
    await client.query(`drop schema if exists ${schema} cascade`).catch(() => undefined)
    await client.end().catch(() => undefined)
  })
  return { schema, client }
}

const policy: Policy = definePolicy({
  budgets: [
    {
      id: "platform",
      per: ["platform"],
      limit: { requests: 1_000 },
      window: "month",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

const charge = (source: string, n: number): Command => {
  const atMs = Date.now()
  const plan = compile(policy, {}, atMs)
  if ("missing" in plan) throw new Error(plan.missing)
  const amounts = { usd: 0, tokens: 0, requests: 1 }
  const head = { id: { source, n }, done: 0, division: plan.division, issuedAtMs: atMs }
  return { kind: "charge", ...head, lines: plan.lines, amounts, ends: null }
}

const settledIn = async (store: Store): Promise<number | undefined> =>
  (await store.list({ limit: 1 })).items[0]?.meters[0]?.settled

describe("a server that is killed under load", () => {
  it("counts once what is sent again, whether or not it had been applied", {
    timeout: 120_000,
  }, async () => {
    const server = await startPostgres()
    onTestFinished(() => server.stop())
    const store = opened({ url: server.url })
    expect((await store.apply([charge("s", 1)])).length).toBe(1)
    const commands = Array.from({ length: 200 }, (_, at) => charge("s", at + 2))
    const answers = commands.map((command, at) =>
      new Promise((resolve) => setTimeout(resolve, at)).then(() => store.apply([command])),
    )
    await answers[80]
    const killed = server.kill9()
    // On a slow machine all of them may have come together: these are under way as it dies.
    const last = Array.from({ length: 20 }, (_, at) => charge("s", at + 202))
    answers.push(...last.map((command) => store.apply([command])))
    const results = await Promise.allSettled(answers)
    await killed
    const lost = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []))
    expect(lost.length).toBeGreaterThan(0)
    for (const error of lost) expect(error).toBeInstanceOf(StoreUnavailable)
    await server.restart()
    const again = await store.apply([...commands, ...last])
    expect(again.filter(({ outcome }) => outcome.kind !== "charged")).toEqual([])
    expect(await settledIn(store)).toBe(221)
  })
})

describe("an answer that is cut off", () => {
  it("is an unknown result: it was applied, and counts once when it is sent again", async () => {
    const { schema } = await looking()
    const proxy = await startProxy({ url: sharedUrl })
    onTestFinished(() => proxy.stop())
    const store = opened({ url: proxy.url, schema })
    await store.apply([charge("s", 1)])
    proxy.setPlan(() => ({ kind: "cut", part: 0 }))
    await expect(store.apply([charge("s", 2)])).rejects.toBeInstanceOf(StoreUnavailable)
    proxy.setPlan()
    expect(await settledIn(store)).toBe(2)
    const [again] = await store.apply([charge("s", 2)])
    expect(again?.outcome).toMatchObject({ kind: "charged", replayed: true })
    expect(await settledIn(store)).toBe(2)
  })
})

describe("PgBouncer in transaction mode", () => {
  it("hands each call to any connection, and nothing is lost by it", async () => {
    const { schema } = await looking()
    const bouncer = await startPgbouncer({ pgUrl: sharedUrl, poolSize: 2 })
    onTestFinished(() => bouncer.stop())
    const stores = [1, 2, 3].map(() => opened({ url: bouncer.url, schema }))
    const calls = stores.flatMap((store, at) =>
      Array.from({ length: 20 }, (_, n) => store.apply([charge(`s${at}`, n + 1)])),
    )
    const applied = (await Promise.all(calls)).flat()
    expect(applied.every(({ outcome }) => outcome.kind === "charged")).toBe(true)
    expect(await settledIn(stores[0] as Store)).toBe(60)
  })
})

describe("a schema", () => {
  it("is brought to this version once, however many begin together", async () => {
    const { schema, client } = await looking()
    const done = await Promise.all([1, 2, 3].map(() => migrate({ url: sharedUrl, schema })))
    const { rows } = await client.query(`select name from ${schema}.migration order by name`)
    expect(done.flat().sort()).toEqual(rows.map(({ name }) => name))
    expect(await migrate({ url: sharedUrl, schema })).toEqual([])
  })

  it("of a newer version is refused, and left as it is", async () => {
    const { schema, client } = await looking()
    await migrate({ url: sharedUrl, schema })
    await client.query(`insert into ${schema}.migration values ('9999_later', 'x')`)
    const store = opened({ url: sharedUrl, schema })
    await expect(store.apply([charge("s", 1)])).rejects.toThrow(/newer than this code.*9999_later/)
    await expect(migrate({ url: sharedUrl, schema })).rejects.toBeInstanceOf(StoreCorrupt)
  })

  it("that a newer version makes of it while this one runs is named so", async () => {
    const { schema, client } = await looking()
    const store = opened({ url: sharedUrl, schema, migrate: false })
    await migrate({ url: sharedUrl, schema })
    await store.apply([charge("s", 1)])
    await client.query(`set search_path = ${schema}; drop function spendfuse_step;
      insert into migration values ('9999_later', 'x')`)
    for (const n of [2, 3])
      await expect(store.apply([charge("s", n)])).rejects.toThrow(
        /newer than this code.*9999_later/,
      )
  })

  it("that another step has made is refused", async () => {
    const { schema, client } = await looking()
    await migrate({ url: sharedUrl, schema })
    await client.query(`update ${schema}.migration set checksum = 'x' where name like '0001%'`)
    const store = opened({ url: sharedUrl, schema })
    await expect(store.apply([charge("s", 1)])).rejects.toThrow(/0001_ledger.*not this version's/)
  })
})
