import { describe, expect, it } from "vitest"
import { checkPolicy, PolicyBroken } from "../../../src/testing.ts"
import { PAIRS, SANE } from "./catalogue.ts"

const tookMs: [string, string, number][] = []
const timed = <Value>(name: string, what: string, run: () => Value): Value => {
  const startedMs = performance.now()
  const value = run()
  tookMs.push([name, what, Math.round(performance.now() - startedMs)])
  return value
}

const brokenBy = (run: () => unknown): PolicyBroken | null => {
  try {
    run()
  } catch (error) {
    if (error instanceof PolicyBroken) return error
    throw error
  }
  return null
}

describe("the catalogue", () => {
  it("has 30 of each at least", () => {
    expect(PAIRS.length).toBeGreaterThanOrEqual(30)
  })

  for (const { name, bad, good } of PAIRS) {
    it(`convicts: ${name}`, () => {
      const invariants = [bad.invariant]
      const broken = timed(name, "convicted", () =>
        brokenBy(() => checkPolicy(bad.policy, { invariants })),
      )
      expect(broken?.story.length, broken?.message ?? "nothing was found").toBe(bad.steps)
    })
    it(`acquits: ${name}, mended`, () => {
      const invariants = [good.invariant]
      timed(name, "acquitted", () => checkPolicy(good.policy, { invariants }))
    })
  }

  for (const [name, policy] of SANE)
    it(`acquits: ${name}, under every fault`, () => {
      const faults = { lostCalls: true, lateSettles: true }
      timed(name, "acquitted", () => checkPolicy(policy, { faults }))
      checkPolicy(policy, { faults: { ...faults, overcharges: true } })
    })

  it("tells how long each took", () => {
    const slowest = [...tookMs].sort((one, other) => other[2] - one[2])
    console.log(slowest.map(([name, what, ms]) => `${ms} ms  ${what}  ${name}`).join("\n"))
    expect(slowest.length).toBe(2 * PAIRS.length + SANE.length)
  })
})
