import { LocalDate, ZoneId } from "@js-joda/core"
import "@js-joda/timezone"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { periodAt, type Window } from "../../src/domain/window.ts"

const zones = [
  "UTC",
  "America/New_York",
  "America/Havana",
  "America/Sao_Paulo",
  "Europe/London",
  "Europe/Berlin",
  "Africa/Cairo",
  "Asia/Kathmandu",
  "Asia/Tehran",
  "Australia/Lord_Howe",
  "Pacific/Auckland",
  "Pacific/Apia",
]
const from = Date.UTC(2020, 0, 1)
const to = Date.UTC(2040, 0, 1)
const windowOf = fc.oneof(
  fc.record({ kind: fc.constantFrom("hour", "day"), timeZone: fc.constantFrom(...zones) }),
  fc.record({
    kind: fc.constant("week"),
    timeZone: fc.constantFrom(...zones),
    startsOn: fc.integer({ min: 1, max: 7 }),
  }),
  fc.record({
    kind: fc.constant("month"),
    timeZone: fc.constantFrom(...zones),
    startsOn: fc.integer({ min: 1, max: 28 }),
  }),
  fc.record({
    kind: fc.constant("fixed"),
    everyMs: fc.integer({ min: 1, max: 1e9 }),
    anchorMs: fc.integer({ min: from, max: to }),
  }),
) as fc.Arbitrary<Window>
const instant = fc.integer({ min: from, max: to })
const runs = { seed: 42, numRuns: 400 }

describe("windows", () => {
  it("W1: every instant lies in its period, and the whole period answers the same", () => {
    fc.assert(
      fc.property(windowOf, instant, fc.double({ min: 0, max: 1, noNaN: true }), (w, at, share) => {
        const p = periodAt(w, at)
        const inside = Math.min(p.endMs - 1, Math.floor(p.startMs + share * (p.endMs - p.startMs)))
        expect(p.startMs <= at && at < p.endMs).toBe(true)
        for (const t of [p.startMs, inside, p.endMs - 1]) expect(periodAt(w, t)).toEqual(p)
      }),
      runs,
    )
  })
  it("W2: periods touch, and a meter is kept for one more", () => {
    fc.assert(
      fc.property(windowOf, instant, (w, at) => {
        const p = periodAt(w, at)
        const next = periodAt(w, p.endMs)
        expect(next.startMs).toBe(p.endMs)
        expect(p.keptUntilMs).toBe(next.endMs)
      }),
      runs,
    )
  })
  it.each(zones)(
    "W3: every day of %s from 2020 to 2040 starts where an independent library says",
    (zone) => {
      const id = ZoneId.of(zone)
      let day = LocalDate.of(2020, 1, 1)
      while (day.year() < 2040) {
        const startMs = day.atStartOfDay(id).toInstant().toEpochMilli()
        const endMs = day.plusDays(1).atStartOfDay(id).toInstant().toEpochMilli()
        expect(periodAt({ kind: "day", timeZone: zone }, startMs)).toMatchObject({ startMs, endMs })
        day = day.plusDays(1)
      }
    },
  )
})
