import { definePolicy } from "@spendfuse/core"
import { type Command, compile, NOTHING } from "@spendfuse/core/domain"
import { Redis } from "ioredis"
import { expect, inject, it, onTestFinished } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { redisStore } from "../src/index.ts"
import { baseOf } from "../src/keys.ts"
import { NOW_MS } from "./support.ts"

const IDLE_MS = 3_600_000
const MARGIN_MS = 600_000

const policy = definePolicy({
  budgets: [
    {
      id: "b",
      per: ["session"],
      limit: { usd: 1 },
      window: { lifetime: { idle: "1h" } },
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 1_000,
})

/** A session whose clock a test moves; Redis ends its keys by a clock of its own. */
const opened = () => {
  const url = inject("redisUrl")
  const prefix = freshName("lives")
  const redis = new Redis(url)
  const state = { nowMs: NOW_MS }
  const store = redisStore({ url, prefix, nowMs: () => state.nowMs })
  onTestFinished(async () => {
    redis.disconnect()
    await store.close()
  })
  const plan = compile(policy, { session: "s" }, NOW_MS)
  if ("missing" in plan) throw new Error(plan.missing)
  const { lines, switches, division } = plan
  let n = 0
  const send = async (what: object): Promise<readonly [Command, unknown]> => {
    n += 1
    const command = { id: { source: "s", n }, done: n - 1, division, ...what } as Command
    const [applied] = await store.apply([command])
    return [command, applied?.outcome.kind]
  }
  const reserve = () =>
    send({
      kind: "reserve",
      issuedAtMs: state.nowMs,
      lines,
      switches,
      base: { ...NOTHING, usd: 50 },
      perUnit: NOTHING,
      units: { least: 0, most: 0 },
      expiresAtMs: state.nowMs + 1_000,
      via: null,
      swallowed: 0,
    })
  const charge = () => send({ kind: "charge", lines, amounts: { ...NOTHING, usd: 1 }, ends: null })
  const settle = ({ id }: Command) =>
    send({ kind: "settle", reservation: id, seq: 1, actual: { ...NOTHING, usd: 5 }, final: true })
  const expire = () => send({ kind: "expire" })
  const base = baseOf(prefix, division)
  const keyOf = ({ id }: Command): string => `${base}r:s\u0000${String(id.n).padStart(16, "0")}`
  const settledNow = async (): Promise<unknown> =>
    (await store.read([lines[0]?.account ?? ""]))[0]?.account?.meters[0]?.settled
  return Object.assign(state, { redis, base, reserve, charge, settle, expire, keyOf, settledNow })
}

it("an expired reservation of a lifetime is kept as long as that lives, and then ends by itself", async () => {
  const at = opened()
  const { redis } = at
  const [held] = await at.reserve()
  const key = at.keyOf(held)
  expect(await redis.pttl(key)).toBe(-1)
  at.nowMs += 1_000
  await at.expire()
  expect(await redis.pttl(key)).toBeLessThanOrEqual(2 * IDLE_MS + MARGIN_MS)
  expect(await redis.pttl(key)).toBeGreaterThan(2 * IDLE_MS)
  // Used again and again, it outlives what it was given first.
  for (let use = 0; use < 4; use += 1) {
    at.nowMs += IDLE_MS - 1
    await redis.pexpire(key, (await redis.pttl(key)) - IDLE_MS + 1)
    await at.charge()
    expect(await redis.pttl(key)).toBeGreaterThan(IDLE_MS)
  }
  expect(await at.settle(held)).toContain("settled")
  expect(await at.settledNow()).toBe(4 + 5)
})

it("one of a life that is over is not prolonged by the next one", async () => {
  const at = opened()
  const { redis, base } = at
  const [held] = await at.reserve()
  at.nowMs += 1_000
  await at.expire()
  await redis.pexpire(at.keyOf(held), 2 * IDLE_MS)
  at.nowMs += 2 * IDLE_MS
  const [other] = await at.reserve()
  at.nowMs += 1_000
  await at.expire()
  await at.charge()
  expect(await redis.pttl(at.keyOf(held))).toBeLessThanOrEqual(2 * IDLE_MS)
  expect(await redis.pttl(at.keyOf(other))).toBeGreaterThan(2 * IDLE_MS)
  for (const lived of await redis.keys(`${base.replace(/[{}]/g, "?")}lived:*`))
    expect(await redis.pttl(lived)).toBeGreaterThan(0)
  expect(await at.settle(held)).toContain("error")
})
