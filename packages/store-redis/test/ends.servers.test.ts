import { definePolicy } from "@spendfuse/core"
import { type Command, compile, type Line, NOTHING } from "@spendfuse/core/domain"
import { Redis } from "ioredis"
import { expect, inject, it, onTestFinished } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { redisStore } from "../src/index.ts"
import { baseOf } from "../src/keys.ts"
import { Lockstep, type Quick } from "./lockstep.ts"

const HOUR_MS = 3_600_000
const T0 = Date.UTC(2026, 0, 15, 10, 20)
const END = Date.UTC(2026, 0, 15, 11)

const policy = definePolicy({
  budgets: [
    {
      id: "hour",
      per: ["user"],
      limit: { usd: 0.000_000_1 },
      window: "hour",
      tiers: [
        { at: "50%", notify: ["ops"] },
        { at: "100%", block: true },
      ],
    },
    {
      id: "slide",
      per: ["org"],
      limit: { usd: 0.000_000_1 },
      window: { sliding: "1h", buckets: 4 },
      whenMissing: "skip",
      tiers: [
        { at: "50%", notify: ["ops"] },
        { at: "100%", block: true },
      ],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 1_000,
})

const planOf = (subject: Readonly<Record<string, string>>, atMs: number) => {
  const plan = compile(policy, subject, atMs)
  if ("missing" in plan) throw new Error(plan.missing)
  return plan
}

/** Numbers commands of one source, and gives them to the script and the core. */
const opened = () => {
  const redis = new Redis(inject("redisUrl"))
  onTestFinished(() => redis.disconnect())
  const quick: Quick = new Map()
  const both = new Lockstep(redis, quick)
  let n = 0
  const send = async (what: object, atMs: number): Promise<Command> => {
    n += 1
    const head = { id: { source: "s", n }, done: n - 1, division: "*" }
    const command = { ...head, ...what } as Command
    await both.send(command, atMs)
    return command
  }
  const charge = (lines: readonly Line[], usd: number, atMs: number) =>
    send({ kind: "charge", lines, amounts: { ...NOTHING, usd }, ends: null }, atMs)
  const reserve = (plan: ReturnType<typeof planOf>, issuedAtMs: number, atMs: number) => {
    const { lines, switches } = plan
    const units = { least: 0, most: 0 }
    const base = { ...NOTHING, usd: 1 }
    const asked = { kind: "reserve", issuedAtMs, lines, switches, base, perUnit: NOTHING, units }
    return send({ ...asked, expiresAtMs: atMs + HOUR_MS, via: null, swallowed: 0 }, atMs)
  }
  const expire = (atMs: number) => send({ kind: "expire" }, atMs)
  return { redis, both, quick, charge, reserve, expire }
}

it("a Reserve that comes late tells the end of its period, and only the full rules do", async () => {
  const { both, quick, charge, reserve } = opened()
  const plan = planOf({ user: "u" }, T0)
  await charge(plan.lines, 60, T0)
  await reserve(plan, END - 60_000, END - 2)
  await reserve(plan, END - 60_000, END - 1)
  expect(quick.get("reserve")).toBe(1)
  await reserve(plan, END - 1, END)
  expect(both.kinds.get("period-end")).toBe(1)
  expect(quick.get("reserve")).toBe(1)
  await reserve(plan, END - 1, END + 1)
  expect(both.kinds.get("period-end")).toBe(1)
  expect(quick.get("reserve")).toBe(2)
})

it("a sliding window is not idle as long as something in it counts", async () => {
  const { charge } = opened()
  const later = planOf({ user: "u", org: "o" }, T0 + 4 * HOUR_MS).lines.slice(1)
  await charge(later, 60, T0)
  await charge(
    planOf({ user: "u", org: "o" }, T0 + 4 * HOUR_MS).lines.slice(1),
    1,
    T0 + 4 * HOUR_MS,
  )
  await charge(
    planOf({ user: "u", org: "o" }, T0 + 9 * HOUR_MS).lines.slice(1),
    60,
    T0 + 9 * HOUR_MS,
  )
})

it("an Expire moves the first 128 of those that are due, by their names", async () => {
  const { redis, both, charge, expire } = opened()
  const users = Array.from({ length: 130 }, (_, at) => `u${(at * 79) % 130}`)
  for (const user of users) await charge(planOf({ user }, T0).lines.slice(0, 1), 60, T0)
  await expire(END - 1)
  expect(both.kinds.get("period-end")).toBe(undefined)
  await redis.zadd(`${both.base("*")}due`, 0, "hour/u0-of-nobody")
  await expire(END)
  expect(both.kinds.get("period-end")).toBe(128)
  // The clock went back: whoever is due is due when it comes again.
  await expire(END - 1)
  expect(both.kinds.get("period-end")).toBe(128)
  await expire(END)
  expect(both.kinds.get("period-end")).toBe(130)
  expect(await redis.exists(`${both.base("*")}due`, `${both.base("*")}timed`)).toBe(0)
})

it("an account whose end is to be told has none of its own before, and its terms stay", async () => {
  const url = inject("redisUrl")
  const prefix = freshName("told")
  const redis = new Redis(url)
  const store = redisStore({ url, prefix, nowMs: () => state.nowMs })
  onTestFinished(async () => {
    redis.disconnect()
    await store.close()
  })
  const state = { nowMs: T0 }
  const { lines } = planOf({ user: "u" }, T0)
  const head = (n: number) => ({ id: { source: "s", n }, done: n - 1, division: "*" })
  const amounts = { ...NOTHING, usd: 60 }
  await store.apply([{ kind: "charge", ...head(1), lines, amounts, ends: null }])
  const base = baseOf(prefix, "*")
  expect(await redis.pttl(`${base}a:hour/u`)).toBe(-1)
  const [terms = ""] = await redis.keys(`${base.replace(/[{}*]/g, "?")}t:*`)
  expect(await redis.pttl(terms)).toBeGreaterThan(100 * 24 * HOUR_MS)
  state.nowMs = END
  await store.apply([{ kind: "expire", ...head(2) }])
  expect(await redis.pttl(`${base}a:hour/u`)).toBeGreaterThan(0)
})
