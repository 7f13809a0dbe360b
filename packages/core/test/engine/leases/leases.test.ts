import { describe, expect, it } from "vitest"
import type { Command } from "../../../src/domain/command.ts"
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

const isOfOneCall = (command: Command): boolean =>
  command.kind === "reserve" && command.perUnit.requests === 0

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
    const before = host.control.sent.length
    const runs = []
    for (let i = 0; i < 900; i += 1) runs.push(await admitted(host))
    await quietly()
    const own = host.control.sent.slice(before).filter(isOfOneCall).length
    expect((await meter()).held - own).toBeLessThanOrEqual(1_000)
    expect(own).toBeLessThan(10)
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

  it("goes back where nobody used it for a quarter of its life, and stays while a call runs", async () => {
    const { hosts, meter, clock } = hostsOf(1, { budgets: leased(100_000) })
    const [host] = hosts as [Host]
    await warm(host)
    const run = await admitted(host)
    for (let i = 0; i < 12; i += 1) {
      clock.advance(5_000)
      await host.engine.leases.look()
      await quietly()
    }
    expect((await meter()).held).toBeGreaterThan(0)
    await run.release()
    clock.advance(5_000)
    await host.engine.leases.look()
    await quietly()
    clock.advance(5_000)
    await host.engine.leases.look()
    await quietly()
    expect(await meter()).toEqual({ settled: 4, held: 0 })
  })

  it("of a host that dies ends with its life, and counts as spent whole", async () => {
    const { hosts, meter, clock, inner } = hostsOf(1, { budgets: leased(100_000) })
    const [host] = hosts as [Host]
    await warm(host)
    const { held, settled } = await meter()
    clock.advance(20_001)
    const head = { id: { source: "other", n: 1 }, done: 0, division: "*" }
    inner.applyNow({ kind: "expire", ...head })
    expect(await meter()).toEqual({ settled: settled + held, held: 0 })
  })

  it("is asked back at the next heartbeat where a caller elsewhere was refused for busy", async () => {
    const lease = { share: "25%", for: "20s" }
    const { hosts, meter, clock } = hostsOf(2, { budgets: leased(40, { lease }) })
    const [one, other] = hosts as [Host, Host]
    await warm(one)
    const { held, settled } = await meter()
    expect(held).toBeGreaterThan(0)
    const runs = []
    for (let i = 0; i < 40 - held - settled; i += 1) runs.push(await admitted(other))
    const refused = await other.engine.reserve({ subject: other.subject, amounts: {} })
    expect(refused).toMatchObject({ allowed: false, reason: "busy" })
    clock.advance(5_000)
    await one.engine.leases.look()
    await quietly()
    expect(await call(other)).toBe(true)
    for (const run of runs) await run.release()
  })

  it("of this host goes back before its caller is refused", async () => {
    const lease = { share: "25%", for: "20s" }
    const { hosts } = hostsOf(1, { budgets: leased(100, { limit: { tokens: 100 }, lease }) })
    const [{ engine, subject }] = hosts as [Host]
    for (let i = 0; i < 4; i += 1) {
      const small = await engine.reserve({ subject, amounts: { tokens: 1 } })
      if (small.allowed) await small.settle({ amounts: { tokens: 0 } })
      await quietly()
    }
    const whole = await engine.reserve({ subject, amounts: { tokens: 100 } })
    expect(whole.allowed).toBe(true)
  })

  it("starts nothing after a switch once a quarter of its life has passed, and returns what is idle", async () => {
    const { hosts, clock, inner, meter } = hostsOf(1, { budgets: leased(100_000) })
    const [host] = hosts as [Host]
    await warm(host)
    const head = { id: { source: "person", n: 1 }, done: 0, division: "*", by: "me", why: "stop" }
    inner.applyNow({ kind: "switch", ...head, switch: "platform=all", state: "off", untilMs: null })
    expect(await call(host)).toBe(true)
    clock.advance(5_000)
    await host.engine.leases.look()
    await quietly()
    expect(await call(host)).toBe(false)
    expect((await meter()).held).toBe(0)
  })

  it("takes the store's word on a subject's switches for a quarter of its life", async () => {
    const { hosts, clock, inner } = hostsOf(1, { budgets: leased(100_000) })
    const [host] = hosts as [Host]
    await warm(host)
    const head = { id: { source: "person", n: 1 }, done: 0, division: "*", by: "me", why: "stop" }
    inner.applyNow({ kind: "switch", ...head, switch: "apiKey=k0", state: "off", untilMs: null })
    expect(await call(host)).toBe(true)
    clock.advance(5_000)
    expect(await call(host)).toBe(false)
  })

  it("counts in full what a call cost above its hold, beyond the slice too", async () => {
    const { hosts, meter } = hostsOf(1, { budgets: leased(100_000) })
    const [host] = hosts as [Host]
    await warm(host)
    const run = await admitted(host)
    await run.settle({ amounts: { requests: 5_000 } })
    await quietly()
    await host.engine.close()
    expect(await meter()).toEqual({ settled: 5_004, held: 0 })
  })

  it("raises a call's hold, here while there is room, then by a trip", async () => {
    const json = { budgets: leased(10_000, { limit: { tokens: 10_000 } }) }
    const { hosts, meter } = hostsOf(1, { ...json, unknownModel: "count-tokens-only" })
    const [{ engine, subject, control }] = hosts as [Host]
    const request = { subject, model: "m", inputTokens: 1, maxOutputTokens: 4 }
    for (let i = 0; i < 4; i += 1) {
      const small = await engine.reserve(request)
      if (small.allowed) await small.release()
      await quietly()
    }
    const run = await engine.reserve(request)
    if (!run.allowed) throw new Error(run.reason)
    const before = control.sent.length
    expect(await run.extend({ least: 1, most: 5 })).toMatchObject({ allowed: true, tokens: 5 })
    expect(control.sent.length).toBe(before)
    expect(await run.extend({ least: 1, most: 9_000 })).toMatchObject({
      allowed: true,
      tokens: 9_000,
    })
    expect(run.held.tokens).toBe(9_010)
    await run.settle({ amounts: { tokens: 9_008 } })
    await engine.close()
    expect(await meter()).toEqual({ settled: 9_008, held: 0 })
  })

  it("goes back whole when the host ends, but for what its running calls may cost", async () => {
    const { hosts, meter } = hostsOf(1, { budgets: leased(100_000) })
    const [host] = hosts as [Host]
    await warm(host)
    const run = await admitted(host)
    await host.engine.close()
    expect(await meter()).toEqual({ settled: 5, held: 0 })
    await run.settle({ amounts: one })
    expect(await meter()).toEqual({ settled: 5, held: 0 })
  })

  it("that was reserved without an answer holds nothing", async () => {
    const { hosts, meter } = hostsOf(1, { budgets: leased(100_000) })
    const [host] = hosts as [Host]
    const isOfSlice = (command: Command): boolean =>
      command.kind === "reserve" && !isOfOneCall(command)
    host.control.fateOf = (command) => (isOfSlice(command) ? "lose-answer" : "pass")
    await warm(host)
    expect(host.control.sent.some(isOfSlice)).toBe(true)
    await host.engine.posts.flush()
    expect(await meter()).toEqual({ settled: 4, held: 0 })
  })

  it("of a period is not spent in the next", async () => {
    const { hosts, clock, inner } = hostsOf(1, { budgets: leased(100_000, { window: "hour" }) })
    const [host] = hosts as [Host]
    await warm(host)
    const spanning = await admitted(host)
    clock.advance(3_600_000)
    await warm(host)
    await spanning.settle({ amounts: one })
    await host.engine.close()
    const [record] = await inner.read(["all/all"])
    expect(record?.account?.meters.map(({ settled, held }) => [settled, held])).toEqual([
      [5, 0],
      [4, 0],
    ])
  })

  it("goes on without the store: for a quarter of its life where it denies, longer where it degrades", async () => {
    for (const rule of ["deny" as const, { degrade: "1%", hosts: 1 }]) {
      const json = { budgets: leased(100_000), onStoreUnavailable: rule }
      const { hosts, clock, meter } = hostsOf(1, json)
      const [host] = hosts as [Host]
      await warm(host)
      host.control.fateOf = () => "lose-command"
      expect(await call(host)).toBe(true)
      clock.advance(6_000)
      expect(await call(host)).toBe(rule !== "deny")
      host.control.fateOf = () => "pass"
      await host.engine.posts.flush()
      await host.engine.close()
      expect(await meter()).toEqual({ settled: rule === "deny" ? 5 : 6, held: 0 })
    }
  })
})

