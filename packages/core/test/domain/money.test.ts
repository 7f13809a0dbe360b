import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatUsd, isAmount, parseUsd } from "../../src/domain/money.ts"

describe("money", () => {
  it("survives the way to text and back, up to 2^53 − 1", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (nano) => parseUsd(formatUsd(nano)) === nano),
      { seed: 42 },
    )
  })
  it.each(["", "-1", "1e3", "0.0000000001", "NaN", "9007199.254740992", "1.", ".5", "１"])(
    "refuses `%s`",
    (text) => expect(parseUsd(text)).toBeUndefined(),
  )
  it("reads the largest amount exactly", () =>
    expect(parseUsd("9007199.254740991")).toBe(Number.MAX_SAFE_INTEGER))
  it.each([
    [0, "0"],
    [1, "0.000000001"],
    [1_200_000_000, "1.2"],
    [10_000_000_000, "10"],
    [-250_000_000, "-0.25"],
  ])("writes %i nano-USD as `%s`", (nano, text) => expect(formatUsd(nano)).toBe(text))
  it("knows an amount from what is none", () => {
    expect([0, 1, Number.MAX_SAFE_INTEGER].every(isAmount)).toBe(true)
    const others = [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, "1", null, undefined]
    expect(others.filter(isAmount)).toEqual([])
  })
})
