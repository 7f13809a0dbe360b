import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { accountText, accountTextCut, keysOf } from "../../src/operator/accountText.ts"

const SEED = 20_260_115
const runs = Number(process.env.LAW_RUNS ?? 500)

/** What callers may choose: controls, marks that turn a line around, lone surrogates, percent signs. */
const key = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      "%",
      "%4",
      "%41",
      " ",
      "/",
      "\u202e",
      "\u0000",
      "\u001b[2J",
      "\ud800",
      "é",
      "e\u0301",
      "日",
      "😀",
    ),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 12,
})

describe("the text of an account", () => {
  it("names the account that it is shown for, first of all", () => {
    fc.assert(
      fc.property(key, (one) => {
        expect(keysOf(accountText(one))[0]).toBe(one)
      }),
      { seed: SEED, numRuns: runs },
    )
  })

  it("is another for another account", () => {
    fc.assert(
      fc.property(key, key, (one, other) => {
        expect(accountText(one) === accountText(other)).toBe(one === other)
      }),
      { seed: SEED, numRuns: runs },
    )
  })

  it("moves no cursor, breaks no line, and turns nothing around", () => {
    fc.assert(
      fc.property(key, (one) => {
        expect(accountText(one)).not.toMatch(/[\s\p{C}]/u)
      }),
      { seed: SEED, numRuns: runs },
    )
  })

  it("is what people can read", () => {
    expect(accountText("day/zoë")).toBe("day/zoë")
    expect(accountText("org-day/4:acme/a b")).toBe("org-day/4:acme/a%20b")
    expect(keysOf("day/100%")).toEqual(["day/100%"])
    expect(accountTextCut("x".repeat(500))).toHaveLength(120)
  })
})
