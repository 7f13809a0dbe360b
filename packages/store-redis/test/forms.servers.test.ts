import { definePolicy } from "@spendfuse/core"
import type { Command } from "@spendfuse/core/domain"
import { compile, NOTHING } from "@spendfuse/core/domain"
import { StoreCorrupt } from "@spendfuse/core/ports"
import { Redis } from "ioredis"
import { expect, inject, it } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { clientOf, scriptOf } from "../src/client.ts"
import { redisStore } from "../src/index.ts"
import { STEPS } from "../src/redisStore.ts"
import { storeOn } from "../src/storeOn.ts"

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
const url = inject("redisUrl")

const callOf = (source: string) => {
  const plan = compile(policy, { user: "u" }, Date.now())
  if ("missing" in plan) throw new Error(plan.missing)
  const { lines, switches, division } = plan
  let n = 0
  const head = () => {
    n += 1
    return { id: { source, n }, done: n - 1, division }
  }
  const reserve = (): Command => ({
    kind: "reserve",
    ...head(),
    issuedAtMs: Date.now(),
    lines,
    switches,
    base: { ...NOTHING, usd: 5 },
    perUnit: NOTHING,
    units: { least: 0, most: 0 },
    expiresAtMs: Date.now() + 600_000,
    via: null,
    swallowed: 0,
  })
  const settle = ({ id }: Command): Command => ({
    kind: "settle",
    ...head(),
    reservation: id,
    seq: 1,
    actual: { ...NOTHING, usd: 5 },
    final: true,
  })
  return { reserve, settle, account: lines[0]?.account ?? "" }
}

it("two versions of the script work side by side on one ledger", async () => {
  const prefix = freshName("forms")
  const old = redisStore({ url, prefix })
  const next = { ...STEPS, script: scriptOf(`-- another version\n${STEPS.script.source}`) }
  const other = storeOn(clientOf({ url }), next, { prefix })
  const { reserve, settle, account } = callOf("s")
  for (let call = 0; call < 6; call += 1) {
    const [first, last] = call % 2 === 0 ? [old, other] : [other, old]
    const held = reserve()
    expect((await first.apply([held]))[0]?.outcome.kind).toBe("reserved")
    expect((await last.apply([settle(held)]))[0]?.outcome.kind).toBe("settled")
  }
  for (const store of [old, other]) {
    const [record] = await store.read([account])
    expect(record?.account?.meters[0]).toMatchObject({ settled: 30, held: 0 })
    await store.close()
  }
})

it.each(["a:b/u", "s:s"])(
  "a record of a form that is not known is refused, and stays: %s",
  async (name) => {
    const prefix = freshName("forms")
    const store = redisStore({ url, prefix })
    const redis = new Redis(url)
    const { reserve, settle } = callOf("s")
    const held = reserve()
    await store.apply([held])
    await store.apply([settle(held)])
    const [key = ""] = await redis.keys(`{${prefix}:*}1:${name}`)
    await redis.set(key, "Z of a later version")
    await expect(store.apply([reserve()])).rejects.toThrow(StoreCorrupt)
    expect(await redis.get(key)).toBe("Z of a later version")
    redis.disconnect()
    await store.close()
  },
)
