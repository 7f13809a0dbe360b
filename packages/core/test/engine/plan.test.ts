import { describe, expect, it } from "vitest"
import { Plans } from "../../src/engine/plan.ts"
import { capped, policyOf } from "./support.ts"

const AT_MS = Date.UTC(2026, 0, 15, 10, 20)
const subject = { apiKey: "k1" }

const budgetsOf = (plans: Plans, policy: ReturnType<typeof policyOf>, model: string) =>
  plans.planOf(policy, subject, AT_MS, model, "openai").plan.lines.map(({ terms }) => terms.budget)

describe("a plan that is kept with its subject", () => {
  it("is one for all models where no budget looks at them", () => {
    const plans = new Plans()
    const policy = policyOf()
    const first = plans.planOf(policy, subject, AT_MS, "gpt-5", "openai")
    expect(plans.planOf(policy, subject, AT_MS, "gpt-5-nano", "openai")).toBe(first)
  })

  it("is made anew for another model where a budget looks at it", () => {
    const plans = new Plans()
    const dear = {
      ...capped[0],
      id: "dear",
      match: { model: ["gpt-5"] },
    } as (typeof capped)[number]
    const policy = policyOf({ budgets: [...capped, dear] })
    expect(budgetsOf(plans, policy, "gpt-5")).toEqual(["key", "dear"])
    expect(budgetsOf(plans, policy, "gpt-5-nano")).toEqual(["key"])
    expect(budgetsOf(plans, policy, "gpt-5")).toEqual(["key", "dear"])
  })
})
