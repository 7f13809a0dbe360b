import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeText, encodeText } from "../../src/wire.ts"

/** Any UTF-16, the odd units often. */
const unit = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 0x61, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff),
  fc.constantFrom(0xe000, 0xe001, 0xe002, 0xfffd, 0xffff),
  fc.integer({ min: 0, max: 0xffff }),
)
const text = fc.array(unit, { maxLength: 8 }).map((units) => String.fromCharCode(...units))
const seed = Number(process.env.LAW_SEED ?? 42)
const numRuns = Number(process.env.LAW_RUNS ?? 2_000)

describe("text of any kind", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(text, (one) => decodeText(encodeText(one)) === one),
      { seed, numRuns },
    )
  })

  it("is valid UTF-8 without U+0000", () => {
    fc.assert(
      fc.property(text, (one) => {
        const encoded = encodeText(one)
        return !/[\uD800-\uDFFF]/.test(encoded) && !encoded.includes("\u0000")
      }),
      { seed, numRuns },
    )
  })

  it("is ordered by its bytes as it is in JavaScript", () => {
    const bytes = (one: string): Buffer => Buffer.from(encodeText(one), "utf8")
    const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(Buffer.compare(bytes(one), bytes(other))).toBe(order(one, other))
      }),
      { seed, numRuns },
    )
  })

  it("is left as it is where it is plain", () => {
    for (const plain of ["key-hour/k1", "__proto__", "é", "日本", "\u05d0"])
      expect(encodeText(plain)).toBe(plain)
  })

  it.each(["\u0001", "\u0001x", "\ue000", "\ue000a", "\ud800", "\u0000", "a\ue001\u0005"])(
    "that nobody wrote is not read: %j",
    (odd) => expect(decodeText(odd)).toBeUndefined(),
  )
})
