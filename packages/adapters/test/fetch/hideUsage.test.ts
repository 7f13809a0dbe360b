import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { EventCutter } from "../../src/fetch/cutter.ts"
import { UsageHider } from "../../src/fetch/hideUsage.ts"

const runs = { numRuns: Number(process.env.LAW_RUNS ?? 300), seed: 20261102 }
const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** Passes the bytes through in pieces; what came out after each piece, and at the end. */
const passed = (bytes: Uint8Array, cuts: readonly number[]): string[] => {
  const cutter = new EventCutter(1_048_576)
  const hider = new UsageHider()
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  const out: Uint8Array[] = []
  let from = 0
  for (const end of [...ends, bytes.length]) {
    out.push(hider.shown(cutter.push(bytes.subarray(from, end))))
    from = end
  }
  out.push(hider.shown(cutter.take()))
  return out.map((part) => decoder.decode(part))
}

const whole = (bytes: Uint8Array, cuts: readonly number[]): string => passed(bytes, cuts).join("")

const head = { id: "c1", object: "chat.completion.chunk" }
/** A server's stream without and with `include_usage`: null first, in the middle, last or not at all. */
const streams = fc
  .record({
    texts: fc.array(
      fc.oneof(fc.string(), fc.constantFrom('","usage":null,"', "☕\r\n", '"usage"')),
    ),
    nulls: fc.constantFrom("first", "middle", "last", "none"),
    newline: fc.constantFrom("\n", "\r\n", "\r"),
    python: fc.boolean(),
    done: fc.boolean(),
    comment: fc.boolean(),
    bom: fc.boolean(),
    ends: fc.boolean(),
  })
  .map(({ texts, nulls, newline, python, done, comment, bom, ends }) => {
    const json = (value: unknown): string =>
      python ? JSON.stringify(value, null, 1).replace(/\n\s*/g, " ") : JSON.stringify(value)
    const event = (data: string): string => `data: ${data}${newline}${newline}`
    const side = (asked: boolean): string => {
      const chunk = (delta: unknown): string => {
        const usage = asked && nulls !== "none" ? { usage: null } : {}
        const choices = [{ index: 0, delta, finish_reason: null, usage: null }]
        if (nulls === "first") return event(json({ ...usage, ...head, choices }))
        if (nulls === "last") return event(json({ ...head, choices, ...usage }))
        return event(json({ ...head, ...usage, choices }))
      }
      const parts = texts.map((content) => chunk({ content }))
      if (comment) parts.push(`: keep alive${newline}${newline}`)
      if (asked) parts.push(event(json({ ...head, choices: [], usage: { prompt_tokens: 1 } })))
      if (done) parts.push(event("[DONE]"))
      if (!ends) parts.push('data: {"half')
      return `${bom ? "\ufeff" : ""}${parts.join("")}`
    }
    return { plain: side(false), asked: side(true) }
  })

describe("usage that the caller did not ask for", () => {
  it("is hidden, and every other byte is what the caller would have seen", () => {
    fc.assert(
      fc.property(streams, fc.array(fc.nat(4_000), { maxLength: 12 }), ({ plain, asked }, cuts) => {
        expect(whole(encoder.encode(asked), cuts)).toBe(plain)
      }),
      runs,
    )
  })

  it("leaves a stream without any as it is, byte by byte, whatever it is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300)), (bytes, cuts) => {
        const cutter = new EventCutter(1_048_576)
        const hider = new UsageHider()
        const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
        const out: Uint8Array[] = []
        let from = 0
        for (const end of [...ends, bytes.length]) {
          out.push(hider.shown(cutter.push(bytes.slice(from, end))))
          from = end
        }
        out.push(hider.shown(cutter.take()))
        expect([...Buffer.concat(out)]).toEqual([...bytes])
      }),
      runs,
    )
  })

  it("holds back no more than one event that is not whole yet", () => {
    const first = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
    const second = 'data: {"choices":[{"delta":{"content":"b"}}]}\n\n'
    const bytes = encoder.encode(first + second)
    const [one, two] = passed(bytes, [first.length + 10])
    expect(one).toBe(first)
    expect(two).toBe(second)
  })

  it("passes an event on that is too long to be held back", () => {
    const cutter = new EventCutter(100)
    const hider = new UsageHider()
    const long = encoder.encode(`data: {"choices":"${"x".repeat(200)}`)
    expect(hider.shown(cutter.push(long))).toHaveLength(long.length)
  })

  it("keeps a usage that rides on a chunk with choices", () => {
    const event = 'data: {"choices":[{"index":0}],"usage":{"prompt_tokens":1}}\n\n'
    expect(whole(encoder.encode(event), [])).toBe(event)
  })
})
