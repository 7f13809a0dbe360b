import { describe, expect, it } from "vitest"
import type { ActorJson, FleetJson, WayReport } from "../../../src/lab.ts"
import { decodeFleet, FleetTooLarge, simulate } from "../../../src/lab.ts"
import { call, dollars, fleetJson, one, played } from "./dollarCalls.ts"

describe("a fleet that nobody guards", () => {
  it("makes every call, and its bill is that of the provider", () => {
    expect(played("unguarded")).toMatchObject({ asked: 20, made: 20, refused: 0, fuse: null })
    expect(dollars(played("unguarded"))).toBe(20)
  })

  it("is billed for injected answers up to the limit, the model's own where it asks for none", () => {
    const injected = { share: "100%" }
    expect(dollars(played("unguarded", { actor: { injected, output: 1 } }))).toBe(20)
    const { limit: _, ...unlimited } = call
    const json = fleetJson()
    const [first] = json.actors
    const actors = first === undefined ? [] : [{ ...first, ...unlimited, injected }]
    const decoded = decodeFleet({ ...json, actors: actors.map(({ limit: __, ...rest }) => rest) })
    if (!decoded.ok) throw new Error("it is not read")
    const [report] = simulate(decoded.fleet, { ways: ["unguarded"] }).ways
    expect(report?.billedNanoUsd).toBe(26_000_000_000)
  })

  it("is billed half the answer where the client leaves half way", () => {
    expect(dollars(played("unguarded", { actor: { cancels: { share: "100%" } } }))).toBe(19)
  })

  it("is billed for what fails as the provider does, and for every retry", () => {
    const fails = { share: "100%", retries: 3, after: "1s" } as const
    const bill = (bills: "nothing" | "input" | "all"): number =>
      dollars(played("unguarded", { actor: { fails: { ...fails, bills } } }))
    expect([bill("nothing"), bill("input"), bill("all")]).toEqual([0, 72, 80])
    expect(played("unguarded", { actor: { fails: { ...fails, bills: "all" } } })).toMatchObject({
      made: 80,
      actors: [{ failed: 80 }],
    })
  })
})

describe("a billing alert", () => {
  const people = { answerIn: "10m", stop: ["job"] }
  const loop = { kind: "loop", parallel: 1, refused: "retry" } as const

  it("rings when the day is over, and people stop the loop when they have answered", () => {
    const json = fleetJson({ lasts: "20h", alert: { usd: 10 }, people })
    const [first] = json.actors
    if (first === undefined) throw new Error("the fleet has nobody in it")
    const { items: _, ...whole } = first
    const rest: ActorJson = { ...whole, ...loop }
    const decoded = decodeFleet({ ...json, actors: [rest] })
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
    const [report] = simulate(decoded.fleet, { ways: ["alert"] }).ways
    // 06:00 to 00:10, a call each minute.
    expect(report?.billedNanoUsd).toBe(1_090_000_000_000)
    expect(new Date(report?.answeredAtMs ?? 0).toISOString()).toBe("2026-01-16T00:10:00.000Z")
  })

  it("does not ring below its amount, nor where there is none", () => {
    const json = fleetJson({ lasts: "20h", alert: { usd: 20 }, people })
    const decoded = decodeFleet(json)
    if (!decoded.ok) throw new Error("it is not read")
    expect(simulate(decoded.fleet, { ways: ["alert"] }).ways[0]?.answeredAtMs).toBeNull()
    const { alert: _, ...without } = json
    const bare = decodeFleet(without)
    if (!bare.ok) throw new Error("it is not read")
    expect(simulate(bare.fleet).ways.map(({ way }) => way)).toEqual([
      "unguarded",
      "counter",
      "spendfuse",
    ])
  })
})

