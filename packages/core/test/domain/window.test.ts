import { describe, expect, it } from "vitest"
import { periodAt, type Window, windowName } from "../../src/domain/window.ts"

const HOUR = 3_600_000
const DAY = 24 * HOUR
const UTC = { timeZone: "UTC" }

/** A window, its name, an instant, and the period that holds it: its start, its end, until when it is kept. */
const cases: readonly (readonly [Window, string, number, readonly [number, number, number]])[] = [
  [{ kind: "hour", ...UTC }, "hour UTC", 5 * HOUR, [5 * HOUR, 6 * HOUR, 7 * HOUR]],
  [{ kind: "day", ...UTC }, "day UTC", DAY, [DAY, 2 * DAY, 3 * DAY]],
  // 1970-01-01 was a Thursday.
  [{ kind: "week", ...UTC, startsOn: 1 }, "week UTC 1", 4 * DAY, [4 * DAY, 11 * DAY, 18 * DAY]],
  [{ kind: "week", ...UTC, startsOn: 3 }, "week UTC 3", 0, [-DAY, 6 * DAY, 13 * DAY]],
  [{ kind: "week", ...UTC, startsOn: 7 }, "week UTC 7", 0, [-4 * DAY, 3 * DAY, 10 * DAY]],
  [{ kind: "month", ...UTC, startsOn: 1 }, "month UTC 1", 31 * DAY, [31 * DAY, 59 * DAY, 90 * DAY]],
  [
    { kind: "month", ...UTC, startsOn: 15 },
    "month UTC 15",
    13 * DAY,
    [-17 * DAY, 14 * DAY, 45 * DAY],
  ],
  [{ kind: "fixed", everyMs: 10, anchorMs: 3 }, "fixed 10 3", 13, [13, 23, 33]],
  [{ kind: "fixed", everyMs: 10, anchorMs: 3 }, "fixed 10 3", 12, [3, 13, 23]],
  [{ kind: "sliding", lengthMs: 100, buckets: 3 }, "sliding 100 3", 34, [34, 168, 268]],
  [{ kind: "sliding", lengthMs: 100, buckets: 3 }, "sliding 100 3", 33, [0, 134, 234]],
]

/** Where clocks change in an odd way: a window, an instant, and its period. */
const changes: readonly (readonly [string, "day" | "hour", string, string, readonly string[]])[] = [
  [
    "clocks that are set back across midnight stay in the day that has begun",
    "day",
    "America/St_Johns",
    "2010-11-07T02:40Z",
    ["2010-11-07T02:30Z", "2010-11-08T03:30Z", "2010-11-09T03:30Z"],
  ],
  [
    "the day before ends with the first of two midnights",
    "day",
    "America/St_Johns",
    "2010-11-07T02:29Z",
    ["2010-11-06T02:30Z", "2010-11-07T02:30Z", "2010-11-08T03:30Z"],
  ],
  [
    "an hour begins with the local hour",
    "hour",
    "Asia/Kathmandu",
    "2026-01-15T10:20Z",
    ["2026-01-15T10:15Z", "2026-01-15T11:15Z", "2026-01-15T12:15Z"],
  ],
  [
    "an hour that a change by half an hour begins in is short",
    "hour",
    "Australia/Lord_Howe",
    "2026-04-04T15:10Z",
    ["2026-04-04T15:00Z", "2026-04-04T15:30Z", "2026-04-04T16:30Z"],
  ],
  [
    "the hour before it is whole",
    "hour",
    "Australia/Lord_Howe",
    "2026-04-04T14:50Z",
    ["2026-04-04T14:00Z", "2026-04-04T15:00Z", "2026-04-04T15:30Z"],
  ],
  [
    "an hour that such a change ends is short",
    "hour",
    "America/Caracas",
    "2016-05-01T06:50Z",
    ["2016-05-01T06:30Z", "2016-05-01T07:00Z", "2016-05-01T08:00Z"],
  ],
]

describe("where clocks change", () => {
  it.each(changes)("%s", (_, kind, timeZone, at, period) => {
    const { startMs, endMs, keptUntilMs } = periodAt({ kind, timeZone }, Date.parse(at))
    const iso = (atMs: number): string => new Date(atMs).toISOString().replace(":00.000Z", "Z")
    expect([startMs, endMs, keptUntilMs].map(iso)).toEqual(period)
  })
})

describe("a window", () => {
  it.each(cases)("%o is called `%s` and holds %i in its period", (window, name, atMs, period) => {
    expect(windowName(window)).toBe(name)
    const [startMs, endMs, keptUntilMs] = period
    expect(periodAt(window, atMs)).toEqual({ startMs, endMs, keptUntilMs })
  })

  it("shares a period while it lasts, and cuts anew before and after", () => {
    const hour: Window = { kind: "hour", ...UTC }
    const period = periodAt(hour, HOUR)
    expect(periodAt(hour, HOUR)).toBe(period)
    expect(periodAt(hour, 2 * HOUR - 1)).toBe(period)
    expect(periodAt(hour, 2 * HOUR).startMs).toBe(2 * HOUR)
    expect(periodAt(hour, HOUR - 1).startMs).toBe(0)
    const sliding: Window = { kind: "sliding", lengthMs: 100, buckets: 2 }
    const bucket = periodAt(sliding, 50)
    expect(periodAt(sliding, 99)).toBe(bucket)
    expect(periodAt(sliding, 100).startMs).toBe(100)
    expect(windowName({ kind: "lifetime", idleMs: 7 })).toBe("lifetime 7")
  })
})
