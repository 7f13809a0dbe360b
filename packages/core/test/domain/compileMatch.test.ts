import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  type Budget,
  type BudgetPolicy,
  type Call,
  compile,
  type Subject,
} from "../../src/domain.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 200)
const SEED = Number(process.env.LAW_SEED ?? 42)

const budget: Budget = {
  id: "b",
  per: ["key"],
  unit: "usd",
  limit: 10,
  window: { kind: "hour", timeZone: "UTC" },
  tiers: [],
}
const planOf = (policy: BudgetPolicy, subject: Subject, call?: Call) => {
  const plan = compile(policy, subject, 0, call)
  if ("missing" in plan) throw new Error(`${plan.missing} is missing`)
  return plan
}
const matches = (match: Budget["match"], subject: Subject = { key: "k" }, call?: Call): boolean =>
  planOf({ budgets: [{ ...budget, ...(match && { match }) }] }, subject, call).lines.length > 0

describe("a budget's `match`", () => {
  it("reads `*` as any run of characters, and the rest as it stands", () => {
    const anyText = (...chars: readonly string[]) =>
      fc.array(fc.constantFrom(...chars), { maxLength: 6 }).map((parts) => parts.join(""))
    fc.assert(
      fc.property(
        anyText("a", "b", ".", "*"),
        anyText("a", "b", ".", "*", "x"),
        (pattern, model) => {
          const parts = pattern.split("*").map((part) => part.replaceAll(".", "\\."))
          const isMatch = new RegExp(`^${parts.join(".*")}$`).test(model)
          expect(matches({ model: [pattern] }, { key: "k" }, { model })).toBe(isMatch)
        },
      ),
      { numRuns: 5 * RUNS, seed: SEED },
    )
  })

  it.each<readonly [Budget["match"], Call | undefined, boolean]>([
    [undefined, undefined, true],
    [{}, undefined, true],
    [{ model: ["gpt-*", "o*"] }, { model: "o3" }, true],
    [{ model: ["gpt-*", "o*"] }, { model: "claude" }, false],
    [{ model: ["*"] }, undefined, false],
    [{ model: [] }, { model: "o3" }, false],
    [{ model: ["a*a"] }, { model: "a" }, false],
    [{ model: ["ab*ba"] }, { model: "aba" }, false],
    [{ model: ["*a*a*"] }, { model: "a" }, false],
    [{ model: ["*ab*ab*"] }, { model: "abab" }, true],
    [{ provider: ["openai"] }, { provider: "openai" }, true],
    [{ provider: ["openai"] }, { model: "openai" }, false],
    [{ model: ["o*"], provider: ["openai"] }, { model: "o3", provider: "azure" }, false],
    [{ model: ["o*"], provider: ["openai"] }, { model: "gpt", provider: "openai" }, false],
    [{ subject: { env: ["prod*", "live"] } }, undefined, true],
    [{ subject: { env: ["prod*"], key: ["x"] } }, undefined, false],
    [{ subject: { team: ["*"] } }, undefined, false],
  ])("needs a pattern of each field that it names: %o, %o: %s", (match, call, isMatch) => {
    expect(matches(match, { key: "k", env: "production" }, call)).toBe(isMatch)
  })
})

describe("a plan", () => {
  const both: Budget = { ...budget, per: ["org", "key"] }

  it("names the first dimension that is missing", () => {
    const plan = compile({ budgets: [both] }, {}, 0)
    expect(plan).toEqual({ missing: "org", budget: "b" })
  })

  it.each<readonly [string | undefined, Budget, Subject, string, string]>([
    [undefined, both, { org: "o", key: "k" }, "*", "*"],
    ["org", both, { org: "o", key: "k" }, "o", "o"],
    ["org", budget, { org: "o", key: "k" }, "o", "*"],
    [undefined, budget, { key: "k", undefined: "o" }, "*", "*"],
    ["org", budget, { key: "k" }, "*", "*"],
  ])(
    "belongs to the value that the ledger is divided by: %s",
    (partitionBy, one, subject, division, of) => {
      const policy = { budgets: [one], ...(partitionBy !== undefined && { partitionBy }) }
      const plan = planOf(policy, subject)
      expect([plan.division, plan.lines[0]?.division]).toEqual([division, of])
    },
  )

  it("looks at a switch of each dimension, and of the platform once", () => {
    const subject = { key: "k", platform: "mine", n: 1 } as unknown as Subject
    expect(planOf({ budgets: [] }, subject).switches).toEqual(["key=k", "n=", "platform=all"])
  })

  it("takes the host's own limit, else that of the last value, else the budget's", () => {
    const overridden = { ...both, overrides: new Map([["k", 20]]) }
    const limits = (limitFor: BudgetPolicy["limitFor"], key: string): number | undefined =>
      planOf({ budgets: [overridden], ...(limitFor && { limitFor }) }, { org: "o", key }).lines[0]
        ?.terms.limit
    const asked: unknown[] = []
    const hosts = (limit: number | undefined) => (account: unknown) => {
      asked.push(account)
      return limit
    }
    expect(limits(undefined, "other")).toBe(10)
    expect(limits(undefined, "k")).toBe(20)
    expect(limits(hosts(undefined), "k")).toBe(20)
    expect(limits(hosts(30), "k")).toBe(30)
    expect(asked[0]).toEqual({ budget: "b", per: ["org", "key"], values: ["o", "k"] })
    expect(limits(undefined, "o")).toBe(10)
    const alone = { ...budget, overrides: new Map([["k", 20]]) }
    expect(planOf({ budgets: [alone] }, { key: "k" }).lines[0]?.terms.limit).toBe(20)
  })
})
