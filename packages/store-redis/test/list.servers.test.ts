import { definePolicy } from "@spendfuse/core"
import { compile, NOTHING } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import { Redis } from "ioredis"
import { expect, inject, it, onTestFinished } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { redisStore } from "../src/index.ts"
import { baseOf } from "../src/keys.ts"

const policy = definePolicy({
  budgets: [
    {
      id: "b",
      per: ["user"],
      limit: { usd: 1 },
      window: "month",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 1_000,
})

const LISTS = 64

/** A store with accounts of some users, `division:user`, and in each list of names so many whose accounts ran out. */
const opened = async (users: readonly string[], dead: number) => {
  const url = inject("redisUrl")
  const prefix = freshName("list")
  const redis = new Redis(url)
  const store = redisStore({ url, prefix })
  onTestFinished(async () => {
    redis.disconnect()
    await store.close()
  })
  let n = 0
  const head = (division: string) => {
    n += 1
    return { id: { source: "s", n }, done: 0, division }
  }
  for (const name of users) {
    const [division = "", user = ""] = name.split(":")
    const plan = compile(policy, { user }, Date.now())
    if ("missing" in plan) throw new Error(plan.missing)
    const amounts = { ...NOTHING, usd: 1 }
    const lines = plan.lines.map((line) => ({ ...line, division }))
    await store.apply([{ kind: "charge", ...head(division), lines, amounts, ends: null }])
  }
  const names = Array.from(
    { length: LISTS },
    (_, at) => `${baseOf(prefix, "*")}names:${String(at).padStart(2, "0")}`,
  )
  for (const list of names)
    if (dead > 0)
      await redis.zadd(list, ...Array.from({ length: dead }, (_, at) => [0, `b/g${at}`]).flat())
  const kept = async (): Promise<number> => {
    const counts = await Promise.all(names.map((list) => redis.zcard(list)))
    return counts.reduce((sum, count) => sum + count, 0)
  }
  const expire = () => store.apply([{ kind: "expire", ...head("*") }])
  return { store, kept, expire }
}

const walked = async (store: Store, limit: number): Promise<readonly (readonly string[])[]> => {
  const pages: string[][] = []
  for (let after: string | null = null; ; ) {
    const page = await store.list(after === null ? { limit } : { after, limit })
    if (page.next === null) return pages
    pages.push(page.items.map(({ key }) => key))
    after = page.next
  }
}

it("a listing finds every account once among names that ran out, and drops none", async () => {
  const { store, kept } = await opened(["*:a", "*:g5x", "acme:z1", "*:z2", "acme:z3"], 700)
  const before = await kept()
  expect(await walked(store, 2)).toEqual([["b/a", "b/g5x"], ["b/z1", "b/z2"], ["b/z3"]])
  expect(await walked(store, 9)).toEqual([["b/a", "b/g5x", "b/z1", "b/z2", "b/z3"]])
  expect(await kept()).toBe(before)
})

it("names of accounts that ran out are dropped by and by without new ones", async () => {
  const { store, kept, expire } = await opened(["*:a", "*:z"], 5)
  for (let round = 0; round < LISTS; round += 1) await expire()
  expect(await kept()).toBe(2)
  expect(await walked(store, 9)).toEqual([["b/a", "b/z"]])
})
