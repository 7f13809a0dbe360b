import { describe, expect, it } from "vitest"
import { AnomalyDetector, anomalyEvent, anomalyText } from "../../src/anomaly.ts"

const BUCKET = 300_000
const HOUR = 12 * BUCKET
const DAY = 24 * HOUR
const START = Date.UTC(2026, 0, 5)
const USD = 1_000_000_000
const UNIT = { account: "hour/k1", unit: "usd" } as const

/** A dollar in each of so many buckets. */
const learned = (buckets: number): AnomalyDetector => {
  const detector = new AnomalyDetector()
  for (let n = 0; n < buckets; n += 1)
    detector.spend({ ...UNIT, atMs: START + n * BUCKET, amount: USD })
  return detector
}

describe("the anomaly detector", () => {
  it("says what it saw, what is usual, and how far that is", () => {
    const atMs = START + 24 * BUCKET + 1_000
    const [found] = learned(24).spend({ ...UNIT, atMs, amount: 4 * USD })
    expect(found).toEqual({
      ...UNIT,
      state: "raised",
      kind: "sigma",
      atMs,
      sinceMs: START + 24 * BUCKET,
      windowMs: BUCKET,
      seen: 4 * USD,
      expected: USD,
      score: 9,
    })
  })

  it("takes twice the usual for usual, and a nano more for unusual", () => {
    const atMs = START + 24 * BUCKET
    const detector = learned(24)
    expect(detector.spend({ ...UNIT, atMs, amount: 2 * USD })).toEqual([])
    expect(detector.spend({ ...UNIT, atMs, amount: 1 })).toHaveLength(1)
  })

  it("pages nobody while it learns: after 11 buckets not, after 12 it does", () => {
    const loop = (buckets: number) =>
      learned(buckets).spend({ ...UNIT, atMs: START + buckets * BUCKET, amount: 90 * USD })
    expect(loop(11)).toEqual([])
    expect(loop(12)).toHaveLength(1)
  })

  it("knows a key again that slept for a month", () => {
    const atMs = START + 30 * DAY
    expect(learned(24).spend({ ...UNIT, atMs, amount: 10 * USD })).toHaveLength(1)
  })

  it("is over when a whole bucket passed without it, by the next spend or by a look", () => {
    const during = START + 24 * BUCKET
    const bySpend = learned(24)
    bySpend.spend({ ...UNIT, atMs: during, amount: 10 * USD })
    expect(bySpend.spend({ ...UNIT, atMs: during + BUCKET, amount: USD })).toEqual([])
    const [over] = bySpend.spend({ ...UNIT, atMs: during + 2 * BUCKET, amount: USD })
    expect([over?.state, over?.sinceMs, over?.seen]).toEqual(["over", during, 10 * USD])
    const byLook = learned(24)
    byLook.spend({ ...UNIT, atMs: during, amount: 10 * USD })
    expect(byLook.look(during + BUCKET)).toEqual([])
    expect(byLook.look(during + 2 * BUCKET).map(({ state }) => state)).toEqual(["over"])
    expect(byLook.look(during + 3 * BUCKET)).toEqual([])
  })

  it("counts what is late in the current bucket", () => {
    const detector = learned(24)
    detector.spend({ ...UNIT, atMs: START + 24 * BUCKET, amount: 1.5 * USD })
    expect(detector.spend({ ...UNIT, atMs: START, amount: USD })).toHaveLength(1)
  })

  it("raises a burn over both windows, and not over the long one alone", () => {
    const budget = { limit: 1_440 * USD, periodMs: 30 * DAY }
    // 2 USD an hour are allowed; 14.4 times that are 28.80 an hour, 2.40 in 5 minutes.
    const spend = (amount: number) => {
      const detector = new AnomalyDetector({ sigma: 1_000 })
      return Array.from({ length: 14 }, (_, n) => START + n * BUCKET).flatMap((atMs, n) =>
        detector.spend({ ...UNIT, atMs, amount: n === 13 ? USD : amount, budget }),
      )
    }
    expect(spend(2.3 * USD).filter(({ windowMs }) => windowMs === HOUR)).toEqual([])
    const [found] = spend(2.4 * USD).filter(({ windowMs }) => windowMs === HOUR)
    expect(found).toMatchObject({ kind: "burn", seen: 28.8 * USD, expected: 2 * USD, score: 14.4 })
    expect(found?.atMs).toBe(START + 11 * BUCKET)
    const burn = [{ longMs: HOUR, shortMs: BUCKET, rate: 14.4 }]
    const stopped = new AnomalyDetector({ burn })
    stopped.spend({ ...UNIT, atMs: START, amount: 100 * USD })
    expect(stopped.spend({ ...UNIT, atMs: START + BUCKET, amount: USD, budget })).toEqual([])
    expect(
      stopped.spend({ ...UNIT, atMs: START + BUCKET, amount: USD * 1.5, budget }),
    ).toHaveLength(1)
  })

  it("leaves out a burn rule that the limit itself would stop first", () => {
    const budget = { limit: 2 * USD, periodMs: HOUR }
    const detector = new AnomalyDetector()
    expect(detector.spend({ ...UNIT, atMs: START, amount: 90 * USD, budget })).toEqual([])
  })

  it("names the option that is not what it should be", () => {
    expect(() => new AnomalyDetector({ sigma: 0 })).toThrow("`sigma` is `0`; give a number above 0")
    expect(() => new AnomalyDetector({ bucketMs: 7_000_000 })).toThrow("give a part of an hour")
    expect(() => new AnomalyDetector({ warmUp: 300 })).toThrow("`warmUp` is `300`")
    const burn = [{ longMs: HOUR, shortMs: 1, rate: 2 }]
    expect(() => new AnomalyDetector({ burn })).toThrow("`burn.0.shortMs` is `1`")
  })

  it("is told as an incident with an end", () => {
    const [raised] = learned(24).spend({ ...UNIT, atMs: START + 24 * BUCKET, amount: 4 * USD })
    if (raised === undefined) throw new Error("nothing was raised")
    expect(anomalyText(raised)).toBe("spent $4 in 5 minutes, where $1 is usual: 9.0 sigma above it")
    const event = anomalyEvent(raised, "slack")
    expect(event).toMatchObject({ kind: "tier", label: "anomaly", message: anomalyText(raised) })
    const end = anomalyEvent({ ...raised, state: "over", atMs: START + 27 * BUCKET }, "slack")
    expect(end).toMatchObject({ kind: "period-end" })
    expect("incident" in end && "incident" in event && end.incident === event.incident).toBe(true)
    expect(end.id).not.toBe(event.id)
  })
})
