import type { Admitted, Extended } from "@spendfuse/core"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { closingOf } from "../../../src/fetch/slices/closings.ts"
import { Writing } from "../../../src/fetch/slices/writing.ts"
import { CHAT_URL, chat, opened, policyOf, upstreamOf } from "../harness.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 150)
const SEED = Number(process.env.LAW_SEED ?? 42)
const options = { numRuns: RUNS, seed: SEED }

/** Nano-USD for an output token of gpt-4o, and for its input: 2.5 and 10 USD a million. */
const OUTPUT_NANO = 10_000
const INPUT_NANO = 2_500

const encoder = new TextEncoder()
const head = { id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-4o" }
const event = (delta: unknown, more: Record<string, unknown> = {}): string =>
  `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`

/** Pieces of text that a model may write: words, spaces, signs of up to four bytes. */
const piece = fc.oneof(
  fc.constantFrom("a", "the ", "é", "☕", "🦊", "\n\n", 'quo"te', "data: x"),
  fc.string({ minLength: 1, maxLength: 40 }),
)
const script = fc.record({
  pieces: fc.array(piece, { minLength: 1, maxLength: 120 }),
  /** Bytes of each chunk in turn: events come in parts, and several at once. */
  sizes: fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 }),
  slice: fc.integer({ min: 64, max: 400 }),
  /** What the budget has for output, in tokens. */
  tokens: fc.integer({ min: 20, max: 3_000 }),
  /** Bytes of text that the provider bills one token for. */
  perToken: fc.integer({ min: 1, max: 6 }),
  /** Another call that takes what is left once so many chunks have passed. */
  rivalAt: fc.option(fc.integer({ min: 0, max: 60 }), { nil: null }),
})

const bytesOf = (text: string): number => encoder.encode(text).byteLength

const inChunks = (text: string, sizes: readonly number[]): Uint8Array[] => {
  const bytes = encoder.encode(text)
  const chunks: Uint8Array[] = []
  for (let at = 0, n = 0; at < bytes.byteLength; n += 1) {
    const size = sizes[n % sizes.length] ?? 1
    chunks.push(bytes.slice(at, at + size))
    at += size
  }
  return chunks
}

const textIn = (body: string): string =>
  body
    .split("\n\n")
    .filter((one) => one.startsWith("data: {"))
    .map((one) => JSON.parse(one.slice(6)).choices?.[0]?.delta?.content ?? "")
    .join("")

