import { apply, type Command, compile, emptyLedger, type Policy } from "@spendfuse/core/domain"
import type { Applied, Store } from "@spendfuse/core/ports"
import { StoreCorrupt, StoreUnavailable } from "@spendfuse/core/ports"
import pg from "pg"
import { afterAll, describe, expect, inject, it } from "vitest"
import { definePolicy } from "../../core/src/index.ts"
import { postgresStore, printMigrations } from "../src/index.ts"

const url = inject("postgresUrl")
const schemas: string[] = []
const stores: Store[] = []

const fresh = (): string => {
  const schema = `store_${process.pid}_${schemas.length}`
  schemas.push(schema)
  return schema
}

const opened = (options: Partial<Parameters<typeof postgresStore>[0]> = {}): Store => {
  const store = postgresStore({ url, schema: fresh(), migrate: true, ...options })
  stores.push(store)
  return store
}

afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()))
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const schema of schemas) await client.query(`drop schema if exists ${schema} cascade`)
  await client.end()
})

const policy: Policy = definePolicy({
  budgets: [
    {
      id: "platform",
      per: ["platform"],
      limit: { requests: 100 },
      window: "hour",
      tiers: [
        { at: "80%", notify: ["slack"] },
        { at: "100%", block: true, notify: ["pager"] },
      ],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

const reserve = (source: string, n: number, done = 0): Command => {
  const atMs = Date.now()
  const plan = compile(policy, {}, atMs)
  if ("missing" in plan) throw new Error(plan.missing)
  return {
    kind: "reserve",
    id: { source, n },
    done,
    division: plan.division,
    issuedAtMs: atMs,
    lines: plan.lines,
    switches: plan.switches,
    base: { usd: 0, tokens: 0, requests: 1 },
    perUnit: { usd: 0, tokens: 0, requests: 0 },
    units: { least: 0, most: 0 },
    expiresAtMs: atMs + 600_000,
    via: null,
    swallowed: 0,
  }
}

const settle = (source: string, n: number, of: number): Command => ({
  kind: "settle",
  id: { source, n },
  done: 0,
  division: "*",
  reservation: { source, n: of },
  seq: 1,
  actual: { usd: 0, tokens: 0, requests: 1 },
  final: true,
})

describe("many processes on one budget", () => {
  it("never pass the cap, and each tier fires once; the order explains every answer", async () => {
    const schema = fresh()
    const first = postgresStore({ url, schema, migrate: true, history: true })
    await first.list({ limit: 1 })
    const hosts = [
      first,
      ...Array.from({ length: 3 }, () => postgresStore({ url, schema, history: true })),
    ]
    stores.push(...hosts)
    const seen: { command: Command; applied: Applied }[] = []
    await Promise.all(
      hosts.flatMap((host, at) =>
        Array.from({ length: 20 }, async (_, caller) => {
          const source = `s${at}-${caller}`
          for (let call = 0; call < 3; call += 1) {
            const asked = reserve(source, 2 * call + 1)
            const [answer] = await host.apply([asked])
            if (answer === undefined) throw new Error("no answer")
            seen.push({ command: asked, applied: answer })
            if (answer.outcome.kind !== "reserved") continue
            const end = settle(source, 2 * call + 2, 2 * call + 1)
            const [settled] = await host.apply([end])
            if (settled === undefined) throw new Error("no answer")
            seen.push({ command: end, applied: settled })
          }
        }),
      ),
    )
    seen.sort((one, other) => (one.applied.rank ?? 0) - (other.applied.rank ?? 0))
    const ledger = emptyLedger()
    for (const { command, applied } of seen) {
      const { outcome, events } = apply(ledger, command, applied.storeTimeMs)
      expect(applied.outcome).toEqual(outcome)
      expect(applied.eventsWritten).toBe(events.length)
    }
    const admitted = seen.filter(({ applied }) => applied.outcome.kind === "reserved").length
    expect(admitted).toBe(100)
    // All that could come earlier has ended by now.
    const { items } = await first.events({ limit: 1_000 })
    const tiers = items.filter(({ kind }) => kind === "tier").map(({ id }) => id)
    expect(tiers.length).toBe(2)
    expect(new Set(tiers).size).toBe(2)
  })
})

describe("the outbox", () => {
  it("gives due rows in order to one claimer, again where it does not confirm, and no more then", async () => {
    let nowMs = Date.now()
    const store = opened({ nowMs: () => nowMs })
    for (let n = 1; n <= 82; n += 1) {
      await store.apply([reserve("s", 2 * n - 1)])
      await store.apply([settle("s", 2 * n, 2 * n - 1)])
    }
    const [row] = await store.claim("slack", 10, 1_000)
    expect(row?.event).toMatchObject({ kind: "tier", label: "80%", settled: 80 })
    expect(await store.claim("slack", 10, 1_000)).toEqual([])
    nowMs += 1_001
    const again = await store.claim("slack", 10, 1_000)
    expect(again.map(({ id }) => id)).toEqual([row?.id])
    await store.retry([row?.id ?? ""], nowMs + 5_000)
    expect(await store.claim("slack", 10, 1_000)).toEqual([])
    nowMs += 5_000
    const [third] = await store.claim("slack", 10, 1_000)
    expect(third?.attempts).toBe(1)
    await store.deadLetter([row?.id ?? ""], "nobody there")
    expect(await store.claim("slack", 10, 1_000)).toEqual([])
    const dead = await store.deadLetters({ limit: 10 })
    expect(dead.items).toMatchObject([{ id: row?.id, why: "nobody there" }])
    const page = await store.events({ limit: 10 })
    expect(page.items.map(({ kind }) => kind)).toEqual(["tier"])
    expect((await store.events({ after: page.next ?? "", limit: 10 })).items).toEqual([])
  })
})

describe("texts that no database holds", () => {
  it("come back as they were", async () => {
    const store = opened()
    const odd = ["\u0000", "\ud800", "__proto__", "a\u0001\ue000", "🙂", "x".repeat(10_000)]
    for (const [at, name] of odd.entries()) {
      const own = definePolicy({
        budgets: [
          {
            id: "k",
            per: ["apiKey"],
            limit: { requests: 1 },
            window: "hour",
            tiers: [{ at: "100%", block: true }],
          },
        ],
        unknownModel: "refuse",
        onStoreUnavailable: "deny",
      })
      const plan = compile(own, { apiKey: name }, Date.now())
      if ("missing" in plan) throw new Error(plan.missing)
      const { lines, switches } = plan
      const command = { ...reserve(`${name}s`, 1), lines, switches } as Command
      const [applied] = await store.apply([command])
      expect(applied?.outcome, String(at)).toMatchObject({ kind: "reserved" })
      const [read] = await store.read([lines[0]?.account ?? ""])
      expect(read?.account).toMatchObject({ key: lines[0]?.account, meters: [{ held: 1 }] })
    }
    const { items } = await store.list({ limit: 100 })
    const keys = items.map(({ key }) => key)
    expect(keys).toEqual([...keys].sort())
    expect(keys.length).toBe(odd.length)
  })
})

describe("terms longer than a key may be", () => {
  it("are kept, and come back as they were", async () => {
    const store = opened()
    const text = Array.from({ length: 400 }, (_, at) => `${at}:${Math.sin(at)}`).join(" ")
    const wordy = definePolicy({
      budgets: [
        {
          id: "wordy",
          per: ["platform"],
          limit: { requests: 10 },
          window: "hour",
          tiers: [{ at: "100%", block: true, message: text }],
        },
      ],
      unknownModel: "refuse",
      onStoreUnavailable: "deny",
    })
    const plan = compile(wordy, {}, Date.now())
    if ("missing" in plan) throw new Error(plan.missing)
    const command = { ...reserve("s", 1), lines: plan.lines } as Command
    const beside = { ...reserve("s", 2), lines: plan.lines } as Command
    for (const commands of [[command], [beside, reserve("s", 3)]])
      for (const { outcome } of await store.apply(commands)) expect(outcome.kind).toBe("reserved")
    const [read] = await store.read([plan.lines[0]?.account ?? ""])
    expect(read?.account?.meters).toMatchObject([{ held: 2, terms: plan.lines[0]?.terms }])
  })
})

describe("what is wrong with one command", () => {
  it("is answered, and the others are applied", async () => {
    const store = opened()
    const bad = { ...reserve("s", 2), units: { least: 2, most: 1 } } as Command
    const answers = await store.apply([reserve("s", 1), bad, reserve("s", 3)])
    expect(answers.map(({ outcome }) => outcome.kind)).toEqual(["reserved", "error", "reserved"])
  })
})

describe("a store that cannot be used", () => {
  it("says that the schema is missing, and how to mend it", async () => {
    const store = postgresStore({ url, schema: fresh() })
    stores.push(store)
    await expect(store.apply([reserve("s", 1)])).rejects.toThrow(/migrate: true/)
    await expect(store.apply([reserve("s", 1)])).rejects.toBeInstanceOf(StoreCorrupt)
  })

  it("never says the password", async () => {
    const store = postgresStore({ url: "postgres://u:pa55word@127.0.0.1:1/db" })
    stores.push(store)
    const error = await store.apply([reserve("s", 1)]).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(StoreUnavailable)
    const said = `${error} ${(error as Error).cause} ${JSON.stringify(error)} ${(error as Error).stack}`
    expect(said).not.toContain("pa55word")
  })

  it("gives no answer once it was closed", async () => {
    const store = opened()
    await store.list({ limit: 1 })
    await store.close()
    await expect(store.apply([reserve("s", 1)])).rejects.toBeInstanceOf(StoreUnavailable)
  })

  it("gives the SQL of its schema to whoever runs it by hand", async () => {
    const schema = fresh()
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(printMigrations(schema))
    await client.end()
    const store = postgresStore({ url, schema })
    stores.push(store)
    const [applied] = await store.apply([reserve("s", 1)])
    expect(applied?.outcome).toEqual({ kind: "reserved", granted: 0 })
  })
})
