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
})

afterAll(async () => {
  await store.close()
  await client.query(`drop schema ${schema} cascade`)
  await client.end()
})

const policyOf = (limit: number): Policy =>
  definePolicy({
    budgets: (["hour", { idle: "2h" }] as const).map((window, at) => ({
      id: `b${at}`,
      per: [at === 0 ? ("apiKey" as const) : ("session" as const)],
      limit: { requests: limit },
      window: window === "hour" ? window : { lifetime: window },
      tiers: [{ at: "100%" as const, block: true as const }],
    })),
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
  })
const policy = policyOf(10)

/** One call of a process that comes but once; each fifth is never settled, and expires. */
const call = async (i: number): Promise<void> => {
  const held = await hold(i, 1_000)
  if (i % 5 !== 0) await settle(i, held)
}

/** Beside another command it goes as it is, and keeps its lines itself. */
const hold = async (
  i: number,
  lifeMs: number,
  { n = 1, under = policy, isBeside = false } = {},
): Promise<Command> => {
  const plan = compile(under, { apiKey: `k${i}`, session: `s${i}` }, nowMs)
  if ("missing" in plan) throw new Error(plan.missing)
  const { lines, switches, division } = plan
  const reserve: Command = {
    kind: "reserve",
    division,
    done: 0,
    id: { source: `source${i}`, n },
    issuedAtMs: nowMs,
    lines,
    switches,
    base: { usd: 0, tokens: 0, requests: 1 },
    perUnit: { usd: 0, tokens: 0, requests: 0 },
    units: { least: 0, most: 0 },
    expiresAtMs: nowMs + lifeMs,
    via: null,
    swallowed: 0,
  }
  const expire = { kind: "expire", id: { source: `e${i}`, n: 1 }, done: 0, division } as const
  const [held] = await store.apply(isBeside ? [reserve, expire] : [reserve])
  expect(held?.outcome.kind).toBe("reserved")
  return reserve
}

const settle = async (i: number, { id, division }: Command, n = 2): Promise<void> => {
  const settled: Command = {
    kind: "settle",
    division,
    done: 0,
    id: { source: `source${i}`, n },
    reservation: id,
    seq: 1,
    actual: { usd: 0, tokens: 0, requests: 1 },
    final: true,
  }
  expect((await store.apply([settled]))[0]?.outcome.kind).toBe("settled")
}

const rows = async (): Promise<number> => {
  const counts = ["account", "meter", "reservation", "source", "entry", "plan"].map(
    (table) => `(select count(*) from ${schema}.${table})`,
  )
  const { rows: found } = await client.query(`select ${counts.join(" + ")} as rows`)
  return Number(found[0].rows)
}

const forget = async (): Promise<void> => {
  for (let gone = 1, i = 0; gone > 0 || i < 20; i += 1) gone = await forgetOnce(20)
}

const forgetOnce = async (looks: number): Promise<number> => {
  const sql = `select ${schema}.spendfuse_forget($1, $2) as gone`
  const { rows: found } = await client.query(sql, [looks, nowMs])
  return Number(found[0].gone)
}

it("lets tables grow with what counts, not with time", async () => {
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
  const { rows: left } = await client.query(`select count(*) from ${schema}.terms`)
  expect(left[0].count).toBe("0")
  // What was forgotten is sent again, by whoever still knows it.
  await call(100)
})

it("keeps the terms that a running reservation was made with", async () => {
  const first = await hold(300, HOUR, { n: 4, under: policyOf(20) })
  await settle(300, first, 5)
  const one = await hold(300, 72 * HOUR, { under: policyOf(20) })
  const other = await hold(301, 72 * HOUR, { under: policyOf(30), isBeside: true })
  // Another policy is loaded: the meters go on under its terms.
  for (const i of [300, 301]) await hold(i, 1_000, { n: 3 })
  // One row of each table an hour: a whole round takes longer than terms are kept unseen.
  for (let hours = 0; hours < 20; hours += 1) {
    nowMs += HOUR
    await forgetOnce(1)
  }
  await settle(300, one)
  await settle(301, other)
})
