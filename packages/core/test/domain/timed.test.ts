import fc from "fast-check"
import { expect, it, vi } from "vitest"
import { Timed } from "../../src/domain/timed.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 200)
const SEED = Number(process.env.LAW_SEED ?? 42)

const anyStep = fc.record({
  kind: fc.constantFrom("put", "put", "later", "delete", "due", "due"),
  key: fc.constantFrom("a", "b", "c"),
  division: fc.constantFrom("*", "org"),
  dueMs: fc.option(fc.nat(30), { freq: 4 }),
  later: fc.nat(5),
})

it("finds whoever is due by now, in the order of their names, also where it has become later", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
      const timed = new Timed()
      const dues = new Map<string, number>()
      let nowMs = 0
      for (const { kind, key, division, dueMs, later } of steps) {
        const name = `${division}/${key}`
        if (kind === "put") timed.put({ key, division }, dueMs)
        if (kind === "put" && dueMs !== null) dues.set(name, dueMs)
        if (kind === "delete") timed.delete(key, division)
        if (kind === "delete" || (kind === "put" && dueMs === null)) dues.delete(name)
        const known = dues.get(name)
        if (kind === "later" && known !== undefined) dues.set(name, known + later)
        nowMs += later
        const dueOf = (one: string): number | null => dues.get(`${division}/${one}`) ?? null
        const due = ["a", "b", "c"].filter((one) => (dueOf(one) ?? nowMs + 1) <= nowMs)
        if (kind === "due") expect(timed.dueBy(division, nowMs, dueOf)).toEqual(due)
      }
    }),
    { numRuns: 2 * RUNS, seed: SEED },
  )
})

it("gives 128 at a time, the first by name, and the rest the next time", () => {
  const timed = new Timed()
  const names = Array.from({ length: 130 }, (_, at) => String(at).padStart(4, "0"))
  for (const key of [...names].reverse()) timed.put({ key, division: "*" }, 5)
  expect(timed.dueBy("*", 5, () => 5)).toEqual(names.slice(0, 128))
  for (const key of names.slice(0, 128)) timed.put({ key, division: "*" }, null)
  expect(timed.dueBy("*", 5, () => 5)).toEqual(names.slice(128))
})

it("asks each who may be due once, and looks at nobody before the first may be", () => {
  const timed = new Timed()
  const asked: string[] = []
  for (const [key, dueMs] of [
    ["soon", 5],
    ["next", 6],
    ["later", 9],
  ] as const)
    timed.put({ key, division: "*" }, dueMs)
  const dueAt = (nowMs: number): readonly string[] =>
    timed.dueBy("*", nowMs, (key) => {
      asked.push(key)
      return 9
    })
  const looks = vi.spyOn(Map.prototype, Symbol.iterator)
  const early = dueAt(4)
  const looked = looks.mock.calls.length
  looks.mockRestore()
  expect([early, looked]).toEqual([[], 0])
  expect([5, 6, 8].map(dueAt)).toEqual([[], [], []])
  expect(asked).toEqual(["soon", "next"])
})

it("keeps no division in which nobody is timed (I14)", () => {
  const timed = new Timed()
  for (const key of ["a", "b"]) timed.put({ key, division: "org" }, 5)
  const deletedWith = (key: string): readonly unknown[] => {
    const drops = vi.spyOn(Map.prototype, "delete")
    timed.delete(key, "org")
    const keys = drops.mock.calls.map(([dropped]) => dropped)
    drops.mockRestore()
    return keys
  }
  expect([deletedWith("a"), deletedWith("b"), deletedWith("b")]).toEqual([["a"], ["b", "org"], []])
})

it("says from when on anything of a division may be due", () => {
  const timed = new Timed()
  expect(timed.soonestOf("*")).toBe(Number.POSITIVE_INFINITY)
  timed.put({ key: "a", division: "*" }, 7)
  timed.put({ key: "b", division: "*" }, 5)
  timed.put({ key: "c", division: "org" }, 3)
  expect([timed.soonestOf("*"), timed.soonestOf("org")]).toEqual([5, 3])
  timed.delete("c", "org")
  expect(timed.soonestOf("org")).toBe(Number.POSITIVE_INFINITY)
})
