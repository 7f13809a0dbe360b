import { describe, expect, it } from "vitest"
import {
  civilOf,
  daysOf,
  firstInstantOf,
  offsetAt,
  transitionIn,
} from "../../src/domain/calendar.ts"

const HOUR = 3_600_000
const DAY = 24 * HOUR
const dayOf = (year: number, month: number, day: number): number =>
  Date.UTC(year, month - 1, day) / DAY

describe("a day of the calendar", () => {
  it("is the same way and back as the platform's, over four hundred years and before 1970", () => {
    for (let day = dayOf(1800, 1, 1); day < dayOf(2210, 1, 1); day += 1) {
      const date = new Date(day * DAY)
      const [year, month, dayOfMonth] = [
        date.getUTCFullYear(),
        date.getUTCMonth() + 1,
        date.getUTCDate(),
      ]
      const civil = civilOf(day)
      if (
        civil.year !== year ||
        civil.month !== month ||
        civil.dayOfMonth !== dayOfMonth ||
        daysOf(year, month, dayOfMonth) !== day
      )
        expect([day, civil, daysOf(year, month, dayOfMonth)]).toEqual([
          day,
          { year, month, dayOfMonth },
          day,
        ])
    }
  })
  it.each([
    [2026, 0, 15, dayOf(2025, 12, 15)],
    [2026, -11, 1, dayOf(2025, 1, 1)],
    [2026, 13, 28, dayOf(2027, 1, 28)],
    [2026, 14, 1, dayOf(2027, 2, 1)],
    [-1, 3, 1, -719_834],
    [0, 1, 1, -719_528],
  ])("of month %i/%i goes over the year's end: day %i", (year, month, day, is) => {
    expect(daysOf(year, month, day)).toBe(is)
  })
})

describe("an offset", () => {
  it.each([
    ["UTC", dayOf(2026, 1, 1) * DAY, 0],
    ["Asia/Kathmandu", dayOf(2026, 1, 1) * DAY, 5.75 * HOUR],
    ["America/New_York", dayOf(2026, 1, 1) * DAY, -5 * HOUR],
    ["America/New_York", dayOf(2026, 7, 1) * DAY + 999, -4 * HOUR],
    ["America/New_York", dayOf(1960, 1, 1) * DAY - 1, -5 * HOUR],
    // Minutes and seconds, of another time.
    ["Africa/Monrovia", dayOf(1971, 1, 1) * DAY, -2_670_000],
  ])("of %s at %i is %i", (zone, atMs, offset) => {
    expect(offsetAt(zone, atMs)).toBe(offset)
  })
})

describe("the first instant of a day", () => {
  it.each([
    ["an ordinary one", "Europe/Berlin", [2026, 1, 15], "2026-01-14T23:00:00Z"],
    ["in summer", "Europe/Berlin", [2026, 7, 15], "2026-07-14T22:00:00Z"],
    ["of the change itself", "Europe/Berlin", [2026, 3, 29], "2026-03-28T23:00:00Z"],
    ["far ahead of UTC", "Pacific/Kiritimati", [2026, 1, 15], "2026-01-14T10:00:00Z"],
    ["far behind it", "Pacific/Pago_Pago", [2026, 1, 15], "2026-01-15T11:00:00Z"],
    // Clocks go from 24:00 to 1:00: there is no midnight.
    ["whose midnight does not exist", "America/Havana", [2026, 3, 8], "2026-03-08T05:00:00Z"],
    // Clocks go from 23:30 to 0:30.
    [
      "whose midnight is left out with more",
      "America/Toronto",
      [1919, 3, 31],
      "1919-03-31T04:30:00Z",
    ],
    // Clocks go from 1:00 back to 0:00: there are two.
    ["that has two midnights", "America/Havana", [2026, 11, 1], "2026-11-01T04:00:00Z"],
    ["after which clocks go back to the old day", "America/Sao_Paulo", [2018, 2, 18], null],
  ] as const)("%s: %s %o", (_, zone, [year, month, day], iso) => {
    const first = firstInstantOf(zone, dayOf(year, month, day))
    if (iso !== null) expect(new Date(first).toISOString()).toBe(iso.replace("Z", ".000Z"))
    const local = (atMs: number): number => Math.floor((atMs + offsetAt(zone, atMs)) / DAY)
    expect(local(first)).toBe(dayOf(year, month, day))
    expect(local(first - 1)).toBeLessThan(dayOf(year, month, day))
  })
  it("that a zone left out begins with the next", () => {
    const skipped = dayOf(2011, 12, 30)
    expect(firstInstantOf("Pacific/Apia", skipped)).toBe(
      firstInstantOf("Pacific/Apia", skipped + 1),
    )
  })
})

describe("a transition", () => {
  it("is found to the millisecond, also beside an end of the span", () => {
    const at = Date.UTC(2026, 2, 29, 1)
    for (const [from, to] of [
      [at - DAY, at + DAY],
      [at - 1, at],
      [at - 2, at + 5],
      [at - 3, at],
    ] as const)
      expect(transitionIn("Europe/Berlin", from, to)).toBe(at)
  })
})
