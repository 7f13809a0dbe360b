import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Sketch } from "../../../src/lab/replay/sketch.ts"
import { Timeline } from "../../../src/lab/replay/timeline.ts"

describe("a sketch", () => {
  it("answers at most 1 % above the true quantile, and never below it", () => {
    const amounts = fc.array(fc.integer({ min: 0, max: 2 ** 53 - 1 }), { minLength: 1 })
    fc.assert(
      fc.property(amounts, fc.constantFrom(0.5, 0.9, 0.99, 1), (all, share) => {
        const sketch = new Sketch()
        for (const one of all) sketch.add(one)
        const sorted = [...all].sort((one, other) => one - other)
        const exact = sorted[Math.ceil(share * all.length) - 1] ?? 0
        const answer = sketch.quantile(share)
        expect(answer).toBeGreaterThanOrEqual(exact * (1 - 1e-9))
        expect(answer).toBeLessThanOrEqual(exact * 1.0101 + 1)
      }),
      { seed: 11 },
    )
  })
})

describe("a timeline", () => {
  it("keeps every sum while its stretches double", () => {
    const timeline = new Timeline()
    for (let day = 0; day < 90; day += 1)
      timeline.add("asked", timeline.at(Date.UTC(2026, 0, 1) + day * 86_400_000), day)
    const { asked, stepMs, startMs } = timeline.report()
    expect(asked.reduce((sum, one) => sum + one, 0)).toBe((89 * 90) / 2)
    expect(asked.length).toBeLessThanOrEqual(512)
    expect(startMs + asked.length * stepMs).toBeGreaterThan(Date.UTC(2026, 0, 90))
  })
})
