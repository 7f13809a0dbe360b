import { expect, it } from "vitest"
import { reservationName, sourceKey } from "../../src/domain/source.ts"

it("a source has a key of its own in each division, asked in any order", () => {
  const asked = [
    ["s", "*"],
    ["s", "org"],
    ["t", "org"],
    ["t", "org"],
    ["s", "*"],
    ["s/o", "*"],
    ["s", "o/*"],
  ] as const
  expect(asked.map(([source, division]) => sourceKey(source, division))).toEqual([
    "1:s/*",
    "1:s/org",
    "1:t/org",
    "1:t/org",
    "1:s/*",
    "3:s/o/*",
    "1:s/o/*",
  ])
})

it("a reservation is named by its Reserve, and by its division where it is not the shared one", () => {
  expect(reservationName({ source: "s", n: 7 }, "*")).toBe("s/7")
  expect(reservationName({ source: "s", n: 7 }, "org")).toBe("s/7@org")
})
