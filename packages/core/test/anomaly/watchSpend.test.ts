import { describe, expect, it } from "vitest"
import { memoryStore } from "../../../store-memory/src/index.ts"
import { type Anomaly, watchSpend } from "../../src/anomaly.ts"
import { createSpendfuse, type DomainEvent, definePolicy, type Notifier } from "../../src/index.ts"

const BUCKET = 300_000
const START = Date.UTC(2026, 0, 5)
const USD = 1_000_000_000
const policy = definePolicy({
  budgets: [
    {
      id: "day",
      per: ["apiKey"],
      limit: { usd: 1000 },
      window: { day: { timeZone: "UTC" } },
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

/** A key that spent a dollar in each of 24 buckets, then ten in one. */
const loop = async (options: Parameters<typeof watchSpend>[1]) => {
  const clock = { atMs: START }
  const nowMs = () => clock.atMs
  const store = memoryStore({ nowMs })
  const inner = createSpendfuse({ policy, store, nowMs, onNotice: () => undefined })
  const spendfuse = watchSpend(inner, { ...options, nowMs })
  const call = async (usd: number) => {
    const decision = await spendfuse.reserve({ subject: { apiKey: "k1" }, amounts: { usd } })
    if (!decision.allowed) return decision.reason
    await decision.settle({ amounts: { usd: usd / 2 }, final: false })
    await decision.settle({ amounts: { usd } })
    await decision.settle({ amounts: { usd } })
    return "allowed"
  }
  for (let n = 0; n < 24; n += 1) {
    clock.atMs = START + n * BUCKET
    await call(USD)
  }
  clock.atMs = START + 24 * BUCKET
  await call(10 * USD)
  return { spendfuse, call, clock, store }
}

describe("a watched Spendfuse", () => {
  it("hears parts and ends once, and tells what is unusual", async () => {
    const found: Anomaly[] = []
    const { spendfuse } = await loop({ onAnomaly: (anomaly) => found.push(anomaly) })
    expect(found.map(({ account, seen, expected }) => [account, seen, expected])).toEqual([
      ["day/k1", 5 * USD, USD],
    ])
    await spendfuse.close()
  })

  it("trips the account by the operator's hand, the figures as the reason", async () => {
    const { spendfuse, call, store } = await loop({ trip: { coolDownMs: 900_000 } })
    expect(await call(USD)).toBe("open")
    const { items } = await store.audit({ limit: 10 })
    expect(items).toMatchObject([
      {
        verb: "trip",
        target: "day/k1",
        by: "anomaly guard",
        why: "spent $5 in 5 minutes, where $1 is usual: 12.0 sigma above it",
      },
    ])
    await spendfuse.close()
  })

  it("brings it to a notifier, and its end", async () => {
    const told: DomainEvent[] = []
    const notifier: Notifier = {
      name: "page",
      deliver: async (events) => {
        told.push(...events)
      },
    }
    const { spendfuse, call, clock } = await loop({ notifier })
    clock.atMs += 2 * BUCKET
    await call(USD)
    expect(told.map(({ kind, channels }) => [kind, channels])).toEqual([
      ["tier", ["page"]],
      ["period-end", ["page"]],
    ])
    await spendfuse.close()
  })

  it("keeps what fails beside it away from the call", async () => {
    const problems: string[] = []
    const notifier: Notifier = {
      name: "page",
      deliver: () => Promise.reject(new TypeError("https://secret")),
    }
    const { spendfuse } = await loop({
      notifier,
      onAnomaly: () => {
        throw new RangeError("no")
      },
      onProblem: (message) => problems.push(message),
    })
    await Promise.resolve()
    expect(problems).toEqual([
      "the hook for `day/k1`: RangeError",
      "`page` was not told of `day/k1`: TypeError",
    ])
    await spendfuse.close()
  })

  it("watches only the budgets that are named", async () => {
    const found: Anomaly[] = []
    const onAnomaly = (anomaly: Anomaly) => found.push(anomaly)
    const { spendfuse } = await loop({ budgets: ["other"], onAnomaly })
    expect(found).toEqual([])
    await spendfuse.close()
  })
})
