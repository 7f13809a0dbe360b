import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  type Anomaly,
  AnomalyDetector,
  type AnomalyOptions,
  type Spent,
} from "../../src/anomaly.ts"

const SEED = Number(process.env.LAW_SEED ?? 42)
const RUNS = Math.min(2_000, Number(process.env.LAW_RUNS ?? 100))
const MINUTE = 60_000
const BUCKET = 5 * MINUTE
const HOUR = 60 * MINUTE
const WEEK = 168 * HOUR
const START = Date.UTC(2026, 0, 5)
const USD = 1_000_000_000

const spentAt = (atMs: number, amount: number, account = "hour/k1"): Spent => ({
  account,
  atMs,
  amount,
  unit: "usd",
})

const raisedBy = (spends: readonly Spent[], options: AnomalyOptions = {}): readonly Anomaly[] => {
  const detector = new AnomalyDetector(options)
  return spends.flatMap((spent) => detector.spend(spent)).filter(({ state }) => state === "raised")
}

/** Calls of one price at one distance, from `fromMs` for `forMs`. */
const evenly = (fromMs: number, forMs: number, everyMs: number, amount: number): Spent[] =>
  Array.from({ length: Math.ceil(forMs / everyMs) }, (_, n) =>
    spentAt(fromMs + n * everyMs, amount),
  )

const check = <T>(arbitrary: fc.Arbitrary<T>, law: (value: T) => void, runs = RUNS): void =>
  fc.assert(fc.property(arbitrary, law), { seed: SEED, numRuns: runs })

const amounts = fc.integer({ min: 1, max: 100 * USD })

describe("the anomaly detector", () => {
  it("A1: says nothing of constant traffic, whatever its price and distance", () => {
    const traffic = fc.record({
      everyMs: fc.integer({ min: 20_000, max: HOUR }),
      amount: amounts,
      shiftMs: fc.nat({ max: BUCKET }),
    })
    check(traffic, ({ everyMs, amount, shiftMs }) => {
      expect(raisedBy(evenly(START + shiftMs, 12 * HOUR, everyMs, amount))).toEqual([])
    })
  })

  it("A2: says nothing of a weekly rhythm that it has seen for a week", () => {
    const rhythm = fc.array(fc.nat({ max: 50 }), { minLength: 168, maxLength: 168 })
    const week = (levels: readonly number[], fromMs: number): Spent[] =>
      levels.flatMap((level, hour) =>
        Array.from({ length: 12 }, (_, n) =>
          spentAt(fromMs + hour * HOUR + n * BUCKET, level * USD),
        ),
      )
    check(
      rhythm,
      (levels) => {
        const detector = new AnomalyDetector()
        for (const spent of week(levels, START)) detector.spend(spent)
        const later = [1, 2, 3, 4, 5].flatMap((n) => week(levels, START + n * WEEK))
        expect(later.flatMap((spent) => detector.spend(spent)).filter(isRaised)).toEqual([])
      },
      Math.ceil(RUNS / 20),
    )
  })

  it("A3: raises a tenfold loop within two buckets, and once", () => {
    const loop = fc.record({
      levels: fc.array(fc.integer({ min: USD, max: 2 * USD }), { minLength: 24, maxLength: 300 }),
      offsetMs: fc.nat({ max: BUCKET - 1 }),
    })
    check(loop, ({ levels, offsetMs }) => {
      const usual = levels.map((amount, n) => spentAt(START + n * BUCKET, amount))
      const fromMs = START + levels.length * BUCKET + offsetMs
      const most = Math.max(...levels)
      const storm = evenly(fromMs, 6 * BUCKET, 10_000, Math.ceil((10 * most) / 30))
      const [first, ...more] = raisedBy([...usual, ...storm])
      expect(first?.atMs).toBeLessThan(fromMs + 2 * BUCKET)
      expect(more).toEqual([])
    })
  })

  it("A4: never below the minimum", () => {
    const minimum = 5 * USD
    const sparse = fc.array(fc.integer({ min: 1, max: minimum - 1 }), { maxLength: 200 })
    check(sparse, (levels) => {
      const spends = levels.map((amount, n) => spentAt(START + n * BUCKET, amount))
      const budget = { limit: 1, periodMs: 30 * 24 * HOUR }
      const options = { minimum: { usd: minimum } }
      expect(
        raisedBy(
          spends.map((spent) => ({ ...spent, budget })),
          options,
        ),
      ).toEqual([])
    })
  })

  it("A5: the order within a bucket does not change which are raised", () => {
    const calls = fc.array(
      fc.record({
        bucket: fc.nat({ max: 30 }),
        who: fc.constantFrom("hour/k1", "hour/k2"),
        amount: fc.integer({ min: 1, max: 20 * USD }),
        place: fc.nat(),
      }),
      { minLength: 40, maxLength: 120 },
    )
    check(calls, (spends) => {
      const namesIn = (order: readonly (typeof spends)[number][]): readonly string[] =>
        raisedBy(
          order.map(({ bucket, amount, who }) => ({
            ...spentAt(START + bucket * BUCKET, amount, who),
            budget: { limit: 100 * USD, periodMs: 30 * 24 * HOUR },
          })),
        )
          .map(
            ({ account, kind, windowMs, sinceMs }) => `${account} ${kind} ${windowMs} ${sinceMs}`,
          )
          .sort()
      const byBucket = [...spends].sort((one, other) => one.bucket - other.bucket)
      const dealt = [...spends].sort((a, b) => a.bucket - b.bucket || a.place - b.place)
      expect(namesIn(dealt)).toEqual(namesIn(byBucket))
    })
  })

  it("A6: remembers no more accounts than it may, and closes what it forgets", () => {
    const detector = new AnomalyDetector({ accounts: 10 })
    for (const spent of evenly(START, 2 * HOUR, BUCKET, USD)) detector.spend(spent)
    expect(detector.spend(spentAt(START + 2 * HOUR, 50 * USD)).map(({ state }) => state)).toEqual([
      "raised",
    ])
    const told: Anomaly[] = []
    for (let n = 0; n < 500; n += 1)
      told.push(...detector.spend(spentAt(START + 2 * HOUR, USD, `hour/other-${n}`)))
    expect(detector.accounts).toBe(10)
    expect(told.map(({ state, account }) => [state, account])).toEqual([["over", "hour/k1"]])
  })
})

const isRaised = ({ state }: Anomaly): boolean => state === "raised"
