import fc from "fast-check"
import { describe, expect, it, type MockInstance, vi } from "vitest"
import { Numbered } from "../../src/domain/numbered.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 200)
const SEED = Number(process.env.LAW_SEED ?? 42)

/** Numbers close together, and numbers that meet in one place of any ring. */
const anyNumber = fc.oneof(
  fc.integer({ min: 1, max: 12 }),
  fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(3)).map(([n, turns]) => n + 1_024 * turns),
)
const anyStep = fc.oneof(
  { weight: 9, arbitrary: fc.record({ kind: fc.constant("set" as const), n: anyNumber }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("delete" as const), n: anyNumber }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("deleteUpTo" as const),
      n: fc.constantFrom(1, 2, 3, 30),
    }),
  },
)

it("items by number are a map's, whichever numbers meet in its ring", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const numbered = new Numbered<number>()
      const map = new Map<number, number>()
      let done = 0
      for (const [at, { kind, n }] of steps.entries()) {
        if (kind === "deleteUpTo") {
          numbered.deleteUpTo(done, done + n)
          done += n
          for (const known of map.keys()) if (known <= done) map.delete(known)
        } else if (kind === "delete") {
          numbered.delete(n)
          map.delete(n)
        } else if (n > done) {
          numbered.set(n, at)
          map.set(n, at)
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

it("an item that lives beside the ring stays one, also when its place there is free again", () => {
  const numbered = new Numbered<string>()
  for (const n of [1, 1_025]) numbered.set(n, "first")
  numbered.delete(1)
  numbered.set(1_025, "second")
  expect([...numbered]).toEqual([[1_025, "second"]])
  expect(numbered.size).toBe(1)
})

it("numbers may be as large as they get, and as far apart", () => {
  const numbers = [2 ** 31 + 5, 5, 2 ** 52 + 5, Number.MAX_SAFE_INTEGER]
  const numbered = new Numbered<number>(numbers.map((n) => [n, n] as const))
  expect([...numbered].map(([n]) => n).sort((one, other) => one - other)).toEqual(
    numbers.sort((one, other) => one - other),
  )
  expect(numbers.map((n) => numbered.get(n))).toEqual(numbers)
})

it("begins with the items it is given", () => {
  const items = [
    [3, "three"],
    [1_027, "the same place"],
    [2_051, "once more"],
  ] as const
  expect(new Map(new Numbered<string>(items))).toEqual(new Map<number, string>(items))
})

describe("what it costs", () => {
  /** How often a method was called meanwhile. */
  const callsOf = (spy: MockInstance, run: () => void): number => {
    run()
    const { length } = spy.mock.calls
    spy.mockRestore()
    return length
  }

  it("is a look at what it holds, and not at each number of a wide gap", () => {
    const numbers = [5, 2 ** 52, 2 ** 52 + 1]
    const numbered = new Numbered<string>(numbers.map((n) => [n, "one"] as const))
    numbered.deleteUpTo(0, 2 ** 52)
    expect([...numbered]).toEqual([[2 ** 52 + 1, "one"]])
  })

  it("is a look at each number of a narrow gap, and not at all that it holds", () => {
    const numbered = new Numbered<string>([[105, "five"]])
    const looks = vi.spyOn(numbered, Symbol.iterator)
    expect(callsOf(looks, () => numbered.deleteUpTo(90, 98))).toBe(0)
    expect(numbered.size).toBe(1)
  })

  it("is no map for 1,024 numbers in a row, and one for what meets another then", () => {
    const numbered = new Numbered<number>()
    for (let n = 1; n <= 1_025; n += 1) numbered.set(n, n)
    const looks = vi.spyOn(Map.prototype, "get")
    const looked = callsOf(looks, () => {
      for (let n = 1; n <= 1_025; n += 1) numbered.get(n)
    })
    expect(looked).toBe(1)
  })
})
