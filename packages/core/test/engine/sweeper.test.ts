import { afterEach, describe, expect, it, vi } from "vitest"
import { type MemoryStore, memoryStore } from "../../../store-memory/src/index.ts"
import { createSpendfuse, eventName, type PolicyJson } from "../../src/index.ts"
import { fakeClock, policyOf, quiet, until } from "./support.ts"

const budgets: PolicyJson["budgets"] = [
  {
    id: "org",
    per: ["org"],
    limit: { usdNano: 10_000 },
    window: "day",
    tiers: [{ at: "100%", trip: { coolDown: "20s" } }],
  },
]
const HOLD_MS = 3_000

const opened = (store: MemoryStore, nowMs: () => number, json: Partial<PolicyJson> = {}) =>
  createSpendfuse({
    policy: policyOf({ budgets, partitionBy: "org", ...json }),
    store,
    nowMs,
    monotonicMs: nowMs,
    ...quiet,
  })

const hold = (spendfuse: ReturnType<typeof opened>, org: string, usd: number) =>
  spendfuse.reserve({ subject: { org }, amounts: { usd }, expiresInMs: HOLD_MS })

const world = (json: Partial<PolicyJson> = {}) => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] })
  const clock = fakeClock()
  const store = memoryStore({ nowMs: clock.nowMs })
  const spendfuse = opened(store, clock.nowMs, json)
  /** The host's own sweeper has a turn. */
  const turn = async () => {
    clock.advance(10_000)
    vi.advanceTimersByTime(10_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { clock, store, spendfuse, turn }
}

/** As the store has it, for looking must end nothing. */
const heldIn = (store: MemoryStore, account: string) =>
  store.ledger.accounts.get(account)?.meters.map(({ settled, held }) => ({ settled, held }))

afterEach(() => vi.useRealTimers())

describe("the sweeper", () => {
  it("ends the holds of each division, without traffic there", async () => {
    const { store, spendfuse, turn } = world()
    for (const org of ["acme", "__proto__", "zed"]) await hold(spendfuse, org, 7)
    expect(heldIn(store, "org/acme")).toEqual([{ settled: 0, held: 7 }])
    await turn()
    for (const org of ["acme", "__proto__", "zed"])
      expect(heldIn(store, `org/${org}`)).toEqual([{ settled: 7, held: 0 }])
  })

  it("tells that a circuit of a division has closed, without traffic there", async () => {
    const { store, spendfuse, turn } = world()
    const decision = await hold(spendfuse, "acme", 10_000)
    if (decision.allowed) await decision.settle({ amounts: { usd: 10_000 } })
    const names = async () => (await store.events({ limit: 100 })).items.map(eventName)
    await turn()
    expect(await names()).not.toContain("circuit org closed")
    await turn()
    expect(await names()).toContain("circuit org closed")
  })

  it("ends what a process before this one left in a division", async () => {
    const { store, turn, clock } = world()
    const before = opened(store, clock.nowMs)
    await hold(before, "acme", 7)
    vi.clearAllTimers()
    opened(store, clock.nowMs)
    await turn()
    expect(heldIn(store, "org/acme")).toEqual([{ settled: 7, held: 0 }])
  })

  it("ends more than one answer names", async () => {
    const shared = { ...budgets[0], per: ["apiKey"] } as PolicyJson["budgets"][number]
    const { store, spendfuse, turn } = world({ budgets: [shared] })
    for (let i = 0; i < 2_500; i += 1)
      await spendfuse.reserve({
        subject: { apiKey: "k1", org: "acme" },
        amounts: { usd: 1 },
        expiresInMs: HOLD_MS,
      })
    expect(heldIn(store, "org/k1")).toEqual([{ settled: 0, held: 2_500 }])
    await turn()
    await until(() => heldIn(store, "org/k1")?.[0]?.held === 0)
    expect(heldIn(store, "org/k1")).toEqual([{ settled: 2_500, held: 0 }])
  })

  it("moves more accounts than one answer may", async () => {
    const latching = {
      ...budgets[0],
      per: ["apiKey"],
      tiers: [{ at: "100%", trip: { coolDown: "5s" } }],
    }
    const { store, spendfuse, turn } = world({ budgets: [latching as never] })
    for (let i = 0; i < 5_000; i += 1)
      await spendfuse.operator.trip(
        { budget: "org", subject: { apiKey: `k${i}`, org: "acme" } },
        { coolDownMs: 5_000, by: "ann", why: "a test" },
      )
    const open = () =>
      [...store.ledger.accounts.values()].filter(({ circuit }) => circuit.state === "open").length
    expect(open()).toBe(5_000)
    const applyNow = vi.spyOn(store, "applyNow")
    await turn()
    await until(() => open() === 0)
    expect(open()).toBe(0)
    const expires = applyNow.mock.calls.filter(([{ kind }]) => kind === "expire")
    expect(expires.length).toBeLessThanOrEqual(Math.ceil(5_000 / 128) + 1)
    applyNow.mockRestore()
  })

  it("comes to every division by and by, not to all at once", async () => {
    const { store, spendfuse, turn } = world()
    const orgs = Array.from({ length: 150 }, (_, at) => `o${at}`)
    for (const org of orgs) await hold(spendfuse, org, 1)
    const open = () => orgs.filter((org) => heldIn(store, `org/${org}`)?.[0]?.held === 1).length
    await turn()
    expect(open()).toBe(150 - 64)
    await turn()
    await turn()
    expect(open()).toBe(0)
  })

  it("goes on where the store fails once, and ends with its host", async () => {
    const { store, spendfuse, turn } = world()
    await hold(spendfuse, "acme", 7)
    const applyNow = vi.spyOn(store, "applyNow").mockImplementation(() => {
      throw new Error("away")
    })
    await turn()
    expect(heldIn(store, "org/acme")).toEqual([{ settled: 0, held: 7 }])
    applyNow.mockRestore()
    await turn()
    expect(heldIn(store, "org/acme")).toEqual([{ settled: 7, held: 0 }])
    await spendfuse.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})
