import { describe, expect, it } from "vitest"
import { type BudgetPolicy, compile, type Subject } from "../../src/domain.ts"

const policy: BudgetPolicy = {
  partitionBy: "org",
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      unit: "usd",
      limit: 50_000_000_000,
      window: { kind: "hour", timeZone: "UTC" },
      tiers: [
        { at: { percent: 80 }, notify: ["slack"] },
        { at: { percent: 100 }, effect: { kind: "trip", coolDownMs: 3_600_000 } },
      ],
    },
    {
      id: "org-day",
      per: ["org", "apiKey"],
      unit: "usd",
      limit: 7,
      overrides: new Map([["k1", 9_000_000_000_000_000]]),
      window: { kind: "day", timeZone: "America/New_York" },
      tiers: [{ at: { percent: 33.3333 }, effect: { kind: "block" } }],
    },
    {
      id: "session",
      per: ["session"],
      unit: "tokens",
      limit: 10,
      window: { kind: "lifetime", idleMs: 1 },
      tiers: [{ at: { amount: 3 }, effect: { kind: "latch" } }],
      whenMissing: "skip",
    },
  ],
}
const at = Date.UTC(2026, 2, 8, 12)

describe("compile", () => {
  it("makes self-contained lines: keys, periods, divisions, levels as amounts", () => {
    const plan = compile(policy, { apiKey: "k1", org: "acme", session: "s" }, at)
    expect(plan).toMatchObject({
      division: "acme",
      switches: ["apiKey=k1", "org=acme", "session=s", "platform=all"],
      lines: [
        {
          account: "key-hour/k1",
          division: "*",
          terms: {
            tiers: [
              { at: 40e9, repeat: 0 },
              { at: 50e9, repeat: 50e9 },
            ],
          },
        },
        {
          account: "org-day/4:acme/k1",
          division: "acme",
          terms: { limit: 9e15, tiers: [{ at: 2_999_997_000_000_000, repeat: 9e15 }] },
          period: { startMs: Date.UTC(2026, 2, 8, 5), endMs: Date.UTC(2026, 2, 9, 4) },
        },
        { account: "session/s", terms: { unit: "tokens", tiers: [{ at: 3, repeat: 10 }] } },
      ],
    })
  })
  it("names the dimension that is missing, and skips a budget that says so", () => {
    expect(compile(policy, { apiKey: "k1" }, at)).toEqual({ missing: "org", budget: "org-day" })
    const plan = compile(policy, { apiKey: "k2", org: "o" }, at)
    expect("lines" in plan && plan.lines.map(({ account }) => account)).toEqual([
      "key-hour/k2",
      "org-day/1:o/k2",
    ])
  })
  it("never lets two lists of values meet in one key", () => {
    const key = (org: string, apiKey: string) => {
      const plan = compile(policy, { apiKey, org }, at)
      return "lines" in plan ? plan.lines[1]?.account : ""
    }
    expect(key("a/1:b", "c")).not.toBe(key("a", "1:b/c"))
  })
  it("takes no value from a prototype", () => {
    expect(compile(policy, JSON.parse('{"__proto__":"x"}') as Subject, at)).toEqual({
      missing: "apiKey",
      budget: "key-hour",
    })
  })
})