describe("a stream in slices", () => {
  it("never passes what is held, never spends above the cap, and is free nowhere", async () => {
    await fc.assert(
      fc.asyncProperty(script, async ({ pieces, sizes, slice, tokens, perToken, rivalAt }) => {
        const said = pieces.join("")
        const billed = Math.ceil(bytesOf(said) / perToken)
        const usage = { prompt_tokens: 5, completion_tokens: billed, total_tokens: 5 + billed }
        const body = [
          ...pieces.map((content) => event({ content })),
          event({}, { usage: null }).replace('"finish_reason":null', '"finish_reason":"stop"'),
          `data: ${JSON.stringify({ ...head, choices: [], usage })}\n\n`,
          "data: [DONE]\n\n",
        ].join("")
        const request = chat({ model: "gpt-4o", stream: true, max_completion_tokens: 8_000 })
        const inputNano = (bytesOf(String(request.body)) + 64) * INPUT_NANO
        const capNano = inputNano + tokens * OUTPUT_NANO
        let given = 0
        let wasGivenUp = false
        const chunks = inChunks(body, sizes)
        const upstream = upstreamOf(
          () =>
            new Response(
              new ReadableStream(
                {
                  pull: async (controller) => {
                    const chunk = chunks[given]
                    if (given === rivalAt) await takeAll()
                    given += 1
                    if (chunk === undefined) controller.close()
                    else controller.enqueue(chunk)
                  },
                  cancel: () => {
                    wasGivenUp = true
                  },
                },
                { highWaterMark: 0 },
              ),
              { headers: { "content-type": "text/event-stream" } },
            ),
        )
        const decided: Admitted[] = []
        const test = opened({
          policy: policyOf((capNano / 1e9).toFixed(9), { maxOutputTokens: 8_000 }),
          fetch: { fetch: upstream, stream: { sliceTokens: slice } },
        })
        const { spendfuse } = test
        const takeAll = async (): Promise<void> => {
          const [line] = await spendfuse.remaining({ apiKey: "k1" })
          const usd = line?.remaining ?? 0
          const rival = await spendfuse.reserve({ subject: { apiKey: "k1" }, amounts: { usd } })
          if (rival.allowed) decided.push(rival)
        }
        const response = await test.guarded(CHAT_URL, request)
        const heard = await response.text()
        await test.guarded.idle()
        const spent = await test.spent()
        const rivals = decided.reduce((sum, { held }) => sum + held.usd, 0)
        expect(spent.settled).toBeLessThanOrEqual(capNano - rivals)
        expect(spent.held).toBe(rivals)
        expect([...test.counts().ends.values()].filter((ends) => ends > 1)).toEqual([])
        if (!response.ok) return
        const text = textIn(heard)
        const isCut = heard.includes("spendfuse_cut")
        expect(said.startsWith(text)).toBe(true)
        if (!isCut) {
          expect(text).toBe(said)
          expect(spent.settled).toBe(5 * INPUT_NANO + billed * OUTPUT_NANO)
          return
        }
        expect(heard).toContain('"finish_reason":"length"')
        expect(wasGivenUp).toBe(true)
        // What has passed is paid for at the dearest, and no more than one slice beside it.
        const passedNano = bytesOf(text) * OUTPUT_NANO
        expect(spent.settled - inputNano).toBeGreaterThanOrEqual(passedNano)
        expect(spent.settled - inputNano).toBeLessThan(passedNano + (slice + 240) * OUTPUT_NANO)
        await spendfuse.close()
      }),
      options,
    )
  })

  it("passes less than one slice after a refusal, and asks no more than once for each slice and event", async () => {
    const { SliceMeter } = await import("../../../src/fetch/slices/sliceMeter.ts")
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          writes: fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 200 }),
          slice: fc.integer({ min: 64, max: 400 }),
          room: fc.integer({ min: 0, max: 4_000 }),
          choices: fc.integer({ min: 1, max: 3 }),
        }),
        async ({ writes, slice, room, choices }) => {
          let left = room
          let heldTokens = slice
          let asked = 0
          let refusedAt: number | null = null
          let passed = 0
          const decision = {
            maxOutputTokens: 100_000,
            get heldTokens() {
              return heldTokens
            },
            extend: async ({ least, most }: { least: number; most: number }): Promise<Extended> => {
              asked += 1
              await Promise.resolve()
              if (left < least) {
                refusedAt ??= passed
                return { allowed: false, reason: "exhausted" } as never
              }
              const tokens = Math.min(left, most)
              left -= tokens
              heldTokens += tokens
              return { allowed: true, tokens, drain: false }
            },
          } as unknown as Admitted
          const slicing = {
            sliceTokens: slice,
            unseenTokens: 0,
            choices,
            tokensOf: (text: string) => text.length,
            cutAs: "error",
          } as const
          const meter = new SliceMeter(decision, slicing, () => undefined)
          let events = 0
          for (const tokens of writes) {
            if (!(await meter.admit(tokens))) break
            events += 1
            passed += tokens
            expect(meter.counted).toBeLessThanOrEqual(meter.held)
          }
          if (events < writes.length) {
            expect(meter.cause).not.toBe(null)
            expect(passed - (refusedAt ?? Number.NaN)).toBeLessThan(slice * choices)
          }
          expect(asked).toBeLessThanOrEqual(Math.ceil(room / slice) + 4)
        },
      ),
      options,
    )
  })

  it("counts what it writes from above, whatever it writes, and never throws", () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (text, value) => {
        const bytes = (one: string): number => encoder.encode(one).byteLength
        for (const shape of [
          "openai-chat",
          "openai-responses",
          "anthropic-messages",
          "gemini",
        ] as const) {
          const writing = new Writing(shape, bytes)
          const closing = closingOf(shape)
          for (const event of [value, { choices: value }, { candidates: value }, { item: value }]) {
            expect(writing.of(event)).toBeGreaterThanOrEqual(0)
            if (typeof event === "object" && event !== null && !Array.isArray(event))
              closing.take(event as never)
          }
          expect(closing.end(1).length).toBeGreaterThanOrEqual(0)
        }
        const writes: readonly (readonly [Parameters<typeof closingOf>[0], unknown])[] = [
          ["openai-chat", { choices: [{ delta: { content: text } }] }],
          ["openai-chat", { choices: [{ delta: { reasoning_content: text } }] }],
          [
            "openai-chat",
            { choices: [{ delta: { tool_calls: [{ function: { arguments: text } }] } }] },
          ],
          ["openai-responses", { type: "response.output_text.delta", delta: text }],
          [
            "openai-responses",
            { type: "response.output_item.done", item: { content: [{ text }] } },
          ],
          ["openai-responses", { type: "response.output_item.done", item: { arguments: text } }],
          [
            "anthropic-messages",
            { type: "content_block_delta", delta: { type: "text_delta", text } },
          ],
          ["anthropic-messages", { type: "content_block_delta", delta: { partial_json: text } }],
          ["gemini", { candidates: [{ content: { parts: [{ text }] } }] }],
          [
            "gemini",
            { candidates: [{ content: { parts: [{ functionCall: { args: { a: text } } }] } }] },
          ],
        ]
        for (const [shape, event] of writes)
          expect(new Writing(shape, bytes).of(event)).toBeGreaterThanOrEqual(bytes(text))
      }),
      options,
    )
  })
})
