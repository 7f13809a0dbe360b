import { describe, expect, it } from "vitest"
import type { Admitted } from "../../../src/index.ts"
import { hostsOf, leased, quietly } from "./leaseHosts.ts"

const MINUTE_MS = 60_000
const one = { amounts: { requests: 1 } }

type Hosts = ReturnType<typeof hostsOf>
type Host = Hosts["hosts"][number]

const call = async ({ engine, subject }: Host) => {
  const decision = await engine.reserve({ subject, amounts: {} })
  if (decision.allowed) await decision.settle(one)
  return decision.allowed
}

const warm = async (host: Host) => {
  for (let i = 0; i < 4; i += 1) {
    expect(await call(host)).toBe(true)
    await quietly()
  }
}

const rest = async ({ clock, hosts }: Hosts, ms: number) => {
  clock.advance(ms)
  for (const { engine } of hosts) void engine.leases.look()
  await quietly()
}

describe("a slice of a sliding window", () => {
  it("carries calls, and no interval of that length ever holds more than the cap", async () => {
    const window = { sliding: "10m", buckets: 5 }
    const all = hostsOf(3, { budgets: leased(300, { window, lease: { share: "5%", for: "20s" } }) })
    const spentAt: number[] = []
    let local = 0
    for (let i = 0; i < 3_000; i += 1) {
      const host = all.hosts[(i * 7) % 3] as Host
      const before = host.control.sent.length
      if (await call(host)) {
        spentAt.push(all.clock.nowMs())
        if (host.control.sent.length === before) local += 1
      }
      await rest(all, (i * 997) % 1_500)
    }
    for (const [at, ms] of spentAt.entries()) {
      const within = spentAt.slice(at).filter((other) => other < ms + 10 * MINUTE_MS)
      expect(within.length).toBeLessThanOrEqual(300)
    }
    expect(local).toBeGreaterThan(100)
    expect(spentAt.length).toBeGreaterThan(600)
  })

  it("of a bucket that is over carries nothing", async () => {
    const window = { sliding: "10m", buckets: 5 }
    const lease = { share: "25%", for: "1h" }
    const all = hostsOf(1, { budgets: leased(1_000, { window, lease }) })
    const [host] = all.hosts as [Host]
    await warm(host)
    await call(host)
    const before = host.control.sent.length
    all.clock.advance(2 * MINUTE_MS)
    expect(await call(host)).toBe(true)
    expect(host.control.sent.slice(before).map(({ kind }) => kind)).toContain("reserve")
  })
})

describe("a slice of a budget that only observes", () => {
  it("counts everything, and nobody is refused", async () => {
    const all = hostsOf(2, { budgets: leased(200, { mode: "observe" }) })
    for (let i = 0; i < 600; i += 1) {
      expect(await call(all.hosts[i % 2] as Host)).toBe(true)
      if (i % 20 === 0) await quietly()
    }
    await Promise.all(all.hosts.map(({ engine }) => engine.close()))
    expect(await all.meter()).toEqual({ settled: 600, held: 0 })
    const kinds = (await all.events()).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === "would-refuse").length).toBe(1)
  })
})

describe("a slice of a budget on probation", () => {
  it("is not held: the store admits each call, and no more than the allowance", async () => {
    const probation = { allow: "10%", for: "10m" }
    const tiers = [{ at: "50%", trip: { coolDown: "1h", probation } }]
    const all = hostsOf(2, { budgets: leased(1_000, { window: "hour", tiers }) })
    for (let i = 0; i < 520; i += 1) {
      await call(all.hosts[i % 2] as Host)
      if (i % 20 === 0) await quietly()
    }
    await rest(all, 5_000)
    expect(await call(all.hosts[0] as Host)).toBe(false)
    await rest(all, 60 * MINUTE_MS)
    const running: Admitted[] = []
    for (let i = 0; i < 300; i += 1) {
      const host = all.hosts[i % 2] as Host
      const sent = host.control.sent.length
      const decision = await host.engine.reserve({ subject: host.subject, amounts: {} })
      expect(host.control.sent.length).toBeGreaterThan(sent)
      if (decision.allowed) running.push(decision)
      await quietly(5)
    }
    expect(running.length).toBe(100)
    const [record] = await all.inner.read(["all/all"])
    expect(record?.account?.circuit.state).toBe("half-open")
    expect(record?.account?.meters.at(-1)).toMatchObject({ settled: 0, held: 100 })
  })
})

describe("what the store has said of switches", () => {
  it("is asked for anew at half its time, by one call, while the others go on", async () => {
    const { hosts, clock } = hostsOf(1, { budgets: leased(100_000) })
    const [host] = hosts as [Host]
    await warm(host)
    const before = host.control.sent.length
    clock.advance(2_499)
    expect(await call(host)).toBe(true)
    expect(host.control.sent.length).toBe(before)
    clock.advance(1)
    const asked = host.engine.reserve({ subject: host.subject, amounts: {} })
    const meanwhile = await Promise.all(Array.from({ length: 5 }, () => call(host)))
    expect(meanwhile).toEqual([true, true, true, true, true])
    expect((await asked).allowed).toBe(true)
    const reserves = host.control.sent.slice(before).filter(({ kind }) => kind === "reserve")
    expect(reserves.length).toBe(1)
    expect(await call(host)).toBe(true)
    expect(host.control.sent.filter(({ kind }) => kind === "reserve").at(-1)).toBe(reserves[0])
  })

  it("is forgotten of all subjects when the slice of any budget hears a stop", async () => {
    const [base] = leased(100_000)
    if (base === undefined) throw new Error("no budget")
    const budgets = [
      { ...base, id: "quick", match: { model: ["a"] } },
      { ...base, id: "slow", match: { model: ["b"] }, lease: { share: "1%", for: "60s" } },
    ]
    const all = hostsOf(1, { budgets })
    const [host] = all.hosts as [Host]
    const ask = async (model: string) => {
      const request = { subject: host.subject, model, amounts: {} }
      const decision = await host.engine.reserve(request)
      if (decision.allowed) await decision.settle(one)
      await quietly()
      return decision.allowed
    }
    for (let i = 0; i < 4; i += 1) expect([await ask("a"), await ask("b")]).toEqual([true, true])
    const head = { id: { source: "person", n: 1 }, done: 0, division: "*", by: "me", why: "stop" }
    const off = { switch: "platform=all", state: "off", untilMs: null } as const
    all.inner.applyNow({ kind: "switch", ...head, ...off })
    expect(await ask("b")).toBe(true)
    await rest(all, 5_000)
    expect(await ask("b")).toBe(false)
  })
})

describe("a caller that waits less than a heartbeat", () => {
  it("is served by what lies idle on another host", async () => {
    const lease = { share: "25%", for: "20s" }
    const all = hostsOf(2, { budgets: leased(40, { lease }) }, { waitMs: 1_000 })
    const [idle, busy] = all.hosts as [Host, Host]
    await warm(idle)
    const { held, settled } = await all.meter()
    expect(held).toBeGreaterThan(0)
    const runs: Admitted[] = []
    for (let i = 0; i < 40 - held - settled; i += 1) {
      const decision = await busy.engine.reserve({ subject: busy.subject, amounts: {} })
      if (decision.allowed) runs.push(decision)
    }
    const waiting = busy.engine.reserve({ subject: busy.subject, amounts: {} })
    await quietly()
    await rest(all, 500)
    expect((await waiting).allowed).toBe(true)
    for (const run of runs) await run.release()
  })
})
