import { isDeepStrictEqual } from "node:util"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { DEPTH_MAX, fromJson, toJson } from "../../src/wire/json.ts"

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("", "\u0000", "\ud800", "\udfff\ud800", "__proto__", "constructor", "é\u2028"),
  fc.constantFrom("$map", "$num", "$obj", "$ref", "$", "$other"),
)
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 1 / 3, 33.3, 5e-324),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
)
const objectOf = (member: fc.Arbitrary<unknown>): fc.Arbitrary<object> =>
  fc.array(fc.tuple(text, member), { maxLength: 4 }).map((entries) => Object.fromEntries(entries))
const { plain } = fc.letrec<{ plain: unknown }>((tie) => ({
  plain: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.oneof(fc.constant(null), fc.boolean(), text, number),
    fc.array(tie("plain"), { maxLength: 4 }),
    objectOf(tie("plain")),
    fc
      .array(fc.tuple(fc.oneof(text, number), tie("plain")), { maxLength: 4 })
      .map((e) => new Map(e)),
  ),
}))
const runs = { seed: 7, numRuns: 2_000 }
const nested = (depth: number): unknown => {
  let value: unknown = 1
  for (let i = 0; i < depth; i += 1) value = i % 2 === 0 ? [value] : { a: value }
  return value
}

describe("toJson and fromJson", () => {
  it("answer the same value, keys, Maps and odd text included", () => {
    fc.assert(
      fc.property(plain, (value) => {
        const written = toJson(value)
        const read = fromJson(written)
        expect(isDeepStrictEqual(read, { ok: true, value })).toBe(true)
        if (read.ok) expect(toJson(read.value)).toBe(written)
        expect(/[\n\ud800-\udfff]/u.test(written)).toBe(false)
      }),
      runs,
    )
  })
  it("keep `__proto__` an own key and no one's prototype", () => {
    const value: unknown = JSON.parse('{"__proto__":{"polluted":true},"a":{"$num":"Infinity"}}')
    const read = fromJson(toJson({ "": value, map: new Map([["__proto__", value]]) }))
    expect(read.ok && Object.hasOwn((read.value as { "": object })[""], "__proto__")).toBe(true)
    const tagged = fromJson('{"a":{"__proto__":{"$num":"Infinity"}}}')
    const a = tagged.ok ? (tagged.value as { a: object }).a : {}
    expect(Object.getPrototypeOf(a)).toBe(Object.prototype)
    expect(Object.getOwnPropertyDescriptor(a, "__proto__")?.value).toBe(Number.POSITIVE_INFINITY)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
  it("write shared values once, by number", () => {
    const terms = { id: "t" }
    const shared = {
      numberOf: (key: string, value: object) =>
        key === "terms" && value === terms ? 3 : undefined,
    }
    const written = toJson({ a: { terms }, b: [{ terms }], terms: { id: "t" } }, shared)
    expect(written).toBe('{"a":{"terms":{"$ref":3}},"b":[{"terms":{"$ref":3}}],"terms":{"id":"t"}}')
    const read = fromJson(written, (ref) => (ref === 3 ? terms : undefined))
    expect(read.ok && (read.value as { a: { terms: unknown } }).a.terms).toBe(terms)
    expect(fromJson('{"a":{"$ref":4}}', () => undefined).ok).toBe(false)
    expect(fromJson('{"a":{"$ref":4}}').ok).toBe(false)
  })
  it("agree on how deep data may be", () => {
    expect(fromJson(toJson(nested(DEPTH_MAX))).ok).toBe(true)
    expect(() => toJson(nested(DEPTH_MAX + 1))).toThrow("nested deeper")
    expect(fromJson(`${"[".repeat(DEPTH_MAX + 1)}${"]".repeat(DEPTH_MAX + 1)}`)).toMatchObject({
      ok: false,
      reason: "nested deeper than 64",
    })
    const infinite = [Number.POSITIVE_INFINITY]
    let deep: unknown = infinite
    for (let i = 1; i < DEPTH_MAX; i += 1) deep = [deep]
    expect(fromJson(toJson(deep))).toStrictEqual({ ok: true, value: deep })
  })
  it.each([
    ["NaN", Number.NaN],
    ["an integer beyond 2^53 − 1", 2 ** 53],
    ["a bigint", 1n],
    ["undefined in a list", [undefined]],
    ["a date", new Date(0)],
    ["a set", { a: new Set() }],
    ["a function", () => 1],
  ])("write no %s", (_, value) => {
    expect(() => toJson(value)).toThrow(TypeError)
  })
  it("write no cycle", () => {
    const cycle: { self?: object } = {}
    cycle.self = cycle
    expect(() => toJson(cycle)).toThrow("nested deeper")
  })
  it.each([
    ["", "not JSON"],
    ["{", "not JSON"],
    ["9007199254740993", "beyond 2^53"],
    ["[1e999]", "beyond 2^53"],
    ['{"$num":"NaN"}', "$num"],
    ['{"$num":1}', "$num"],
    ['{"$map":{}}', "not a list"],
    ['{"$map":[[1]]}', "not a pair"],
    ['{"$map":[["a",1],["a",2]]}', "twice"],
    ['{"$obj":["a",1]}', "no tag"],
    ['{"$obj":["$a"]}', "a key and a value"],
    ['{"$date":0}', "`$date` is not known"],
  ])("refuse %s", (input, reason) => {
    const read = fromJson(input)
    expect(read.ok ? "read" : read.reason).toContain(reason)
  })
  it("answer any text with a value or a reason", () => {
    const words = fc.constantFrom(...'[]{}:,"-.0123456789eE$ numapobjrefInfinity\\u0000 \n')
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: words }), fc.json()),
        (input) => {
          const read = fromJson(input)
          if (read.ok) expect(fromJson(toJson(read.value))).toMatchObject({ ok: true })
          else expect(read.reason).not.toBe("")
        },
      ),
      runs,
    )
    expect(fromJson("[".repeat(1_000_000))).toMatchObject({ ok: false })
    expect(fromJson("[".repeat(1_000_000) + "]".repeat(1_000_000))).toMatchObject({ ok: false })
  })
})
