import { describe, expect, it } from "vitest"
import { definePolicy, type PolicyJson } from "../../../src/edge/policy.ts"
import { findingsOf } from "../../../src/engine/explain/findings.ts"

type BudgetJson = PolicyJson["budgets"][number]

const block = [{ at: "100%", block: true, notify: ["pager"] }] as const
const key = (more: Partial<BudgetJson>): BudgetJson => ({
  id: "day",
  per: ["apiKey"],
  limit: { usd: 10 },
  window: "day",
  tiers: block,
  ...more,
})
const found = (budgets: readonly BudgetJson[], more: Partial<PolicyJson> = {}) =>
  findingsOf(
    definePolicy({ budgets, unknownModel: "refuse", onStoreUnavailable: "deny", ...more }),
  ).map(({ kind, budget }) => [kind, budget])

describe("findings", () => {
  it("has none for a policy whose every line may act", () => {
    expect(found([key({}), key({ id: "month", window: "month", limit: { usd: 100 } })])).toEqual([])
  })

  it("finds a budget that others always refuse before", () => {
    const month = key({ id: "month", window: "month", limit: { usd: 311 } })
    expect(found([key({}), month])).toEqual([["never-binds", "month"]])
    expect(found([key({}), { ...month, limit: { usd: 310 } }])).toEqual([])
  })

  it("does not, where one subject has a limit that lets it bind", () => {
    const limit = { usd: 400, overrides: { small: 20 } }
    expect(found([key({}), key({ id: "month", window: "month", limit })])).toEqual([])
  })

  it("finds levels that other budgets keep from being reached", () => {
    const tiers = [{ at: "90%", notify: ["slack"] }, ...block]
    const month = key({ id: "month", window: "month", limit: { usd: 340 }, mode: "observe", tiers })
    expect(found([key({}), month])).toEqual([["never-reached", "month"]])
  })

  it("finds alerts that come after the block, and blocks that nobody hears of", () => {
    const late = { at: "150%", notify: ["slack"] }
    expect(found([key({ tiers: [...block, late] })])).toEqual([["after-the-block", "day"]])
    expect(found([key({ tiers: [{ at: "100%", block: true }] })])).toEqual([
      ["blocks-unannounced", "day"],
    ])
  })

  it("finds fallbacks that nothing uses", () => {
    const fallbacks = { cheap: { model: "gpt-5-nano" }, later: { wait: "5s" } } as const
    expect(found([key({})], { fallbacks, onRefused: "later" })).toEqual([["unused-fallback", null]])
  })
})
