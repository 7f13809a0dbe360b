import fc from "fast-check"
import { expect, it } from "vitest"
import { Numbered } from "../../src/domain/numbered.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 200)
const SEED = Number(process.env.LAW_SEED ?? 42)

/** Numbers close together, and numbers that meet in one place of any ring. */
const anyNumber = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(5)).map(([n, turns]) => n + 1_024 * turns),
)
const anyStep = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("set" as const), n: anyNumber }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), n: anyNumber }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("deleteUpTo" as const), n: anyNumber }) },
)

it("items by number are a map's, whichever numbers meet in its ring", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const numbered = new Numbered<number>()
      const map = new Map<number, number>()
      let done = 0
      for (const [at, { kind, n }] of steps.entries()) {
        if (kind === "set" && n > done) {
          numbered.set(n, at)
          map.set(n, at)
        } else if (kind === "delete") {
          numbered.delete(n)
          map.delete(n)
        } else if (n > done) {
          numbered.deleteUpTo(done, n)
          for (const known of map.keys()) if (known <= n) map.delete(known)
          done = n
        }
        expect(numbered.get(n)).toBe(map.get(n))
        expect(numbered.size).toBe(map.size)
        expect(new Map(numbered)).toEqual(map)
        for (const [known, value] of map) expect(numbered.get(known)).toBe(value)
      }
    }),
    { numRuns: RUNS, seed: SEED },
  )
})

it("begins with the items it is given", () => {
  const items = [
    [3, "three"],
    [1_027, "the same place"],
    [2_051, "once more"],
  ] as const
  expect(new Map(new Numbered<string>(items))).toEqual(new Map<number, string>(items))
})

it("looks at what it holds, and not at each number of a wide gap", () => {
  const numbered = new Numbered<string>([[5, "five"]])
  numbered.deleteUpTo(0, 2 ** 52)
  expect(numbered.size).toBe(0)
})
