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
      /│ each apiKey +│ \$0\.00000001 +│ \$0\.00000002 +│ \$0\.00000024 +│ \$0\.00000744 +│ key +│/,
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
    expect(worstBills[0]).toEqual({
      per: ["apiKey"],
      unit: "usd",
      perHour: 10,
      perAnyHour: 20,
      perDay: 240,
      perMonth: 7440,
      perOutage: 0,
      boundBy: ["key", "key", "key", "key"],
    })
    expect(budgets[0].id).toBe("key")
    expect(refusalOrder[0]).toBe("switched-off")
    expect(Array.isArray(warnings)).toBe(true)
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
