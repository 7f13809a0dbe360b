import { describe, expect, it } from "vitest"
import { termsOf } from "../../src/domain/compile.ts"
import { AMOUNT_MAX, type Budget, type Terms, type Tier, type Window } from "../../src/domain.ts"

const budgetOf = (more: Partial<Budget>): Budget => ({
  id: "b",
  per: ["key"],
  unit: "usd",
  limit: 1_000,
  window: { kind: "hour", timeZone: "UTC" },
  tiers: [],
  ...more,
})
const chains = new Map([["cheap", ["cheap", "canned"]]])
const made = (more: Partial<Budget>, value = "k"): Terms => {
  const budget = budgetOf(more)
  return termsOf({ budgets: [budget], fallbackChains: chains }, budget, value)
}
const tiersOf = (...tiers: readonly Tier[]): Terms["tiers"] => made({ tiers }).tiers

const plain = {
  repeat: 0,
  effect: null,
  degrade: null,
  notify: [],
  escalateAfterMs: 0,
  message: "",
  percent: null,
}

describe("terms", () => {
  it("say all that a store must know, and are named by it", () => {
    const { id, ...content } = made({ unit: "tokens", observe: true })
    expect(content).toEqual({
      budget: "b",
      unit: "tokens",
      limit: 1_000,
      observe: true,
      window: "hour UTC",
      slidingMs: 0,
      bucketMs: 0,
      idleMs: 0,
      tiers: [],
    })
    expect(JSON.parse(id)).toEqual(content)
    expect(made({}).observe).toBe(false)
    expect(made({}).id).not.toBe(id)
  })

  it.each<readonly [Window, number, number, number]>([
    [{ kind: "sliding", lengthMs: 100, buckets: 10 }, 100, 10, 0],
    [{ kind: "lifetime", idleMs: 70 }, 0, 0, 70],
    [{ kind: "fixed", everyMs: 50, anchorMs: 0 }, 0, 0, 0],
  ])("say how the window forgets: %o", (window, slidingMs, bucketMs, idleMs) => {
    expect(made({ window })).toMatchObject({ slidingMs, bucketMs, idleMs })
  })

  it("are those of the account's own limit, and one for all of that limit", () => {
    const budget = budgetOf({ overrides: new Map([["vip", 5_000]]) })
    const policy = { budgets: [budget] }
    expect(termsOf(policy, budget, "vip").limit).toBe(5_000)
    expect(termsOf(policy, budget, "k").limit).toBe(1_000)
    expect(termsOf(policy, budget, "other")).toBe(termsOf(policy, budget, "k"))
  })

  it("are those of the policy's own fallbacks, where two policies have a budget in common", () => {
    const budget = budgetOf({ tiers: [{ at: { percent: 50 }, degrade: "cheap" }] })
    const degradeOf = (fallbackChains: ReadonlyMap<string, readonly string[]>) =>
      termsOf({ budgets: [budget], fallbackChains }, budget, "k").tiers[0]?.degrade
    const other = new Map([["cheap", ["cheap", "later"]]])
    const seen = [chains, other, chains, other].map(degradeOf)
    expect(seen).toEqual([chains, other, chains, other].map((one) => one.get("cheap")))
  })

  it("are kept for ten thousand limits at most", () => {
    const limits = Array.from({ length: 10_001 }, (_, at) => [String(at), at + 1] as const)
    const budget = budgetOf({ overrides: new Map(limits) })
    const policy = { budgets: [budget] }
    const first = termsOf(policy, budget, "0")
    for (let value = 1; value < 10_000; value += 1) termsOf(policy, budget, String(value))
    expect(termsOf(policy, budget, "0")).toBe(first)
    termsOf(policy, budget, "10000")
    expect(termsOf(policy, budget, "0")).not.toBe(first)
    expect(termsOf(policy, budget, "0")).toEqual(first)
  })
})

describe("a tier's terms", () => {
  it("are of amounts, and say what the policy leaves out", () => {
    expect(tiersOf({ at: { amount: 7 } })).toEqual([{ ...plain, at: 7 }])
    expect(tiersOf({ at: { percent: 50 } })).toEqual([{ ...plain, at: 500, percent: 50 }])
  })

  it("carry what the policy says", () => {
    const says = { notify: ["a", "b"], escalateAfterMs: 9, message: "stop" }
    const tier: Tier = { at: { amount: 7 }, effect: { kind: "latch" }, ...says }
    expect(tiersOf(tier)).toEqual([
      { ...plain, at: 7, repeat: 1_000, effect: { kind: "latch" }, ...says },
    ])
  })

  it.each<readonly [Partial<Tier>, number]>([
    [{}, 0],
    [{ repeatPercent: 5 }, 50],
    [{ effect: { kind: "block" } }, 1_000],
    [{ effect: { kind: "block" }, repeatPercent: 0 }, 0],
    [{ effect: { kind: "block" }, repeatPercent: 50 }, 500],
  ])(
    "repeat at each further limit where they block, unless they say otherwise: %o",
    (tier, repeat) => {
      expect(tiersOf({ at: { percent: 100 }, ...tier })[0]?.repeat).toBe(repeat)
    },
  )

  it("stand by their amounts, ascending", () => {
    const tiers = tiersOf({ at: { percent: 90 } }, { at: { amount: 7 } }, { at: { percent: 50 } })
    expect(tiers.map(({ at }) => at)).toEqual([7, 500, 900])
  })

  it.each([
    [3, 33.3333, 1],
    [1_000, 0.0001, 1],
    [1_000, 99.9999, 1_000],
    [1_000_000, 99.9999, 999_999],
    [AMOUNT_MAX, 100, AMOUNT_MAX],
    [AMOUNT_MAX, 101, AMOUNT_MAX],
  ])("round a share of the limit up: of %i, %d percent are %i", (limit, percent, amount) => {
    expect(made({ limit, tiers: [{ at: { percent } }] }).tiers[0]?.at).toBe(amount)
  })

  it("of a trip name its longest cool-down, 8 times the first unless it is said", () => {
    const trip = { kind: "trip", coolDownMs: 10 } as const
    const probation = { allow: { percent: 10 }, forMs: 5 }
    const effects = [trip, { ...trip, maxCoolDownMs: 20, probation }].map(
      (effect) => tiersOf({ at: { percent: 100 }, effect })[0]?.effect,
    )
    expect(effects).toEqual([
      { ...trip, maxCoolDownMs: 80, probation: null },
      { ...trip, maxCoolDownMs: 20, probation: { allow: 100, forMs: 5 } },
    ])
  })

  it("admit a fallback and those after it", () => {
    const [known, lone] = tiersOf(
      { at: { amount: 1 }, degrade: "cheap" },
      { at: { amount: 2 }, degrade: "alone" },
    )
    expect([known?.degrade, lone?.degrade]).toEqual([["cheap", "canned"], ["alone"]])
    const budget = budgetOf({ tiers: [{ at: { amount: 1 }, degrade: "cheap" }] })
    expect(termsOf({ budgets: [budget] }, budget, "k").tiers[0]?.degrade).toEqual(["cheap"])
  })
})
