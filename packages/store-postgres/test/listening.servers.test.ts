import { type Command, compile } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import pg from "pg"
import { afterAll, describe, expect, inject, it, onTestFinished, vi } from "vitest"
import { createSpendfuse, definePolicy } from "../../core/src/index.ts"
import { postgresStore } from "../src/index.ts"

const url = inject("postgresUrl")
const schemas: string[] = []
const stores: Store[] = []

const opened = (schema: string): Store => {
  if (!schemas.includes(schema)) schemas.push(schema)
  const store = postgresStore({ url, schema, migrate: true, listen: true })
  stores.push(store)
  return store
}

const asked = async (text: string): Promise<readonly Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()))
  for (const schema of schemas) await asked(`drop schema if exists ${schema} cascade`)
})

const policy = definePolicy({
  budgets: [
    {
      id: "platform",
      per: ["platform"],
      limit: { requests: 1_000 },
      window: "hour",
      tiers: [
        { at: "0.1%", repeat: "0.1%", notify: ["slack"] },
        { at: "100%", block: true },
      ],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

/** One request more: an event for `slack`. */
const crossing = (n: number): Command => {
  const plan = compile(policy, {}, Date.now())
  if ("missing" in plan) throw new Error(plan.missing)
  return {
    kind: "charge",
    id: { source: "other", n },
    done: n - 1,
    division: plan.division,
    lines: plan.lines,
    amounts: { usd: 0, tokens: 0, requests: 1 },
    ends: null,
  }
}

const LISTENERS = "application_name = 'spendfuse listen'"
const listeners = async (): Promise<number> =>
  (await asked(`select pid from pg_stat_activity where ${LISTENERS}`)).length

describe("a store that listens", () => {
  it("hears what another wrote, only of its own schema, until it is told to stop", async () => {
    const name = `listen_${process.pid}`
    const [one, other, strange] = [opened(name), opened(name), opened(`${name}_b`)]
    const heard = { other: 0, strange: 0 }
    await other.read([])
    await strange.read([])
    const stop = other.listen?.(() => {
      heard.other += 1
    })
    strange.listen?.(() => {
      heard.strange += 1
    })
    await expect.poll(() => [heard.other, heard.strange]).toEqual([1, 1])
    await one.apply([crossing(1)])
    await expect.poll(() => heard.other).toBe(2)
    stop?.()
    await one.apply([crossing(2)])
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(heard).toEqual({ other: 2, strange: 1 })
  })

  it("connects again where the connection broke, and calls for what was missed", async () => {
    const name = `listen_again_${process.pid}`
    const store = opened(name)
    await store.read([])
    let heard = 0
    store.listen?.(() => {
      heard += 1
    })
    await expect.poll(() => heard).toBe(1)
    await asked(`select pg_terminate_backend(pid) from pg_stat_activity where ${LISTENERS}`)
    await expect.poll(() => heard).toBe(2)
    await store.apply([crossing(1)])
    await expect.poll(() => heard).toBe(3)
  })

  it("tells at once what another process wrote", async () => {
    // No look by the clock: what is told was heard of.
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] })
    onTestFinished(() => void vi.useRealTimers())
    const name = `listen_told_${process.pid}`
    let told = 0
    const spendfuse = createSpendfuse({
      policy,
      store: opened(name),
      notifiers: {
        slack: {
          name: "slack",
          deliver: async () => {
            told += 1
          },
        },
      },
      onNotice: () => undefined,
    })
    await spendfuse.flush()
    await expect.poll(listeners).toBeGreaterThan(0)
    const other = opened(name)
    for (let n = 1; n <= 5; n += 1) {
      await other.apply([crossing(n)])
      await expect.poll(() => told).toBe(n)
    }
    await spendfuse.close()
  })

  it("lets go of its connection when it is closed, and refuses a pool", async () => {
    const before = await listeners()
    const store = opened(`listen_closed_${process.pid}`)
    store.listen?.(() => undefined)
    await expect.poll(listeners).toBe(before + 1)
    await store.close()
    await expect.poll(listeners).toBe(before)
    const pool = new pg.Pool({ connectionString: url })
    expect(() => postgresStore({ pool, listen: true })).toThrow("give `url` in place of `pool`")
    await pool.end()
  })
})
