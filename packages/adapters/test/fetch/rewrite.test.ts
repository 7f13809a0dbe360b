import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { membersOf } from "../../src/fetch/members.ts"
import { namedTwice, rewrite } from "../../src/fetch/rewrite.ts"

const runs = { numRuns: Number(process.env.LAW_RUNS ?? 300), seed: 20261101 }

/** JSON text with spaces between its parts, as servers and people write it. */
const spaced = fc
  .tuple(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(0, 1, 2, "\t"))
  .map(([value, indent]) => JSON.stringify(value, null, indent))
const object = fc
  .tuple(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), fc.constantFrom(0, 1, 3))
  .map(([value, indent]) => ({ value, text: JSON.stringify(value, null, indent) }))

describe("members of an object's text", () => {
  it("are those of the parsed object, each with its own value", () => {
    fc.assert(
      fc.property(object, ({ text }) => {
        const read = membersOf(text, text.indexOf("{")).map(({ name, valueStart, end }) => [
          name,
          JSON.parse(text.slice(valueStart, end)),
        ])
        expect(Object.fromEntries(read)).toEqual(JSON.parse(text))
      }),
      runs,
    )
  })

  it("end where a string ends, however it is escaped", () => {
    const text = String.raw`{"a\"b":"x\\","c":"\\\"}","d":[{"e":"]"}],"f":-1.5e9 ,"g":null}`
    const names = membersOf(text, 0).map(({ name }) => name)
    expect(names).toEqual(['a"b', "c", "d", "f", "g"])
  })
})

describe("rewrite", () => {
  it("sets the field and changes nothing else", () => {
    fc.assert(
      fc.property(object, fc.string(), spaced, ({ value, text }, name, json) => {
        const set: unknown = JSON.parse(json)
        const written = rewrite(text, [{ path: [name], value: set }])
        const expected = Object.entries(value).filter(([key]) => key !== name)
        const read = JSON.parse(written) as Record<string, unknown>
        expect(
          Object.entries(read)
            .filter(([key]) => key !== name)
            .sort(),
        ).toEqual(expected.sort())
        expect(Object.getOwnPropertyDescriptor(read, name)?.value).toEqual(set)
      }),
      runs,
    )
  })

  it.each([
    [
      '{"n":12345678901234567890, "max_tokens" : 900 }',
      '{"n":12345678901234567890, "max_tokens" : 7 }',
    ],
    ['{ "a": 1.0 }', '{"max_tokens":7, "a": 1.0 }'],
    ["{}", '{"max_tokens":7}'],
    ['\n{"x":"\\u00e9"}', '\n{"max_tokens":7,"x":"\\u00e9"}'],
  ])("keeps every other byte of %s", (source, written) => {
    expect(rewrite(source, [{ path: ["max_tokens"], value: 7 }])).toBe(written)
  })

  it.each([
    ["{}", '{"a":{"b":true}}'],
    ['{"a":null}', '{"a":{"b":true}}'],
    ['{"a":{ "c":1}}', '{"a":{"b":true, "c":1}}'],
    ['{"a":{"b":false,"c":1}}', '{"a":{"b":true,"c":1}}'],
  ])("sets a field within a field of %s", (source, written) => {
    expect(rewrite(source, [{ path: ["a", "b"], value: true }])).toBe(written)
  })
})

describe("a name given twice", () => {
  it.each([
    ['{"model":"a","x":{"model":"b"}}', null],
    ['{"model":"a","model":"b"}', "model"],
    ['{"model":"a","mod\\u0065l":"b"}', "model"],
    ['{"a":{"b":1,"b":2}}', "a.b"],
    ['{"z":{"b":1,"b":2}}', null],
    ["{}", null],
  ])("is found in %s", (source, twice) => {
    expect(namedTwice(source, ["a"])).toBe(twice)
  })
})
