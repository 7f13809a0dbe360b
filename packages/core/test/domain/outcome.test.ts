import { describe, expect, it } from "vitest"
import { EXPIRE_MAX } from "../../src/domain/command.ts"
import { leavesMore, type Outcome } from "../../src/domain/outcome.ts"

const ended = (count: number): Outcome => ({
  kind: "expired",
  reservations: Array.from({ length: count }, (_, at) => `r${at}`),
})

describe("whether an Expire leaves more", () => {
  it("does where it ended or moved as many as one may", () => {
    expect(leavesMore(ended(EXPIRE_MAX), 0)).toBe(true)
    expect(leavesMore(ended(0), EXPIRE_MAX)).toBe(true)
    expect(leavesMore(ended(1), EXPIRE_MAX + 1)).toBe(true)
  })

  it("does not where either was less, however many both are together", () => {
    expect(leavesMore(ended(EXPIRE_MAX - 1), EXPIRE_MAX - 1)).toBe(false)
    expect(leavesMore(ended(0), 0)).toBe(false)
  })

  it("does not where something else was answered", () => {
    expect(leavesMore({ kind: "switched" }, EXPIRE_MAX)).toBe(false)
  })
})
