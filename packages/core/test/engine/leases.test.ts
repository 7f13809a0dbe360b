import { describe, expect, it } from "vitest"
import { hostsOf, leased, quietly } from "./leaseHosts.ts"

const one = { requests: 1 }

type Host = ReturnType<typeof hostsOf>["hosts"][number]

const call = async ({ engine, subject }: Host) => {
  const decision = await engine.reserve({ subject, amounts: {} })
  if (decision.allowed) await decision.settle({ amounts: one })
  return decision.allowed
}

const admitted = async ({ engine, subject }: Host) => {
  const decision = await engine.reserve({ subject, amounts: {} })
  if (!decision.allowed) throw new Error(decision.reason)
  return decision
}

const warm = async (host: Host) => {
  for (let i = 0; i < 4; i += 1) {
    await call(host)
    await quietly()
  }
}

describe("a slice", () => {
  it("decides without a trip, and tells the store what was spent when it ends", async () => {
    const { hosts, meter } = hostsOf(1, { budgets: leased(100_000) })
    const [host] = hosts as [Host]
    await warm(host)
    const before = host.control.sent.length
    for (let i = 0; i < 200; i += 1) await call(host)
    expect(host.control.sent.length - before).toBeLessThanOrEqual(2)
    expect((await meter()).held).toBeGreaterThan(0)
    await host.engine.close()
    expect(await meter()).toEqual({ settled: 204, held: 0 })
  })

  it("is at most the share of the limit, and a quarter of what is left to each", async () => {
    const { hosts, meter } = hostsOf(1, { budgets: leased(100_000) })
    const [host] = hosts as [Host]
    await warm(host)
    const runs = []
    for (let i = 0; i < 900; i += 1) runs.push(await admitted(host))
    await quietly()
    expect((await meter()).held).toBeLessThanOrEqual(1_001)
    for (const run of runs) await run.release()
    await host.engine.close()
    expect(await meter()).toEqual({ settled: 4, held: 0 })
  })

  it("never lets hosts together pass the cap, and all of it is used where none is idle", async () => {
    const { hosts, meter } = hostsOf(8, { budgets: leased(2_000) })
    let admittedCalls = 0
    for (let i = 0; i < 4_000; i += 1) {
      const host = hosts[i % hosts.length] as Host
      if (await call(host)) admittedCalls += 1
      if (i % 16 === 0) await quietly(20)
    }
    await Promise.all(hosts.map(({ engine }) => engine.close()))
    const { settled, held } = await meter()
    expect(settled).toBe(admittedCalls)
    expect(settled).toBeLessThanOrEqual(2_000)
    expect(settled).toBeGreaterThanOrEqual(1_980)
    expect(held).toBe(0)
  })
})
