import { describe, expect, it } from "vitest"
import { filledIn, placeholdersOf } from "../../../src/edge/fleet/template.ts"

const values = { n: "7", task: "3" }

describe("a text with placeholders", () => {
  it.each([
    ["k", "k", []],
    ["a{n}-{task}-{n}", "a7-3-7", ["n", "task", "n"]],
    ["s-{x}", "s-{x}", ["x"]],
    ["{constructor}", "{constructor}", ["constructor"]],
    ["{}{ n }", "{}{ n }", ["", " n "]],
    ["{{n}}", "{n}", []],
    ["{{n}}{n}{{x y}}", "{n}7{x y}", ["n"]],
    ["{{{n}}}", "{{n}}", []],
    ["{n}}, {{n}, }{", "7}, {7, }{", ["n", "n"]],
    ["a } b { c", "a } b { c", []],
  ])("%s", (template, filled, placeholders) => {
    expect(filledIn(template, values)).toBe(filled)
    expect(placeholdersOf(template)).toEqual(placeholders)
  })
})
