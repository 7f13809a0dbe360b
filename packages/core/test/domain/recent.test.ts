import fc from "fast-check"
import { expect, it, vi } from "vitest"
import { Recent } from "../../src/domain/recent.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 200)
const SEED = Number(process.env.LAW_SEED ?? 42)

it("a map with its last entry at hand is a map", () => {
  const anyStep = fc.record({
    kind: fc.constantFrom("set", "get", "get", "delete", "clear"),
    key: fc.constantFrom("a", "b"),
  })
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 20 }), (steps) => {
      const recent = new Recent<number>()
      const map = new Map<string, number>()
      for (const [at, { kind, key }] of steps.entries()) {
        if (kind === "set") expect(recent.set(key, at)).toBe(recent)
        if (kind === "set") map.set(key, at)
        if (kind === "get") expect(recent.get(key)).toBe(map.get(key))
        if (kind === "delete") expect(recent.delete(key)).toBe(map.delete(key))
        if (kind === "clear") {
          recent.clear()
          map.clear()
        }
        expect([...recent]).toEqual([...map])
      }
    }),
    { numRuns: RUNS, seed: SEED },
  )
})

it("the entry that was given out last is not looked up again", () => {
  const recent = new Recent<number>()
  recent.set("a", 1)
  const looks = vi.spyOn(Map.prototype, "get")
  const found = [recent.get("a"), recent.get("a")]
  const looked = looks.mock.calls.length
  looks.mockRestore()
  expect([found, looked]).toEqual([[1, 1], 1])
})
