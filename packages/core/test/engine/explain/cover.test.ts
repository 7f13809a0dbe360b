import { describe, expect, it } from "vitest"
import { cheapestCover } from "../../../src/engine/explain/cover.ts"

const utc = { timeZone: "UTC" } as const
const day = { id: "day", window: { kind: "day", ...utc }, cap: 10n } as const
const week = { id: "week", window: { kind: "week", ...utc, startsOn: 1 }, cap: 30n } as const
const month = { id: "month", window: { kind: "month", ...utc, startsOn: 1 }, cap: 900n } as const
/** It begins on a Sunday and ends on a Tuesday. */
const MARCH = { startMs: Date.UTC(2026, 2, 1), endMs: Date.UTC(2026, 3, 1) }

describe("the cheapest cover", () => {
  it("takes days at the edges, where a week costs more than the days that are left of it", () => {
    expect(cheapestCover(MARCH, [day, week, month])).toEqual({
      amount: 150n,
      by: [
        { budget: "week", periods: 4 },
        { budget: "day", periods: 3 },
      ],
    })
  })

  it("takes whole periods where nothing finer binds", () => {
    expect(cheapestCover(MARCH, [week])?.amount).toBe(180n)
    expect(cheapestCover(MARCH, [week, { ...month, cap: 170n }])?.amount).toBe(170n)
  })

  it("is null where no budget binds", () => {
    expect(cheapestCover(MARCH, [])).toBeNull()
  })
})