describe("a counter that looks after the call", () => {
  it("holds one caller to the cap, and lets a burst through whole", () => {
    expect(dollars(played("counter", one))).toBe(5)
    expect(dollars(played("counter"))).toBe(20)
  })

  it.each<[string, FleetJson["counter"] & object, number, number]>([
    ["spend that comes ten minutes late", { delay: "10m" }, 1, 15],
    ["each of three hosts with its own count", { perHost: true }, 3, 15],
    ["each of three hosts adding what one has spent", { addsPerHost: true }, 3, 2],
  ])("%s", (_, counter, hosts, spent) => {
    expect(dollars(played("counter", { ...one, counter, hosts }))).toBe(spent)
  })

  it("blocks good calls after its reset where that comes late, and lets twice the cap through in a day", () => {
    const late = {
      counter: { resetsLate: "8h" },
      lasts: "20h",
      start: "2026-01-15T04:00:00Z",
    } as const
    const patient = { actor: { parallel: 1, refused: "wait" } } as const
    // The day of the counter begins at 08:00: five calls before, five after.
    expect(dollars(played("counter", { ...late, ...patient }))).toBe(10)
    expect(dollars(played("counter", { ...patient, lasts: "18h" }))).toBe(5)
  })

  it("never lets anybody in again where each refusal begins the block anew", () => {
    const hourly = fleetJson().policy
    const policy = {
      ...hourly,
      budgets: hourly.budgets.map((budget) => ({ ...budget, window: "hour" as const })),
    }
    const insistent = { actor: { parallel: 1, refused: "retry", retryAfter: "5m" } } as const
    expect(dollars(played("counter", { policy, ...insistent }))).toBe(15)
    expect(dollars(played("counter", { policy, ...insistent, counter: { renews: true } }))).toBe(5)
  })

  it("goes on by itself after what it calls a stop, and counts from nothing", () => {
    const insistent = { actor: { parallel: 1, refused: "retry", retryAfter: "1m" } } as const
    const counter = { resumes: "10m" }
    expect(dollars(played("counter", insistent))).toBe(5)
    expect(dollars(played("counter", { ...insistent, counter }))).toBe(20)
  })

  it("holds worst cases and keeps those of clients who have left", () => {
    const counter = { leaksHolds: true } as const
    expect(dollars(played("counter", { counter }))).toBe(5)
    const leaving = { actor: { parallel: 1, cancels: { share: "100%" } } }
    // Five holds of a dollar are never given back: 0.95 each was spent, and nothing else goes through.
    expect(dollars(played("counter", { counter, ...leaving }))).toBeCloseTo(2.85, 9)
    expect(dollars(played("spendfuse", leaving))).toBeCloseTo(4.75, 9)
  })

  it("counts by its own price list, where the model may be free", () => {
    const models = { m: { input: 1, output: 1, counted: "free" } } as const
    expect(dollars(played("counter", { ...one, models }))).toBe(20)
    expect(dollars(played("spendfuse", { ...one, models }))).toBe(5)
  })

  it("lets all through or nothing while its store is silent", () => {
    const faults = [{ kind: "store-outage", at: "0s", lasts: "3h" }] as const
    expect(dollars(played("counter", { ...one, faults }))).toBe(20)
    const denies = { ...one, faults, counter: { storeDown: "deny" } } as const
    expect(played("counter", denies).actors[0]?.reasons).toEqual({ "store-unavailable": 20 })
  })
})

