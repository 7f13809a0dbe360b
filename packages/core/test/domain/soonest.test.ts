import fc from "fast-check"
import { expect, it } from "vitest"
import { Soonest } from "../../src/domain/soonest.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 200)
const SEED = Number(process.env.LAW_SEED ?? 42)

it("what is due first is at hand, whatever came and went before", () => {
  const anySteps = fc.array(fc.option(fc.nat(50), { freq: 3 }), { maxLength: 60 })
  fc.assert(
    fc.property(anySteps, (steps) => {
      const soonest = new Soonest<number>((one, other) => one < other)
      let all: readonly number[] = []
      for (const step of steps) {
        if (step === null) soonest.dropFirst()
        else soonest.add(step)
        all = step === null ? all.slice(1) : [...all, step].sort((one, other) => one - other)
        expect(soonest.first).toBe(all[0])
      }
      const drained = all.map(() => {
        const { first } = soonest
        soonest.dropFirst()
        return first
      })
      expect([...drained, soonest.first]).toEqual([...all, undefined])
    }),
    { numRuns: RUNS, seed: SEED },
  )
})
