import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { compile } from "../../../src/domain/compile.ts"
import { emptyLedger } from "../../../src/domain/ledger.ts"
import type { Policy } from "../../../src/domain/policy.ts"
import { apply } from "../../../src/domain/step.ts"
import { NOTHING } from "../../../src/domain/terms.ts"
import { definePolicy, type PolicyJson } from "../../../src/edge/policy.ts"
import { seedPolicy } from "../../../src/edge/seedPolicy.ts"
import { explainPolicy } from "../../../src/engine/explain/explainPolicy.ts"

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const START_MS = Date.UTC(2026, 0, 15)
const SEED = Number(process.env.LAW_SEED ?? 20_260_115)
const RUNS = Number(process.env.LAW_RUNS ?? 100)

type BudgetJson = PolicyJson["budgets"][number]

const block = [{ at: "100%", block: true as const }]
const policyOf = (budgets: readonly BudgetJson[], more: Partial<PolicyJson> = {}): Policy =>
  definePolicy({ budgets, unknownModel: "refuse", onStoreUnavailable: "deny", ...more })
const key = (more: Partial<BudgetJson> = {}): BudgetJson => ({
  id: "key",
  per: ["apiKey"],
  limit: { usdNano: 10 },
  window: "hour",
  tiers: block,
  ...more,
})
const billOf = (policy: Policy, ...per: string[]) => {
  const bill = explainPolicy(policy).worstBills.find(
    (row) => row.per.join() === per.join() && row.match === undefined,
  )
  if (bill === undefined) throw new Error("no such bill")
  const { perHour, perAnyHour, perDay, perMonth } = bill
  return [perHour, perAnyHour, perDay, perMonth]
}

interface Spent {
  readonly atMs: number
  readonly amount: number
}

/** Takes all that there is but `spared`, at each of the instants, and settles it at once. */
const spendAll = (
  policy: Policy,
  subject: Readonly<Record<string, string>>,
  instants: readonly number[],
  spared = 0,
): readonly Spent[] => {
  const ledger = emptyLedger()
  const spent: Spent[] = []
  let n = 0
  for (const atMs of instants) {
    const plan = compile(policy, subject, atMs)
    if ("missing" in plan) throw new Error(plan.missing)
    const { division, lines, switches } = plan
    const ask = (most: number) => {
      n += 1
      const id = { source: "s", n }
      const { outcome } = apply(
        ledger,
        {
          kind: "reserve",
          id,
          done: n - 1,
          division,
          issuedAtMs: atMs,
          lines,
          switches,
          base: NOTHING,
          perUnit: { usd: 1, tokens: 0, requests: 0 },
          units: { least: 1, most },
          expiresAtMs: atMs + HOUR_MS,
          via: null,
          swallowed: 0,
        },
        atMs,
      )
      return { id, granted: outcome.kind === "reserved" ? outcome.granted : 0 }
    }
    const { id, granted } = ask(1_000_000)
    const amount = Math.max(0, granted - spared)
    n += 1
    const actual = { usd: amount, tokens: 0, requests: 1 }
    const settle = { kind: "settle", reservation: id, seq: 1, actual, final: true } as const
    if (granted > 0)
      apply(ledger, { ...settle, id: { source: "s", n }, done: n - 1, division }, atMs)
    if (amount > 0) spent.push({ atMs, amount })
  }
  return spent
}

const most = (spent: readonly Spent[], spans: readonly (readonly [number, number])[]): number =>
  spans.reduce((highest, [fromMs, untilMs]) => {
    const within = spent.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs)
    return Math.max(
      highest,
      within.reduce((sum, { amount }) => sum + amount, 0),
    )
  }, 0)

const calendar = (lengthMs: number, days: number) =>
  Array.from({ length: (days * DAY_MS) / lengthMs }, (_, at) => {
    const fromMs = START_MS + at * lengthMs
    return [fromMs, fromMs + lengthMs] as const
  })

const anyHour = (spent: readonly Spent[]) =>
  spent.map(({ atMs }) => [atMs, atMs + HOUR_MS] as const)

