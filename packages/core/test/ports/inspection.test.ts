import { describe, expect, it } from "vitest"
import { storeClockCheck } from "../../src/ports.ts"

describe("the clocks of an inspection", () => {
  it.each([
    [0, "ok", "0 ms ahead"],
    [-1_999, "ok", "1999 ms behind"],
    [2_000, "warn", "2000 ms ahead"],
    [-599_999, "warn", "behind"],
    [600_000, "fail", "ahead"],
    [-600_000, "fail", "behind"],
  ])("apart by %i ms are %s", (aheadMs, state, words) => {
    const check = storeClockCheck(aheadMs)
    expect(check.state).toBe(state)
    expect(check.found).toContain(words)
    expect(check.mend === null).toBe(state === "ok")
  })
})
