import { describe, expect, it } from "vitest"
import { Random } from "../../../src/lab/simulate/random.ts"

const drawn = <T>(count: number, draw: () => T): readonly T[] => Array.from({ length: count }, draw)
const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

describe("numbers from a seed", () => {
  it("are these on every machine and in every year", () => {
    const random = new Random("1/people/1")
    expect(drawn(4, () => random.next())).toEqual([
      442_135_959, 1_067_177_651, 3_076_678_815, 3_573_775_976,
    ])
    expect(drawn(4, () => random.below(1_000))).toEqual([596, 884, 741, 619])
    expect(drawn(4, () => random.waitMs(60_000))).toEqual([101_725, 47_526, 57_679, 34_703])
  })

  it("are others for another name", () => {
    const first = new Set(
      ["a", "b", "1/a/1", "1/a/2", "2/a/1"].map((name) => new Random(name).next()),
    )
    expect(first.size).toBe(5)
  })

  it("are below `n`, each as often, even where `n` is no power of two", () => {
    const random = new Random("even")
    const counts = new Array<number>(7).fill(0)
    for (let round = 0; round < 70_000; round += 1) {
      const at = random.below(7)
      counts[at] = (counts[at] ?? 0) + 1
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400)
  })

  it("reach as far as a count of tokens or milliseconds may", () => {
    const random = new Random("wide")
    const wide = 2 ** 40
    const values = drawn(1_000, () => random.below(wide))
    expect(Math.max(...values)).toBeGreaterThan(wide * 0.99)
    expect(values.every((value) => Number.isSafeInteger(value) && value >= 0 && value < wide)).toBe(
      true,
    )
  })

  it("lie in a spread, half of them at or below its median", () => {
    const random = new Random("spread")
    const values = drawn(20_000, () => random.of({ least: 10, median: 20, most: 1_000 }))
    expect([Math.min(...values), Math.max(...values)]).toEqual([10, 1_000])
    const low = values.filter((value) => value <= 20).length
    expect(Math.abs(low - 10_000)).toBeLessThan(400)
    expect(random.of({ least: 5, median: 5, most: 5 })).toBe(5)
  })

  it("wait as something does that may happen at any time: mean, median and tail", () => {
    const random = new Random("waits")
    const waits = drawn(100_000, () => random.waitMs(1_000_000))
    expect(Math.abs(meanOf(waits) / 1_000_000 - 1)).toBeLessThan(0.02)
    const above = (ms: number): number => waits.filter((wait) => wait > ms).length / waits.length
    expect(Math.abs(above(693_147) - 0.5)).toBeLessThan(0.01)
    expect(Math.abs(above(3_000_000) - Math.exp(-3))).toBeLessThan(0.005)
  })
})
