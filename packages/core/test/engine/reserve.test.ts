import { describe, expect, it } from "vitest"
import { memoryStore } from "../../../store-memory/src/index.ts"
import {
  createSpendfuse,
  type DomainEvent,
  definePolicy,
  eventName,
  type Notice,
  type PolicyJson,
  seedPolicy,
} from "../../src/index.ts"
import { fakeClock } from "./support.ts"

const k1 = { apiKey: "k1" }

const opened = (
  json: Partial<PolicyJson> = {},
  more: { waitMs?: number; rememberRefusals?: boolean } = {},
) => {
  const clock = fakeClock()
  const told: string[] = []
  const notices: Notice[] = []
  const notifier = (name: string) => ({
    name,
    deliver: async (events: readonly DomainEvent[]) => {
      told.push(...events.map((event) => `${name}: ${eventName(event)}`))
    },
  })
  const store = memoryStore({ nowMs: clock.nowMs })
  const seed = seedPolicy({ hourlyUsd: "0.000001", dailyUsd: "0.00001" })
  const policy =
    json.budgets === undefined
      ? seed
      : definePolicy({
          unknownModel: "refuse",
          onStoreUnavailable: "deny",
          maxOutputTokens: 100,
          ...json,
          budgets: json.budgets,
        })
  const spendfuse = createSpendfuse({
    policy,
    store,
    notifiers: {
      slack: notifier("slack"),
      pagerDuty: notifier("pagerDuty"),
      oncall: notifier("oncall"),
    },
    nowMs: clock.nowMs,
    monotonicMs: clock.nowMs,
    onNotice: (notice) => notices.push(notice),
    waitMs: 0,
    ...more,
  })
  const reserve = (usd: number) => spendfuse.reserve({ subject: k1, amounts: { usd } })
  const admitted = async (usd: number) => {
    const decision = await reserve(usd)
    if (!decision.allowed) throw new Error(spendfuse.explain(decision))
    return decision
  }
  return { clock, told, notices, store, spendfuse, reserve, admitted }
}

const capped: PolicyJson["budgets"] = [
  {
    id: "key",
    per: ["apiKey"],
    limit: { usdNano: 1000 },
    window: "hour",
    tiers: [{ at: "100%", block: true }],
  },
]

describe("reserve, settle, release", () => {
  it("warns at 80 %, trips and pages at 100 %, and cools down", async () => {
    const { spendfuse, admitted, reserve, told, clock } = opened()
    await (await admitted(900)).settle({ amounts: { usd: 850 } })
    await (await admitted(150)).settle({ amounts: { usd: 150 } })
    await spendfuse.flush()
    expect(told).toEqual([
      "slack: tier hour 80%",
      "pagerDuty: tier hour 100%",
      "pagerDuty: circuit hour open",
    ])
    expect(await reserve(1)).toMatchObject({
      allowed: false,
      reason: "open",
      untilMs: clock.nowMs() + 3_600_000,
    })
    clock.advance(3_600_000)
    expect(await reserve(1)).toMatchObject({ allowed: true })
  })

  it("gives back what is released, once", async () => {
    const { spendfuse, admitted } = opened({ budgets: capped })
    const held = await admitted(600)
    await held.release()
    await held.release()
    await held.settle({ amounts: { usd: 600 } })
    const view = await spendfuse.account({ budget: "key", subject: k1 })
    expect(view).toMatchObject({ settled: 0, held: 0, remaining: 1000, circuit: "closed" })
  })

  it("counts the whole hold where a settlement has no price, and says so", async () => {
    const { spendfuse, admitted, notices } = opened({ budgets: capped })
    const held = await admitted(600)
    expect((await held.settle({})).amounts.usd).toBe(600)
    expect(notices.map(({ kind }) => kind).filter((kind) => kind !== "warning")).toEqual([
      "assumed",
    ])
    expect((await spendfuse.account({ budget: "key", subject: k1 })).settled).toBe(600)
  })

  it("throws a typed fault for a bad request and leaves the ledger alone", async () => {
    const { spendfuse, store } = opened({ budgets: capped })
    for (const usd of [-1, Number.NaN, 0.5, 2 ** 53])
      await expect(spendfuse.reserve({ subject: k1, amounts: { usd } })).rejects.toMatchObject({
        error: "invalid-command",
      })
    await expect(spendfuse.reserve({ subject: {}, amounts: {} })).rejects.toMatchObject({
      error: "missing-dimension",
    })
    await expect(spendfuse.reserve({ subject: k1, model: "m" })).rejects.toMatchObject({
      error: "unknown-model",
    })
    expect(store.ledger.accounts.size).toBe(0)
  })
})

describe("waiting for a busy budget", () => {
  it("lets 1,000 callers for the last cent in, one after the other, and never a nano above", async () => {
    const { spendfuse, store } = opened({ budgets: capped }, { waitMs: 60_000 })
    let most = 0
    const call = async () => {
      const decision = await spendfuse.reserve({ subject: k1, amounts: { usd: 400 } })
      if (!decision.allowed) return decision.reason
      const meter = store.ledger.accounts.get("key/k1")?.meters[0]
      most = Math.max(most, (meter?.settled ?? 0) + (meter?.held ?? 0))
      await decision.settle({ amounts: { usd: 1 } })
      return "admitted"
    }
    const answers = await Promise.all(Array.from({ length: 1000 }, call))
    expect(most).toBeLessThanOrEqual(1000)
    // 601 fit: after 601 nano are settled, 400 more do not.
    expect(answers.filter((answer) => answer === "admitted")).toHaveLength(601)
    expect(new Set(answers)).toEqual(new Set(["admitted", "exhausted"]))
  })

  it("says busy where the time is over, and lets the signal end the wait", async () => {
    const { admitted, spendfuse } = opened({ budgets: capped })
    await admitted(900)
    const refused = await spendfuse.reserve({ subject: k1, amounts: { usd: 200 } })
    expect(refused).toMatchObject({ allowed: false, reason: "busy" })
    const stop = new AbortController()
    const waiting = spendfuse.reserve({
      subject: k1,
      amounts: { usd: 200 },
      waitMs: 60_000,
      signal: stop.signal,
    })
    stop.abort(new Error("enough"))
    await expect(waiting).rejects.toThrow("enough")
  })
})

describe("refusals from memory", () => {
  it("cost the store nothing, refuse no smaller call, and are counted afterwards", async () => {
    const { admitted, reserve, clock, store } = opened({ budgets: capped })
    await (await admitted(950)).settle({ amounts: { usd: 950 } })
    expect(await reserve(100)).toMatchObject({ allowed: false, reason: "exhausted" })
    const before = store.ledger.accounts.get("key/k1")?.meters[0]?.notes.refusals
    for (let i = 0; i < 5; i += 1)
      expect(await reserve(60)).toMatchObject({ allowed: false, reason: "exhausted" })
    expect(store.ledger.accounts.get("key/k1")?.meters[0]?.notes.refusals).toBe(before)
    expect(await reserve(50)).toMatchObject({ allowed: true })
    clock.advance(1_001)
    expect(await reserve(60)).toMatchObject({ allowed: false })
  })
})
