import { definePolicy } from "@spendfuse/core"
import type { Command } from "@spendfuse/core/domain"
import { compile, NOTHING } from "@spendfuse/core/domain"
import { Redis } from "ioredis"
import { expect, inject, it } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { redisStore } from "../src/index.ts"

/*
 * Every key ends by itself, but for these. What is held may not be forgotten while it is held; what a person
 * stopped stays stopped; what lists others holds a few bytes for each.
 */
const LIVES_ON: readonly (readonly [RegExp, string])[] = [
  [/:divisions$/, "the list of divisions"],
  [/:layout$/, "the version of what is kept"],
  [/1:names:\d\d$/, "names of accounts, in proportion to those that live"],
  [/1:(running|crossing)$/, "an index of what runs, empty with it"],
  [/1:outbox:/, "events and audit, as many as are to be kept"],
  [/1:offs$/, "which switches are off"],
  [/1:rank$/, "the order that a test asks for"],
]

const policy = definePolicy({
  budgets: [
    {
      id: "b-hour",
      per: ["user"],
      limit: { usd: 1 },
      window: "hour",
      tiers: [{ at: "100%", block: true }],
    },
    {
      id: "b-day",
      per: ["platform"],
      limit: { usd: 9 },
      window: "day",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 1_000,
})

const opened = async () => {
  const url = inject("redisUrl")
  const prefix = freshName("ttl")
  const redis = new Redis(url)
  const store = redisStore({ url, prefix })
  const nowMs = Date.now()
  const plan = compile(policy, { user: "u" }, nowMs)
  if ("missing" in plan) throw new Error(plan.missing)
  let n = 0
  const send = async (what: object): Promise<Command> => {
    n += 1
    const command = {
      id: { source: "s", n },
      done: n - 1,
      division: plan.division,
      ...what,
    } as Command
    const [applied] = await store.apply([command])
    expect(applied?.outcome.kind, JSON.stringify(applied?.outcome)).not.toBe("error")
    return command
  }
  const reserve = (): Promise<Command> =>
    send({
      kind: "reserve",
      issuedAtMs: nowMs,
      lines: plan.lines,
      switches: plan.switches,
      base: { usd: 50, tokens: 0, requests: 1 },
      perUnit: NOTHING,
      units: { least: 0, most: 0 },
      expiresAtMs: nowMs + 600_000,
      via: null,
      swallowed: 0,
    })
  /** Keys that never end, without those that may not. */
  const endless = async (): Promise<readonly string[]> => {
    const found: string[] = []
    for (const key of await redis.keys(`{${prefix}*`))
      if ((await redis.pttl(key)) < 0 && !LIVES_ON.some(([form]) => form.test(key))) found.push(key)
    return found.map((key) => key.replace(/^.*?\}\d*:/, ""))
  }
  return { redis, prefix, store, plan, nowMs, send, reserve, endless }
}

it("every key of calls that ended has an end of its own, the quick and the full way", async () => {
  const { redis, store, plan, nowMs, send, reserve, endless } = await opened()
  for (let call = 0; call < 3; call += 1) {
    const { id } = await reserve()
    expect((await endless()).toSorted()).toEqual(
      [
        ...plan.lines.map(({ account }) => `a:${account}`),
        `r:s\u0000${String(id.n).padStart(16, "0")}`,
      ].toSorted(),
    )
    const actual = { usd: 20, tokens: 0, requests: 1 }
    await send(
      call < 2
        ? { kind: "settle", reservation: id, seq: 1, actual, final: true }
        : { kind: "release", reservation: id },
    )
    expect(await endless()).toEqual([])
  }
  await send({ kind: "charge", lines: plan.lines, amounts: { ...NOTHING, usd: 5 }, ends: null })
  expect(await endless()).toEqual([])
  for (const { account, period } of plan.lines) {
    const [key = ""] = await redis.keys(`*}1:a:${account}`)
    expect(nowMs + (await redis.pttl(key))).toBeGreaterThan(period.keptUntilMs)
  }
  redis.disconnect()
  await store.close()
})

it("a switch without an end lives on, one with an end does not, and both are off meanwhile", async () => {
  const { redis, store, plan, nowMs, send, reserve, endless } = await opened()
  const [first = "", second = ""] = plan.switches
  const turn = (key: string, state: "on" | "off", untilMs: number | null): Promise<Command> =>
    send({ kind: "switch", switch: key, state, untilMs, by: "ann", why: "w" })
  const { id } = await reserve()
  await send({ kind: "release", reservation: id })
  await turn(first, "off", nowMs + 60_000)
  expect(await endless()).toEqual([])
  await turn(second, "off", null)
  expect((await endless()).toSorted()).toEqual(["off", `w:${second}`].toSorted())
  await turn(second, "on", null)
  await turn(first, "on", null)
  expect(await endless()).toEqual([])
  redis.disconnect()
  await store.close()
})

it("names of accounts that ran out are forgotten as new ones come", async () => {
  const { redis, prefix, store, nowMs, send } = await opened()
  const charge = async (i: number): Promise<void> => {
    const plan = compile(policy, { user: `u${i}` }, nowMs)
    if ("missing" in plan) throw new Error(plan.missing)
    await send({ kind: "charge", lines: plan.lines, amounts: { ...NOTHING, usd: 1 }, ends: null })
  }
  for (let i = 0; i < 1_000; i += 1) {
    await charge(i)
    const [gone] = await redis.keys(`{${prefix}:*}1:a:b-hour/u${i}`)
    if (gone !== undefined && i < 900) await redis.unlink(gone)
  }
  let names = 0
  for (const key of await redis.keys(`{${prefix}:*}1:names:*`)) names += await redis.zcard(key)
  expect(names).toBeLessThan(500)
  redis.disconnect()
  await store.close()
})
