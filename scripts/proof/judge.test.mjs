import { describe, expect, it } from "vitest"
import { TIERS } from "./budget.mjs"
import { judge } from "./judge.mjs"

const LIMIT = 1_000
const events = TIERS.map((share) => ({
  kind: "tier",
  id: `all/all/${share}`,
  level: LIMIT * share,
  atMs: share * 100,
  channels: ["people"],
}))
const book = { spent: LIMIT, calls: 10, refused: {}, notices: [], line: [], refusedAtMs: 100 }

const failed = (change = {}) =>
  judge({
    load: { processes: 1, lease: null },
    limit: LIMIT,
    books: [{ ...book, line: events.map(({ atMs, level }) => [atMs, level]) }],
    told: events.map(({ id }) => id),
    events,
    watched: { most: LIMIT, settled: LIMIT, held: 0 },
    storeMicros: null,
    tookMs: 1_000,
    ...change,
  })
    .claims.filter(({ holds }) => !holds)
    .map(({ name }) => name)

describe("what many processes on one budget may not do", () => {
  it("acquits those that page once for each crossing", () => {
    expect(failed()).toEqual([])
  })

  it.each([
    ["a page twice", { told: [...events, events[2]].map(({ id }) => id) }],
    ["a page never", { told: events.slice(1).map(({ id }) => id) }],
    ["two events of one level", { events: [...events, { ...events[0], id: "another" }] }],
    ["a level without an event", { events: events.slice(1) }],
  ])("convicts %s", (_, change) => {
    expect(failed(change)).toContain("exactly one page per crossing")
  })
})
