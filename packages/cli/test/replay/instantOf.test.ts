import { describe, expect, it } from "vitest"
import { instantOf } from "../../src/replay/instantOf.ts"

const AT_MS = Date.UTC(2026, 0, 15, 10, 0, 0, 123)

describe("instantOf", () => {
  it.each([
    "2026-01-15T10:00:00.123Z",
    "2026-01-15 10:00:00.1239999",
    "2026-01-15 10:00:00,123 UTC",
    "2026-01-15t11:00:00.123+01",
    "2026-01-15T08:30:00.123-0130",
    "1768471200.123",
    "1768471200123",
    "1768471200123999",
    "1768471200123456789",
    1_768_471_200.123,
    1_768_471_200_123.9,
    1_768_471_200_123_456,
    1.768_471_200_123_456e18,
  ])("reads %s", (value) => {
    expect(instantOf("time", value)).toBe(AT_MS)
  })

  it("takes a day for its beginning, and a minute for its", () => {
    expect(instantOf("time", "2026-01-15")).toBe(Date.UTC(2026, 0, 15))
    expect(instantOf("time", "2026-01-15 10:07")).toBe(Date.UTC(2026, 0, 15, 10, 7))
    expect(instantOf("time", "2028-02-29T10:07Z")).toBe(Date.UTC(2028, 1, 29, 10, 7))
  })

  it.each([
    "yesterday",
    "15.01.2026 10:00",
    "01/15/2026",
    "2026-02-30",
    "2026-02-29T10:00:00Z",
    "2026-13-01",
    "2026-01-15T25:00:00Z",
    "-1",
    "17684712",
    "99999999999999999999",
    -1,
    Number.NaN,
    true,
  ])("has a bad row for %s", (value) => {
    expect(() => instantOf("time", value)).toThrow(
      `\`time\` is \`${value}\`, not an instant; write 2026-01-15T10:00:00Z`,
    )
  })

  it("is null for what is not there", () => {
    for (const value of [undefined, null, "", "null"]) expect(instantOf("time", value)).toBeNull()
  })
})