describe("the fuse", () => {
  it("holds a burst to the cap, exactly", () => {
    const report = played("spendfuse")
    expect(dollars(report)).toBe(5)
    expect(report).toMatchObject({ made: 5, refused: 15, refusedWanted: 15 })
    expect(report.fuse).toMatchObject({ countedNanoUsd: 5_000_000_000, aloneNanoUsd: 0, pages: 1 })
    expect(report.fuse?.bills).toContainEqual({
      per: ["apiKey"],
      unit: "usd",
      span: "day",
      most: 5_000_000_000,
      bound: 5_000_000_000,
    })
  })

  it("holds nobody to the bill of a dimension that they lack", () => {
    const [first] = fleetJson().policy.budgets
    if (first === undefined) throw new Error("the policy has no budget")
    const skipping = (id: string, usd: number) => ({
      ...first,
      id: `${id}-day`,
      per: [id],
      limit: { usd },
      whenMissing: "skip" as const,
    })
    const policy = { ...fleetJson().policy, budgets: [skipping("apiKey", 10), skipping("org", 1)] }
    const report = played("spendfuse", { policy, actor: { items: 5 } })
    expect(dollars(report)).toBe(5)
    for (const { most, bound } of report.fuse?.bills ?? []) expect(most).toBeLessThanOrEqual(bound)
  })

  it("gives back what a call did not use", () => {
    const report = played("spendfuse", { actor: { parallel: 1, output: 0 } })
    expect(report.made).toBe(5)
    expect(dollars(report)).toBeCloseTo(4.5, 9)
    expect(report.actors[0]?.reasons).toEqual({ exhausted: 15 })
  })

  it("refuses a model that its list does not know, and counts by an old list what that says", () => {
    const unknown = { m: { input: 1, output: 1, listed: "unknown" } } as const
    expect(played("spendfuse", { models: unknown }).actors[0]?.reasons).toEqual({
      "unknown-model": 20,
    })
    const old = { m: { input: 2, output: 2, listed: { input: 1, output: 1 } } } as const
    const report = played("spendfuse", { models: old })
    expect([report.fuse?.countedNanoUsd, report.billedNanoUsd]).toEqual([
      5_000_000_000, 10_000_000_000,
    ])
  })

  it("counts in full what was held for a host that has died", () => {
    const faults = [{ kind: "host-crash", host: 1, at: "30s", lasts: "1m" }] as const
    const report = played("spendfuse", {
      faults,
      hosts: 2,
      actor: { parallel: 4, items: 4, output: 0 },
    })
    expect(report.actors[0]).toMatchObject({ made: 4, lost: 2 })
    // Two settle at 0.90, two expire at a dollar; the provider billed 0.90 for each.
    expect(report.fuse?.countedNanoUsd).toBe(3_800_000_000)
    expect(report.billedNanoUsd).toBe(3_600_000_000)
  })

  it("asks nothing of hosts that are down, and makes calls again when they are back", () => {
    const faults = [{ kind: "host-crash", host: 1, at: "0s", lasts: "10m" }] as const
    const report = played("spendfuse", {
      faults,
      actor: { parallel: 1, items: 2, refused: "wait", retryAfter: "1m" },
    })
    expect(report.actors[0]).toMatchObject({ made: 2, reasons: { "no host is up": 10 } })
  })

  it("refuses while the store is silent, or spends the share that the policy gives, and posts it after", () => {
    const faults = [{ kind: "store-outage", at: "90s", lasts: "1h" }] as const
    const slow = { actor: { parallel: 1, refused: "retry", retryAfter: "10m" } } as const
    const denied = played("spendfuse", { faults, ...slow })
    expect(denied.actors[0]?.reasons["store-unavailable"]).toBe(6)
    expect(dollars(denied)).toBe(5)
    const { policy } = fleetJson()
    const degrading = { ...policy, onStoreUnavailable: { degrade: "50%", hosts: 1 } }
    const degraded = played("spendfuse", { faults, ...slow, policy: degrading })
    // Two are asked of the store in time; half of the three dollars that the host last knew of are one call.
    expect(degraded.fuse?.aloneNanoUsd).toBe(1_000_000_000)
    expect(dollars(degraded)).toBe(5)
    expect(degraded.fuse?.countedNanoUsd).toBe(5_000_000_000)
  })

  it("loses what a host has spent alone where it dies before the store is back", () => {
    const faults = [
      { kind: "store-outage", at: "90s", lasts: "1h" },
      { kind: "host-crash", host: 1, at: "30m", lasts: "1m" },
    ] as const
    const { policy } = fleetJson()
    const degrading = { ...policy, onStoreUnavailable: { degrade: "50%", hosts: 1 } }
    const slow = { actor: { parallel: 1, refused: "retry", retryAfter: "10m" } } as const
    const report = played("spendfuse", { faults, ...slow, policy: degrading })
    // One call alone, that nobody ever counts; the settlement that it kept is lost too, and its hold expires.
    expect(report.fuse?.countedNanoUsd).toBe(5_000_000_000)
    expect(dollars(report)).toBe(6)
  })

  it("follows the store's clock after one call, and trusts nothing ten minutes away", () => {
    const budgets = fleetJson().policy.budgets.map((budget) => ({
      ...budget,
      window: "hour" as const,
    }))
    const policy = { ...fleetJson().policy, budgets }
    const skewed = (by: string): WayReport =>
      played("spendfuse", {
        policy,
        start: "2026-01-15T06:53:00Z",
        lasts: "7m",
        faults: [{ kind: "clock-skew", host: 1, by, at: "0s" }],
      })
    // The first call of a host nine minutes ahead is counted in the next hour; the others by the store's time.
    expect(dollars(skewed("9m"))).toBe(6)
    expect(dollars(skewed("-9m"))).toBe(5)
    expect(skewed("11m").actors[0]?.reasons).toEqual({ "store-unavailable": 20 })
  })

  it("pages people, who stop what they may and let go on what was latched", () => {
    const budgets = fleetJson().policy.budgets.map((budget) => ({
      ...budget,
      tiers: [{ at: "100%", latch: true as const, notify: ["pagerDuty"] }],
    }))
    const policy = { ...fleetJson().policy, budgets }
    const patient = { actor: { parallel: 1, refused: "retry", retryAfter: "5m" } } as const
    const nobody = played("spendfuse", { policy, ...patient })
    expect([dollars(nobody), nobody.answeredAtMs]).toEqual([5, null])
    const answering = { answerIn: "20m", acknowledge: true }
    const answered = played("spendfuse", { policy, ...patient, people: answering })
    expect(dollars(answered)).toBe(20)
    expect(answered.fuse?.bills).toEqual([])
    const stopped = played("spendfuse", {
      policy,
      ...patient,
      people: { ...answering, stop: ["job"] },
    })
    expect(dollars(stopped)).toBe(5)
    expect(stopped.asked).toBeLessThan(nobody.asked)
  })

  it("counts as told what a channel hears, and lists the rest as well", () => {
    const told = (notify: readonly string[]) => {
      const budgets = fleetJson().policy.budgets.map((budget) => ({
        ...budget,
        tiers: [
          { at: "40%", notify: ["chat"] },
          { at: "60%", notify },
          { at: "80%", notify },
          { at: "100%", block: true as const, notify },
        ],
      }))
      return played("spendfuse", { policy: { ...fleetJson().policy, budgets } }).fuse
    }
    expect(told(["chat"])).toMatchObject({ warnings: 3, pages: 1 })
    expect(told([])).toMatchObject({ warnings: 1, pages: 0 })
    expect(told([])?.told).toHaveLength(4)
  })

  it("cuts output to what fits, and takes a cheaper model where the policy says so", () => {
    const { policy } = fleetJson()
    const cut = played("spendfuse", {
      actor: { parallel: 1, input: 0, output: 300_000, limit: 300_000 },
    })
    expect(cut.actors[0]).toMatchObject({ cut: 1, made: 17 })
    expect(dollars(cut)).toBe(5)
    const budgets = policy.budgets.map((budget) => ({
      ...budget,
      tiers: [
        { at: "40%", degrade: "cheap" },
        { at: "100%", block: true as const },
      ],
    }))
    const models = { m: { input: 1, output: 1 }, n: { input: "0.1", output: "0.1" } }
    const cheaper = { ...policy, budgets, fallbacks: { cheap: { model: "n" } } }
    const degraded = played("spendfuse", { ...one, models, policy: cheaper })
    expect(degraded.actors[0]).toMatchObject({ made: 20, degraded: 18 })
    expect(dollars(degraded)).toBeCloseTo(3.8, 9)
  })
})

