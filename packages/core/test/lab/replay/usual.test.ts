import { describe, expect, it } from "vitest"
import { Usual } from "../../../src/lab/replay/usual.ts"

const HOUR_MS = 3_600_000

/** A call an hour of these amounts, with so many hours between two; what is said of each. */
const saidOf = (amounts: readonly number[], everyHours = 1): readonly (boolean | null)[] => {
  const usual = new Usual()
  return amounts.map((amount, at) => {
    usual.add(at * everyHours * HOUR_MS, amount)
    return usual.isUsual()
  })
}

describe("Usual", () => {
  it("cannot tell before three hours are over, however far apart they are", () => {
    expect(saidOf([5, 5, 5, 5, 6])).toEqual([null, null, null, true, false])
    expect(saidOf([5, 5, 5, 5, 6], 30)).toEqual([null, null, null, true, false])
  })

  it("counts hours, not calls: a payer of one hour is never judged", () => {
    const usual = new Usual()
    for (let call = 0; call < 500; call += 1) usual.add(call * 7_000, 1)
    expect(usual.isUsual()).toBeNull()
  })

  it("makes no hours of calls that come late: they count to the hour that runs", () => {
    const usual = new Usual()
    usual.add(5 * HOUR_MS, 10)
    for (const at of [4, 5, 3, 5, 2, 5]) usual.add(at * HOUR_MS, 1)
    expect(usual.isUsual()).toBeNull()
    for (const at of [6, 7, 8]) usual.add(at * HOUR_MS, 16)
    expect(usual.isUsual()).toBe(true)
    usual.add(7 * HOUR_MS, 1)
    expect(usual.isUsual()).toBe(false)
  })

  it("is not led by one odd hour, whichever it is", () => {
    for (const past of [
      [1, 90, 100],
      [90, 1, 100],
      [90, 100, 9_000],
    ]) {
      expect(saidOf([...past, 80]).at(-1)).toBe(true)
      expect(saidOf([...past, 150]).at(-1)).toBe(false)
    }
  })

  it("sums up the hour that runs, and forgets hours beyond the last 48", () => {
    const usual = new Usual()
    for (const hour of [0, 1, 2]) usual.add(hour * HOUR_MS, 10)
    usual.add(3 * HOUR_MS, 6)
    expect(usual.isUsual()).toBe(true)
    usual.add(3 * HOUR_MS + 1, 6)
    expect(usual.isUsual()).toBe(false)
    const grown = [...Array.from({ length: 48 }, () => 10), ...Array.from({ length: 48 }, () => 90)]
    expect(saidOf([...grown, 80]).at(-1)).toBe(true)
  })
})
