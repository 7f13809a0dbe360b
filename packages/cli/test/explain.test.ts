import { describe, expect, it } from "vitest"
import { POLICY, run } from "./fakeIo.ts"

describe("spendfuse explain", () => {
  it("says what each budget does, the order of refusals, and the worst bills", async () => {
    const { code, out, err } = await run(["explain", "p.json"], { "p.json": POLICY })
    expect(code).toBe(0)
    expect(err).toBe("")
    expect(out).toContain("Each apiKey may use $0.00000001 per calendar hour in UTC.")
    expect(out).toContain(
      "switched-off, latched, open, too-large, exhausted, probation, degraded, busy, store-unavailable",
    )
    expect(out).toMatch(
      /│ each apiKey +│ \$0\.00000001 +│ \$0\.00000002 +│ \$0\.00000024 +│ \$0\.00000168 +│ \$0\.00000744 +│ key +│/,
    )
    expect(out).toMatch(/│ everybody together +│ unbounded +│/)
  })

  it("says in which unit nothing bounds", async () => {
    const calls = POLICY.replace('"usdNano": 10', '"requests": 10')
    const { out } = await run(["explain", "p.json"], { "p.json": calls })
    expect(out).toMatch(/│ everybody together +│ unbounded requests +│/)
  })

  it("prints one JSON object with --json", async () => {
    const { out } = await run(["explain", "--json", "-"], { "-": POLICY })
    const { worstBills, budgets, refusalOrder, warnings } = JSON.parse(out)
    expect(worstBills[0]).toMatchObject({
      per: ["apiKey"],
      unit: "usd",
      perHour: 10,
      perAnyHour: 20,
      perDay: 240,
      perWeek: 1680,
      perMonth: 7440,
      perOutage: 0,
      proofs: { day: { by: [{ budget: "key", periods: 24, cap: 10 }], subject: {} } },
    })
    expect(budgets[0].id).toBe("key")
    expect(refusalOrder[0]).toBe("switched-off")
    expect(Array.isArray(warnings)).toBe(true)
  })

  it("proves each bill with --proof: a reckoning, and an execution that reaches it", async () => {
    const { out } = await run(["explain", "--proof", "p.json"], { "p.json": POLICY })
    expect(out).toContain("each apiKey, any 60 minutes: $0.00000002")
    expect(out).toMatch(/Its periods from \S+ to \S+: 24 × \$0\.00000001 of key\./)
    expect(out).toMatch(/Reached by .*, and 21 more: that is all of it\./)
    const { out: json } = await run(["explain", "--proof", "--json", "p.json"], {
      "p.json": POLICY,
    })
    const { proven } = JSON.parse(json)
    expect(proven.map(({ span }: { span: string }) => span)).toEqual([
      "hour",
      "any-hour",
      "day",
      "week",
      "month",
    ])
    for (const { amount, witness } of proven) expect(witness.total).toBe(amount)
  })

  it("names line, column, path and mend of every problem, and exits 2", async () => {
    const bad = POLICY.replace('"limit"', '"limt"').replace('"refuse"', '"shrug"')
    const { code, out, err } = await run(["explain", "p.json"], { "p.json": bad })
    expect(code).toBe(2)
    expect(out).toBe("")
    expect(err).toMatch(
      /^p\.json:5:39: budgets\[0\]\.limt: is not a known field; did you mean `limit`\?$/m,
    )
    expect(err).toMatch(/^p\.json:5:5: budgets\[0\]\.limit: is missing; add e\.g\. /m)
    expect(err).toMatch(/^p\.json:8:3: unknownModel: /m)
  })
})
