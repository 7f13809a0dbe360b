import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Agenda } from "../../src/lab/agenda.ts"

const SEED = Number(process.env.LAW_SEED ?? 20_261_125)

describe("an agenda", () => {
  it("gives items by their instants, those of one instant in the order they came", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20 })), (instants) => {
        const agenda = new Agenda<number>()
        instants.forEach((atMs, order) => {
          agenda.add(atMs, order)
        })
        const given: (readonly [number, number])[] = []
        for (let due = agenda.takeDue(20); due !== undefined; due = agenda.takeDue(20))
          given.push([due.atMs, due.item])
        const sorted = instants.map((atMs, order) => [atMs, order] as const)
        sorted.sort(([a, i], [b, j]) => a - b || i - j)
        expect(given).toEqual(sorted)
      }),
      { seed: SEED },
    )
  })

  it("keeps what is not due", () => {
    const agenda = new Agenda<string>()
    agenda.add(5, "later")
    expect(agenda.takeDue(4)).toBeUndefined()
    expect([agenda.nextAtMs, agenda.takeDue(5)?.item, agenda.nextAtMs]).toEqual([
      5,
      "later",
      Number.POSITIVE_INFINITY,
    ])
  })
})