describe("the worst bill", () => {
  it("of the seed is the hour's cap, twice of it around the hour, and the day's latch", () => {
    const usd = 1_000_000_000
    const bill = billOf(seedPolicy({ hourlyUsd: 50, dailyUsd: 300 }), "apiKey")
    expect(bill).toEqual([50 * usd, 100 * usd, 600 * usd, 31 * 600 * usd])
  })

  it.each<[string, BudgetJson["window"], readonly (number | null)[]]>([
    ["hours", "hour", [10, 20, 240, 7440]],
    ["hours where a day has 25", { hour: { timeZone: "America/New_York" } }, [10, 20, 250, 7440]],
    ["hours where October has 745", { hour: { timeZone: "Europe/Berlin" } }, [10, 20, 250, 7450]],
    ["hours of half an hour", { hour: { timeZone: "Australia/Lord_Howe" } }, [10, 30, 250, 7440]],
    ["days", "day", [10, 20, 10, 310]],
    ["days of another zone alone", { day: { timeZone: "Asia/Tokyo" } }, [10, 20, 10, 310]],
    ["weeks, of which a month touches six", "week", [10, 20, 10, 60]],
    ["months", "month", [10, 20, 10, 10]],
    ["months from the 15th", { month: { startsOn: 15 } }, [10, 20, 10, 20]],
    [
      "six hours that fit the day",
      { every: "6h", anchor: "2026-01-01T00:00:00Z" },
      [10, 20, 40, 1240],
    ],
    ["six hours that do not", { every: "6h", anchor: "2026-01-01T00:30:00Z" }, [20, 20, 50, 1250]],
    ["seven hours", { every: "7h" }, [10, 20, 50, 1080]],
    ["45 minutes", { every: "45m" }, [20, 30, 320, 9920]],
    ["a sliding hour", { sliding: "1h", buckets: 12 }, [10, 10, 230, 6870]],
    ["a sliding day", { sliding: "24h", buckets: 12 }, [10, 10, 10, 290]],
    ["sessions forgotten after a day", { lifetime: { idle: "24h" } }, [10, 10, 10, 310]],
    ["sessions forgotten after half an hour", { lifetime: { idle: "30m" } }, [20, 20, 480, 14_880]],
  ])("counts the periods that a span can touch: %s", (_, window, expected) => {
    expect(billOf(policyOf([key({ window })]), "apiKey")).toEqual(expected)
  })

  it("of a key is not bound by its sessions, and everybody's is not by keys", () => {
    const policy = policyOf([
      key({ id: "session", per: ["session"], limit: { usdNano: 1 } }),
      key({ id: "key" }),
    ])
    expect(billOf(policy, "session")[0]).toBe(1)
    expect(billOf(policy, "apiKey")[0]).toBe(10)
    expect(billOf(policy, "platform")).toEqual([null, null, null, null])
  })

  it("of anyone is bound by everybody's", () => {
    const policy = policyOf([key(), key({ id: "all", per: ["platform"], limit: { usdNano: 7 } })])
    expect(billOf(policy, "apiKey")[0]).toBe(7)
    expect(billOf(policy, "platform")[0]).toBe(7)
  })

  it("is that of the subject with the most", () => {
    const limit = { usdNano: 10, overrides: { vip: 50, other: 3 } }
    expect(billOf(policyOf([key({ limit })]), "apiKey")[0]).toBe(50)
    const both = policyOf([
      key({ limit }),
      key({ id: "day", window: "day", limit: { usdNano: 20, overrides: { other: 900 } } }),
    ])
    expect(billOf(both, "apiKey")).toEqual([20, 40, 72, 2232])
  })

  it("knows the lowest level that blocks, not the limit, and no budget that cannot bind", () => {
    const tiers = [
      { at: "50%", notify: ["slack"] },
      { at: "200%", latch: true as const },
    ]
    expect(billOf(policyOf([key({ tiers })]), "apiKey")[0]).toBe(20)
    const tells = key({ id: "tells", tiers: [{ at: "50%", notify: ["slack"] }] })
    const observes = key({ id: "observes", mode: "observe", limit: { usdNano: 1 } })
    const some = key({ id: "some", match: { model: ["x*"] }, limit: { usdNano: 2 } })
    const policy = policyOf([key(), tells, observes, some])
    expect(billOf(policy, "apiKey")[0]).toBe(10)
    const ofSome = explainPolicy(policy).worstBills.find(({ match }) => match !== undefined)
    expect(ofSome?.perHour).toBe(2)
  })

  it("says what a silent store may add", () => {
    const degrade = { degrade: "10%", hosts: 3 }
    const outage = (onStoreUnavailable: PolicyJson["onStoreUnavailable"]) =>
      explainPolicy(policyOf([key({ limit: { usdNano: 100 } })], { onStoreUnavailable }))
        .worstBills[0]?.perOutage
    expect([outage("deny"), outage("allow"), outage(degrade)]).toEqual([0, null, 9])
  })
})

