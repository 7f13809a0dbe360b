import { describe, expect, it } from "vitest"
import type { Admitted } from "../../../src/index.ts"
import { hostsOf, leased, quietly } from "./leaseHosts.ts"

const IN_FLIGHT = 16
const one = { amounts: { requests: 1 } }

/** Spends a budget by eight hosts, in turn or nearly all by the first, until a caller is refused for good. */
const spend = async (limit: number, isSkewed: boolean) => {
  const { hosts, clock, meter } = hostsOf(8, { budgets: leased(limit) })
  const running: Admitted[] = []
  let calls = 0
  let trips = 0
  let spent = 0
  const settleOldest = async () => {
    await running.shift()?.settle(one)
    spent += 1
  }
  const rest = async (ms: number) => {
    clock.advance(ms)
    for (const { engine } of hosts) void engine.leases.look()
    await quietly(20)
  }
  const ask = async (): Promise<boolean> => {
    const turn = isSkewed && calls > 200 ? 0 : calls % hosts.length
    const host = hosts[turn]
    if (host === undefined) throw new Error("no host")
    const before = host.control.sent.length
    const decision = await host.engine.reserve({ subject: host.subject, amounts: {} })
    calls += 1
    if (host.control.sent.length > before) trips += 1
    if (calls % 50 === 0) await rest(1)
    if (decision.allowed) running.push(decision)
    return decision.allowed
  }
  /** A refused caller waits for a quarter of a slice's life, as `waitMs` lets it, while the others end. */
  const askPatiently = async (): Promise<boolean> => {
    if (await ask()) return true
    while (running.length > 0) await settleOldest()
    for (let waited = 0; waited < 5_000; waited += 500) {
      await rest(500)
      if (await ask()) return true
    }
    return false
  }
  while (await askPatiently()) if (running.length > IN_FLIGHT) await settleOldest()
  await Promise.all(hosts.map(({ engine }) => engine.close()))
  return { used: spent / limit, local: 1 - trips / calls, meter: await meter() }
}

describe("a leased budget", () => {
  it.each([
    ["even", false],
    ["skewed", true],
  ])("is used up before anyone is refused who waits for a heartbeat: %s load", async (_, skew) => {
    const { used, meter } = await spend(10_000, skew)
    expect(used).toBeGreaterThanOrEqual(0.99)
    expect(used).toBeLessThanOrEqual(1)
    expect(meter).toEqual({ settled: used * 10_000, held: 0 })
  })

  it("of 10^6 calls is decided without a trip, but for one call of a hundred", async () => {
    const { local, used } = await spend(1_000_000, false)
    expect(local).toBeGreaterThanOrEqual(0.99)
    expect(used).toBeGreaterThanOrEqual(0.99)
  })
})