describe("a fleet", () => {
  it("that calls without end is stopped, with the mend", () => {
    const decoded = decodeFleet(fleetJson())
    if (!decoded.ok) throw new Error("it is not read")
    expect(() => simulate(decoded.fleet, { callsMax: 10 })).toThrow(FleetTooLarge)
    expect(() => simulate(decoded.fleet, { callsMax: 10 })).toThrow(
      "the fleet asks for more than 10 calls; let it last shorter, make calls take longer, or give retries a pause",
    )
  })

  it("says what its file expects and does not find", () => {
    const expected = { spentAtMost: 4, pagesAtLeast: 2, refusedAtMost: { job: "50%" } }
    const decoded = decodeFleet(fleetJson({ expect: expected }))
    if (!decoded.ok) throw new Error("it is not read")
    expect(simulate(decoded.fleet).missed).toEqual([
      { path: "expect.spentAtMost", expected: "at most $4", found: "$5" },
      { path: "expect.pagesAtLeast", expected: "at least 2", found: "1" },
      { path: "expect.refusedAtMost.job", expected: "at most 50 % of 20 calls", found: "15" },
    ])
    expect(simulate(decoded.fleet, { ways: ["unguarded"] }).missed).toEqual([])
  })

  it("counts a call once that is refused and asked for again, however often", () => {
    // Five of twenty are made; the sixth is asked for to the end.
    const insistent = (retryAfter: string) => {
      const actor = { parallel: 1, refused: "retry", retryAfter } as const
      return played("spendfuse", { actor }).actors[0]
    }
    expect(insistent("5m")).toMatchObject({ calls: 6, callsRefused: 1, made: 5, refused: 35 })
    expect(insistent("1m")).toMatchObject({ calls: 6, callsRefused: 1, made: 5, refused: 175 })
    const missedAt = (share: string) => {
      const actor = { parallel: 1, refused: "retry", retryAfter: "1m" } as const
      const decoded = decodeFleet(fleetJson({ actor, expect: { refusedAtMost: { job: share } } }))
      if (!decoded.ok) throw new Error("it is not read")
      return simulate(decoded.fleet, { ways: ["spendfuse"] }).missed
    }
    expect(missedAt("16.6666%")).toHaveLength(1)
    expect(missedAt("16.6667%")).toEqual([])
  })

  it("counts a call once that fails and is tried again", () => {
    const fails = { share: "100%", retries: 3, after: "1s", bills: "all" } as const
    const [actor] = played("spendfuse", { actor: { fails, items: 2, parallel: 1 } }).actors
    // The second fails once, and is refused when it is tried again.
    expect(actor).toMatchObject({ calls: 2, callsRefused: 1, asked: 6, made: 5, refused: 1 })
  })

  it("has agents whose turns carry what was said, and children beside them", () => {
    const agent = {
      name: "agents",
      kind: "agent",
      ...call,
      subject: { apiKey: "a{n}", session: "{task}" },
      input: 100_000,
      output: 0,
      takes: "1s",
      turns: 3,
      grows: 100_000,
    } as const
    const json = { ...fleetJson(), actors: [agent] }
    const bill = (more: Partial<ActorJson>): number => {
      const decoded = decodeFleet({ ...json, actors: [{ ...agent, ...more }] })
      if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
      return simulate(decoded.fleet, { ways: ["unguarded"] }).ways[0]?.billedNanoUsd ?? 0
    }
    // 0.1 + 0.2 + 0.3 dollars a task.
    expect(bill({})).toBe(600_000_000)
    expect(bill({ count: 4 })).toBe(2_400_000_000)
    // Each of the three turns has two children, and each of their turns two more.
    const spawns = { share: "100%", count: 2, depth: 2 }
    expect(bill({ spawns })).toBe(600_000_000 * (1 + 6 + 36))
  })

  it("has leaked keys whose callers double", () => {
    const thief: ActorJson = {
      name: "thief",
      kind: "leaked-key",
      ...call,
      takes: "10m",
      parallel: 8,
      doublesEvery: "30m",
    }
    const decoded = decodeFleet({ ...fleetJson({ lasts: "2h" }), actors: [thief] })
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
    // One for two hours, one more for an hour and a half, two more for an hour, four more for half of one.
    expect(simulate(decoded.fleet, { ways: ["unguarded"] }).ways[0]?.made).toBe(12 + 9 + 12 + 12)
  })
})
