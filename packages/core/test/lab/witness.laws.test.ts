import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { definePolicy, type PolicyJson } from "../../src/edge/policy.ts"
import { explainPolicy } from "../../src/engine/explain/explainPolicy.ts"
import { BILL_SPANS, type BillSpan } from "../../src/engine/explain/spans.ts"
import { witnessOf } from "../../src/lab/witness.ts"

const SEED = Number(process.env.LAW_SEED ?? 20_261_125)
const RUNS = Number(process.env.LAW_RUNS ?? 40)

type BudgetJson = PolicyJson["budgets"][number]

const calendars = fc.constantFrom<BudgetJson["window"]>(
  "hour",
  "day",
  "week",
  "month",
  { week: { startsOn: 3 } },
  { month: { startsOn: 15 } },
  { day: { timeZone: "America/New_York" } },
  { every: "6h" },
  { every: "45m" },
)
const uneven = fc.constantFrom<BudgetJson["window"]>(
  { sliding: "1h", buckets: 6 },
  { sliding: "24h", buckets: 12 },
)
const lifetime = fc.constant<BudgetJson["window"]>({ lifetime: { idle: "2h" } })
const blocks: BudgetJson["tiers"] = [{ at: "100%", block: true }]
const anyTiers = fc.constantFrom<BudgetJson["tiers"]>(
  blocks,
  [{ at: "200%", latch: true }],
  [{ at: "100%", trip: { coolDown: "90m" } }],
  [
    { at: "50%", notify: ["slack"] },
    { at: "150%", block: true },
  ],
)
const policyOf = (
  window: fc.Arbitrary<BudgetJson["window"]>,
  tiers: fc.Arbitrary<BudgetJson["tiers"]>,
) =>
  fc
    .array(
      fc.record({
        per: fc.constantFrom(["apiKey"], ["platform"], ["apiKey", "route"]),
        limit: fc.record({
          usdNano: fc.integer({ min: 2, max: 5_000 }),
          overrides: fc.constantFrom<Record<string, number>>({}, { k: 30 }, { other: 9_000 }),
        }),
        window,
        tiers,
      }),
      { minLength: 1, maxLength: 3 },
    )
    .map((budgets) =>
      definePolicy({
        budgets: budgets.map((one, i) => ({ id: `b${i}`, ...one })),
        unknownModel: "refuse",
        onStoreUnavailable: "deny",
      }),
    )

const AMOUNTS: Readonly<
  Record<BillSpan, "perHour" | "perAnyHour" | "perDay" | "perWeek" | "perMonth">
> = {
  hour: "perHour",
  "any-hour": "perAnyHour",
  day: "perDay",
  week: "perWeek",
  month: "perMonth",
}

describe("the witness of a worst bill", () => {
  it("reaches it to the nano, where windows are those of a calendar", () => {
    fc.assert(
      fc.property(policyOf(calendars, anyTiers), fc.constantFrom(...BILL_SPANS), (policy, span) => {
        for (const bill of explainPolicy(policy).worstBills) {
          const witness = witnessOf(policy, bill, span)
          expect(witness?.total ?? null).toBe(bill[AMOUNTS[span]])
        }
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })

  it("reaches it to the nano where windows slide, if they only block", () => {
    fc.assert(
      fc.property(
        policyOf(fc.oneof(calendars, uneven), fc.constant(blocks)),
        fc.constantFrom<BillSpan>("hour", "any-hour", "day"),
        (policy, span) => {
          for (const bill of explainPolicy(policy).worstBills) {
            const witness = witnessOf(policy, bill, span)
            expect(witness?.total ?? null).toBe(bill[AMOUNTS[span]])
          }
        },
      ),
      { seed: SEED, numRuns: RUNS },
    )
  })

  it("comes within one for each call elsewhere, and never above", () => {
    fc.assert(
      fc.property(
        policyOf(uneven, anyTiers),
        fc.constantFrom<BillSpan>("hour", "any-hour", "day"),
        (policy, span) => {
          for (const bill of explainPolicy(policy).worstBills) {
            const witness = witnessOf(policy, bill, span)
            const most = bill[AMOUNTS[span]]
            if (witness === null || most === null) continue
            expect(witness.total).toBeLessThanOrEqual(most)
            expect(witness.total).toBeGreaterThanOrEqual(most - 2 * witness.spends.length - 2)
          }
        },
      ),
      { seed: SEED, numRuns: RUNS },
    )
  })

  it("never passes it where lifetimes stand beside others, and reaches it where one stands alone", () => {
    fc.assert(
      fc.property(
        policyOf(fc.oneof(lifetime, lifetime, uneven, calendars), fc.constant(blocks)),
        fc.constantFrom<BillSpan>("hour", "any-hour", "day"),
        (policy, span) => {
          for (const bill of explainPolicy(policy).worstBills) {
            const total = witnessOf(policy, bill, span)?.total ?? null
            const most = bill[AMOUNTS[span]]
            if (policy.budgets.length === 1) expect(total).toBe(most)
            else expect(total ?? 0).toBeLessThanOrEqual(most ?? 0)
          }
        },
      ),
      { seed: SEED, numRuns: RUNS },
    )
  })
})