describe("what can be spent", () => {
  it.each<[string, BudgetJson["window"]]>([
    ["hours", "hour"],
    ["days", "day"],
    ["seven hours", { every: "7h" }],
    ["45 minutes", { every: "45m" }],
    ["a sliding hour", { sliding: "1h", buckets: 12 }],
    ["sessions forgotten after half an hour", { lifetime: { idle: "30m" } }],
  ])("reaches the bound of a simple policy: %s", (_, window) => {
    const policy = policyOf([key({ window })])
    const [perHour, , perDay] = billOf(policy, "apiKey")
    // Whoever asks all the time keeps a session from being forgotten: this one asks when it is.
    const everyMs = typeof window === "object" && "lifetime" in window ? HOUR_MS / 2 : HOUR_MS / 12
    const within = ([fromMs, untilMs]: readonly [number, number]) => {
      const instants = Array.from(
        { length: (untilMs - fromMs) / everyMs },
        (_, at) => fromMs + at * everyMs,
      )
      return most(spendAll(policy, { apiKey: "k" }, instants), [[fromMs, untilMs]])
    }
    expect(Math.max(...calendar(HOUR_MS, 2).map(within))).toBe(perHour)
    expect(Math.max(...calendar(DAY_MS, 7).map(within))).toBe(perDay)
  })

  it("never passes the bound, whatever the policy and whoever spends when", () => {
    const window = fc.constantFrom<BudgetJson["window"]>(
      "hour",
      "day",
      { hour: { timeZone: "Asia/Kolkata" } },
      { every: "20m" },
      { every: "45m", anchor: "2026-01-01T00:10:00Z" },
      { every: "7h" },
      { sliding: "30m", buckets: 3 },
      { sliding: "1h", buckets: 7 },
      { sliding: "3h", buckets: 12 },
      { lifetime: { idle: "40m" } },
    )
    const tiers = fc.constantFrom<BudgetJson["tiers"]>(
      block,
      [{ at: "200%", latch: true }],
      [{ at: "100%", trip: { coolDown: "10m" } }],
      [{ at: "50%", trip: { coolDown: "30m", probation: { allow: "50%", for: "20m" } } }],
      [
        { at: "50%", notify: ["slack"] },
        { at: "150%", block: true },
      ],
    )
    const budget = fc.record({
      per: fc.constantFrom(["apiKey"], ["platform"]),
      limit: fc.record({
        usdNano: fc.integer({ min: 2, max: 20 }),
        overrides: fc.constantFrom<Record<string, number>>({}, { k: 30 }, { other: 90 }),
      }),
      window,
      tiers,
    })
    const edges = fc.nat({ max: 2 * 288 }).map((at) => START_MS + at * 300_000)
    const scattered = fc.array(
      fc.tuple(edges, fc.boolean()).map(([atMs, before]) => (before ? atMs - 1 : atMs)),
      { minLength: 1, maxLength: 60 },
    )
    const steady = edges.map((fromMs) =>
      Array.from({ length: 300 }, (_, at) => fromMs + at * 300_000),
    )
    const instants = fc.oneof(scattered, steady)
    fc.assert(
      fc.property(
        fc.array(budget, { minLength: 1, maxLength: 3 }),
        instants,
        fc.nat({ max: 1 }),
        (budgets, at, spared) => {
          const policy = policyOf(budgets.map((one, i) => ({ id: `b${i}`, ...one })))
          const per = budgets.some((one) => one.per[0] === "apiKey") ? "apiKey" : "platform"
          const [perHour, perAnyHour, perDay] = billOf(policy, per)
          const spent = spendAll(policy, { apiKey: "k" }, [...at].sort(), spared)
          expect(most(spent, calendar(HOUR_MS, 3))).toBeLessThanOrEqual(perHour ?? 0)
          expect(most(spent, anyHour(spent))).toBeLessThanOrEqual(perAnyHour ?? 0)
          expect(most(spent, calendar(DAY_MS, 3))).toBeLessThanOrEqual(perDay ?? 0)
        },
      ),
      { seed: SEED, numRuns: RUNS },
    )
  })
})

