import { type Command, compile, type Policy } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import pg from "pg"
import { afterAll, beforeAll, expect, inject, it } from "vitest"
import { definePolicy } from "../../core/src/index.ts"
import { postgresStore } from "../src/index.ts"

const url = inject("postgresUrl")
const schema = `forget_${process.pid}`
const HOUR = 3_600_000

let nowMs = Date.UTC(2026, 0, 15)
let client: pg.Client
let store: Store

beforeAll(async () => {
  client = new pg.Client({ connectionString: url })
  await client.connect()
  store = postgresStore({ url, schema, migrate: true, nowMs: () => nowMs })
  await store.list({ limit: 1 })
}, 60_000)

afterAll(async () => {
  await store.close()
  await client.query(`drop schema ${schema} cascade`)
  await client.end()
})

const policy: Policy = definePolicy({
  budgets: (["hour", { idle: "2h" }] as const).map((window, at) => ({
    id: `b${at}`,
    per: [at === 0 ? ("apiKey" as const) : ("session" as const)],
    limit: { requests: 10 },
    window: window === "hour" ? window : { lifetime: window },
    tiers: [{ at: "100%" as const, block: true as const }],
  })),
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

/** One call of a process that comes but once; each fifth is never settled, and expires. */
const call = async (i: number): Promise<void> => {
  const plan = compile(policy, { apiKey: `k${i}`, session: `s${i}` }, nowMs)
  if ("missing" in plan) throw new Error(plan.missing)
  const { lines, switches, division } = plan
  const head = { division, done: 0 }
  const reserve: Command = {
    kind: "reserve",
    ...head,
    id: { source: `source${i}`, n: 1 },
    issuedAtMs: nowMs,
    lines,
    switches,
    base: { usd: 0, tokens: 0, requests: 1 },
    perUnit: { usd: 0, tokens: 0, requests: 0 },
    units: { least: 0, most: 0 },
    expiresAtMs: nowMs + 1_000,
    via: null,
    swallowed: 0,
  }
  const [held] = await store.apply([reserve])
  expect(held?.outcome.kind).toBe("reserved")
  if (i % 5 === 0) return
  const settle: Command = {
    kind: "settle",
    ...head,
    id: { source: `source${i}`, n: 2 },
    reservation: reserve.id,
    seq: 1,
    actual: { usd: 0, tokens: 0, requests: 1 },
    final: true,
  }
  expect((await store.apply([settle]))[0]?.outcome.kind).toBe("settled")
}

const rows = async (): Promise<number> => {
  const counts = ["account", "meter", "reservation", "source", "entry", "plan"].map(
    (table) => `(select count(*) from ${schema}.${table})`,
  )
  const { rows: found } = await client.query(`select ${counts.join(" + ")} as rows`)
  return Number(found[0].rows)
}

const forget = async (): Promise<void> => {
  for (let gone = 1, i = 0; gone > 0 || i < 20; i += 1) {
    const { rows: found } = await client.query(
      `select ${schema}.spendfuse_forget(20, $1) as gone`,
      [nowMs],
    )
    gone = Number(found[0].gone)
  }
}

it("lets tables grow with what counts, not with time", { timeout: 60_000 }, async () => {
  const seen: number[] = []
  for (let period = 0; period < 5; period += 1) {
    for (let i = 0; i < 20; i += 1) await call(period * 20 + i)
    nowMs += 13 * HOUR
    const expire = { kind: "expire", id: { source: `e${period}`, n: 1 }, done: 0, division: "*" }
    await store.apply([expire as Command])
    await forget()
    seen.push(await rows())
  }
  // A source counts for a day, and with it its answers and lists: two of these periods.
  expect(seen[4]).toBeLessThanOrEqual((seen[2] ?? 0) + 5)
  nowMs += 4 * 24 * HOUR
  await forget()
  expect(await rows()).toBe(0)
})
