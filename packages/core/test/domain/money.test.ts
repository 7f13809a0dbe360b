import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatUsd, parseUsd } from "../../src/domain/money.ts"

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
})