describe("what a policy says", () => {
  it("tells in which order a latch tells its channels, and how long each waits", () => {
    const latch = {
      at: "200%",
      latch: true,
      notify: ["slack", "pagerDuty", "oncall"],
      escalateAfter: "15m",
    } as const
    const { budgets } = explainPolicy(policyOf([key({ tiers: [latch] })]))
    expect(budgets[0]?.sentences.join(" ")).toContain(
      "tells slack, then pagerDuty, then oncall, each 15m after the one before until a person acknowledges; refuses until a person acknowledges.",
    )
  })

  it("says until when what was used counts, by the kind of window", () => {
    const tiers = [{ at: "100%", block: true, notify: ["slack"] }] as const
    const trips = [{ at: "100%", trip: { coolDown: "5m" }, notify: ["slack"] }] as const
    const sentencesOf = (more: Parameters<typeof key>[0]): string =>
      explainPolicy(policyOf([key(more)])).budgets[0]?.sentences.join(" ") ?? ""
    expect(sentencesOf({ tiers })).toContain("slack; refuses until the period ends.")
    const sliding = { window: { sliding: "24h" } } as const
    expect(sentencesOf({ ...sliding, tiers })).toContain("refuses until enough of it is older than")
    expect(sentencesOf({ ...sliding, tiers: trips })).toContain("stays used until it is older than")
    const lifetime = { window: { lifetime: { idle: "24h" } }, tiers } as const
    expect(sentencesOf(lifetime)).toContain("refuses until it is forgotten.")
    expect(sentencesOf({ tiers, per: ["org", "apiKey"] })).toContain(
      "A request without org or apiKey is an error.",
    )
  })

  it("tells each budget, its cap, its tiers and its circuit", () => {
    const { budgets, general, refusalOrder } = explainPolicy(
      seedPolicy({ hourlyUsd: 50, dailyUsd: 300 }),
    )
    expect(budgets.map(({ sentences }) => sentences.join(" "))).toEqual([
      "Each apiKey may use $50 per calendar hour in UTC. Around a full hour two periods meet: any 60 minutes can hold up to twice the cap. Its cap is $50, the limit. At $40 (80 %): tells slack. At $50 (100 %), and again each further $50: tells pagerDuty; opens the circuit for 1h, then closes it. A cool-down that ends gives nothing back: what is used stays used until the period ends. A request without apiKey is an error.",
      "Each apiKey may use $300 per calendar day in UTC. Its cap is $600, twice the limit. At $600 (200 %), and again each further $300: tells oncall; refuses until a person acknowledges. A request without apiKey is an error.",
    ])
    expect(general).toEqual([
      "A model without a known price is refused.",
      "While the store does not answer, every call is refused.",
      "A call without an output limit is bounded to 16384 tokens.",
    ])
    expect(refusalOrder[0]).toBe("switched-off")
    expect(refusalOrder.at(-1)).toBe("store-unavailable")
  })
})

describe("a leased budget", () => {
  it("is explained with what a latch or a switch may still let through", () => {
    const lease = { share: "1%", for: "30s" }
    const policy = policyOf([key({ limit: { usd: 5000 }, lease })])
    const sentences = explainPolicy(policy).budgets[0]?.sentences ?? []
    expect(sentences).toContain(
      "Leased: each host holds a slice of at most $50 of it for 30s, and decides by itself while that lasts.",
    )
    expect(sentences.join(" ")).toContain("what the slices hold, $50 for each host, for 7s500ms")
  })
})