describe("a request of which only some budgets are leased", () => {
  const budgets = [
    ...leased(100_000),
    {
      id: "key",
      per: ["apiKey"],
      limit: { requests: 6 },
      window: "day" as const,
      tiers: [{ at: "100%", block: true as const }],
    },
  ]

  it("asks the store about the others, and gives back what its slice held where that refuses", async () => {
    const { hosts, meter } = hostsOf(1, { budgets })
    const [host] = hosts as [Host]
    await warm(host)
    const before = host.control.sent.length
    const run = await admitted(host)
    const [reserve] = host.control.sent.slice(before)
    expect(reserve).toMatchObject({ kind: "reserve", lines: [{ account: "key/k0" }] })
    await run.settle({ amounts: one })
    expect(await call(host)).toBe(true)
    expect(await call(host)).toBe(false)
    await host.engine.close()
    expect(await meter()).toEqual({ settled: 6, held: 0 })
    expect(await meter("key/k0")).toEqual({ settled: 6, held: 0 })
  })

  it("sends no command over two divisions where the store judges one at a time", async () => {
    const divided = [...leased(50), { ...budgets[1], per: ["org", "apiKey"] }] as typeof budgets
    const json = { budgets: divided, partitionBy: "org" }
    const { hosts, meter } = hostsOf(1, json, { spansDivisions: false })
    const [host] = hosts as [Host]
    const ours = { ...host, subject: { org: "o", apiKey: "k0" } }
    for (let i = 0; i < 6; i += 1) {
      expect(await call(ours)).toBe(true)
      await quietly()
    }
    expect(await call(ours)).toBe(false)
    for (const command of host.control.sent)
      if (command.kind === "reserve")
        expect(command.lines.every(({ division }) => division === command.division)).toBe(true)
    await host.engine.close()
    expect(await meter()).toEqual({ settled: 6, held: 0 })
  })
})

describe("tiers of a leased budget", () => {
  it("fire once each, at most one slice of each host late", async () => {
    const tiers = [
      { at: "50%", notify: ["slack"] },
      { at: "80%", notify: ["slack"] },
      { at: "100%", block: true as const },
    ]
    const { hosts, events } = hostsOf(4, { budgets: leased(10_000, { tiers }) })
    let spent = 0
    const heardAt = new Map<number, number>()
    for (let i = 0; i < 10_400; i += 1) {
      if (await call(hosts[i % 4] as Host)) spent += 1
      if (i % 20 !== 0) continue
      await quietly(20)
      for (const event of await events())
        if (event.kind === "tier" && !heardAt.has(event.level)) heardAt.set(event.level, spent)
    }
    await Promise.all(hosts.map(({ engine }) => engine.close()))
    const levels = (await events()).flatMap((one) => (one.kind === "tier" ? [one.level] : []))
    expect(levels).toEqual([5_000, 8_000, 10_000])
    expect(heardAt.get(5_000)).toBeLessThanOrEqual(5_000 + 4 * 100 + 20)
    expect(heardAt.get(8_000)).toBeLessThanOrEqual(8_000 + 4 * 100 + 20)
  })
})
