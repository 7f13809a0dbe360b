import { describe, expect, it } from "vitest"
import { accountKey, budgetOf, dimensionValue, type Subject } from "../../src/domain/subject.ts"

describe("a subject", () => {
  it("has only strings of its own, and the platform", () => {
    const subject = { apiKey: "k1", empty: "", n: 1 } as unknown as Subject
    const names = ["apiKey", "empty", "n", "org", "toString", "__proto__", "platform"]
    expect(names.map((name) => dimensionValue(subject, name))).toEqual([
      "k1",
      "",
      undefined,
      undefined,
      undefined,
      undefined,
      "all",
    ])
  })

  it("has one key for each list of values", () => {
    expect(accountKey("key-hour", ["k1"])).toBe("key-hour/k1")
    expect(accountKey("b", ["a", "bc"])).toBe("b/1:a/bc")
    expect(accountKey("b", [])).toBe("b/")
    expect(accountKey("b", ["a/1:b", "c"])).not.toBe(accountKey("b", ["a", "b", "c"]))
    expect(budgetOf("b/1:a/bc")).toBe("b")
  })
})
