import fc from "fast-check"
import { expect, it, vi } from "vitest"
import type { CommandId } from "../../src/domain/command.ts"
import { Reservations } from "../../src/domain/reservations.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 200)
const SEED = Number(process.env.LAW_SEED ?? 42)

interface Item {
  readonly id: CommandId
  readonly division: string
  readonly at: number
}

const anyStep = fc.record({
  kind: fc.constantFrom("put", "put", "get", "delete"),
  source: fc.constantFrom("s", "t"),
  n: fc.integer({ min: 1, max: 3 }),
  division: fc.constantFrom("*", "a"),
})

it("each division and source has numbers of its own", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
      const reservations = new Reservations<Item>()
      const known = new Map<string, Item>()
      for (const [at, { kind, source, n, division }] of steps.entries()) {
        const id = { source, n }
        const name = JSON.stringify([division, source, n])
        const item = { id, division, at }
        if (kind === "put") reservations.put(item)
        if (kind === "put") known.set(name, item)
        if (kind === "delete") reservations.delete(id, division)
        if (kind === "delete") known.delete(name)
        expect(reservations.get(id, division)).toBe(known.get(name))
        expect(reservations.size).toBe(known.size)
      }
      const all = [...known.values()]
      expect(new Set(reservations.values())).toEqual(new Set(all))
      for (const division of ["*", "a", "b"])
        expect(new Set(reservations.of(division))).toEqual(
          new Set(all.filter((item) => item.division === division)),
        )
    }),
    { numRuns: RUNS, seed: SEED },
  )
})

it("a source without reservations goes when another is looked at, a division with its last source (I14)", () => {
  const reservations = new Reservations<Item>()
  const looked = (source: string, division: string): readonly unknown[] => {
    const drops = vi.spyOn(Map.prototype, "delete")
    reservations.get({ source, n: 1 }, division)
    const keys = drops.mock.calls.map(([key]) => key)
    drops.mockRestore()
    return keys
  }
  for (const source of ["s", "t"]) reservations.put({ id: { source, n: 1 }, division: "*", at: 0 })
  expect(looked("s", "*")).toEqual([])
  reservations.delete({ source: "s", n: 1 }, "*")
  expect(looked("s", "*")).toEqual([])
  expect(looked("t", "*")).toEqual(["s"])
  expect(looked("t", "org")).toEqual([])
  reservations.delete({ source: "t", n: 1 }, "*")
  expect(looked("t", "org")).toEqual(["t", "*"])
  expect(reservations.size).toBe(0)
})
