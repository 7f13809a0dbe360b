import { type Command, compile } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Server, startRedis } from "../../../scripts/servers/index.mjs"
import { definePolicy } from "../../core/src/index.ts"
import { redisStore } from "../src/index.ts"

const policy = definePolicy({
  budgets: [
    {
      id: "all",
      per: ["platform"],
      limit: { requests: 1_000 },
      window: "month",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

const charge = (source: string): Command => {
  const plan = compile(policy, {}, Date.now())
  if ("missing" in plan) throw new Error(plan.missing)
  return {
    kind: "charge",
    id: { source, n: 1 },
    done: 0,
    division: plan.division,
    lines: plan.lines,
    amounts: { usd: 0, tokens: 0, requests: 1 },
    ends: null,
  }
}

let server: Server
let store: Store
beforeAll(async () => {
  server = await startRedis()
  store = redisStore({ url: server.url, onNotice: () => undefined })
})
afterAll(async () => {
  await store.close()
  await server.stop()
})

describe("a server that lost its data", () => {
  it("is told its divisions again by those who live on, and many may wait for it in silence", async () => {
    const warnings: string[] = []
    const warn = ({ name }: Error): void => void warnings.push(name)
    process.on("warning", warn)
    await store.apply([charge("before")])
    await server.kill9()
    const restarted = server.restart()
    const waiting = Array.from({ length: 40 }, (_, at) =>
      store.apply([charge(`waits-${at}`)]).then(
        () => 1,
        () => 0,
      ),
    )
    await Promise.all(waiting)
    await restarted
    await expect
      .poll(() =>
        store.apply([charge("after")]).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
    const fresh = redisStore({ url: server.url, onNotice: () => undefined })
    const page = await fresh.list({ limit: 5 })
    await fresh.close()
    process.off("warning", warn)
    expect(page.items.map(({ key }) => key)).toEqual(["all/all"])
    expect(warnings).toEqual([])
  })
})
