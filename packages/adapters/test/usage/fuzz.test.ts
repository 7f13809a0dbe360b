import { USAGE_COMPONENTS } from "@spendfuse/core/domain"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Call, callOf, outputLimitPath } from "../../src/fetch/callOf.ts"
import { NAMED_INPUT } from "../../src/fetch/inputBound.ts"
import { SseParser } from "../../src/fetch/usage/sse.ts"
import {
  readUsage,
  readUsageText,
  type Shape,
  type UsageAnswer,
  UsageStream,
} from "../../src/fetch.ts"

const runs = {
  numRuns: Number(process.env.LAW_RUNS ?? 500),
  seed: Number(process.env.LAW_SEED ?? 20261125),
}

const SHAPES: readonly Shape[] = [
  "openai-chat",
  "openai-responses",
  "openai-embeddings",
  "anthropic-messages",
  "gemini",
]
const shapes = fc.constantFrom(...SHAPES)

/** Names that the readers look for, and names that must not hurt. */
const names = fc.constantFrom(
  ..."usage usageMetadata message response type model service_tier speed inference_geo cost is_byok cost_details total_cost upstream_inference_cost cost_in_usd_ticks prompt_tokens completion_tokens total_tokens prompt_tokens_details completion_tokens_details cached_tokens cached_tokens_details audio_tokens image_tokens input_tokens output_tokens input_tokens_details cache_write_tokens cache_creation cache_creation_input_tokens cache_read_input_tokens ephemeral_1h_input_tokens server_tool_use web_search_requests iterations promptTokenCount candidatesTokenCount thoughtsTokenCount cachedContentTokenCount totalTokenCount promptTokensDetails cacheTokensDetails candidatesTokensDetails modality tokenCount candidates choices finish_reason output data created object x_groq __proto__ constructor toString hasOwnProperty length".split(
    " ",
  ),
)
const counts = fc.oneof(
  fc.nat(1_000),
  fc.constantFrom(-1, 0.5, 1e300, 2 ** 53, -0, Number.MAX_SAFE_INTEGER, 1e-30),
)
const leaves = fc.oneof(
  counts,
  counts,
  fc.constantFrom(null, true, "", "AUDIO", "SMELL", "12", "message_start", "message_delta", "stop"),
  fc.string({ maxLength: 5 }),
)
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    leaves,
    fc.dictionary(names, tie("json"), { maxKeys: 8 }),
    fc.array(tie("json"), { maxLength: 3 }),
  ),
}))

/** A body that could be real, with arbitrary things in the places that are read. */
const bodies = fc
  .tuple(names, fc.dictionary(names, json, { maxKeys: 10 }), json)
  .map(([name, usage, other]): object => ({
    usage,
    usageMetadata: usage,
    type: name,
    message: { usage },
    response: { usage, output: [other] },
    [name]: other,
  }))

/** JSON as it comes: `__proto__` is a field like any other. */
const sent = fc.oneof(json, bodies).map((value) => JSON.parse(JSON.stringify(value) ?? "null"))

const isSound = (read: UsageAnswer): void => {
  if (read === null) return
  if ("problem" in read) {
    expect(read.problem.length).toBeLessThan(400)
    return
  }
  for (const [component, count] of Object.entries(read.usage)) {
    expect(USAGE_COMPONENTS).toContain(component)
    expect(Number.isInteger(count) && count > 0).toBe(true)
  }
  const { chargeNanoUsd = 0 } = read
  expect(Number.isSafeInteger(chargeNanoUsd) && chargeNanoUsd >= 0).toBe(true)
}

describe("whatever a provider answers", () => {
  it("is a usage, a problem or nothing: no exception, no NaN, nothing below zero", () => {
    fc.assert(
      fc.property(shapes, sent, (shape, body) => {
        isSound(readUsage(shape, body))
      }),
      { ...runs, numRuns: 4 * runs.numRuns },
    )
  })

  it("is so for what is no JSON at all", () => {
    const any = fc.anything({ withNullPrototype: true, withBigInt: true, withMap: true })
    fc.assert(
      fc.property(shapes, any, (shape, body) => {
        isSound(readUsage(shape, body))
      }),
      runs,
    )
  })

  it("is so for streams of anything, and for their text", () => {
    fc.assert(
      fc.property(shapes, fc.array(sent, { maxLength: 5 }), fc.string(), (shape, events, noise) => {
        const stream = new UsageStream(shape)
        for (const event of events) {
          stream.push(JSON.stringify(event))
          stream.take(event)
          stream.push(noise)
        }
        stream.end()
        isSound(stream.answer.read)
        const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(noise)
        isSound(readUsageText(shape, text))
        isSound(readUsageText(shape, noise))
        isSound(readUsageText(shape, JSON.stringify(events)))
      }),
      runs,
    )
  })

  it("may be nested as deep as JSON can be", () => {
    const deep = 20_000
    for (const text of [
      `${"[".repeat(deep)}${"]".repeat(deep)}`,
      `${'{"usage":'.repeat(deep)}1${"}".repeat(deep)}`,
    ])
      for (const shape of SHAPES) {
        isSound(readUsageText(shape, text))
        const body = { messages: JSON.parse(text) }
        expect(bound(shape, body, text.length).inputTokens).toBeGreaterThanOrEqual(text.length)
      }
  })
})

const bound = (shape: Shape, body: unknown, bytes = JSON.stringify(body).length): Call =>
  callOf(
    { kind: "guarded", shape, provider: "openai", stream: null },
    body as Readonly<Record<string, unknown>>,
    bytes,
    NAMED_INPUT,
  )

describe("whatever a caller sends", () => {
  const asked = fc.constantFrom(
    ..."model messages content type image image_url input_image url source data media_type base64 document text file file_data input_audio modalities tools tool_use input name max_uses web_search_20250305 function googleSearch generationConfig maxOutputTokens candidateCount max_tokens max_completion_tokens n stream service_tier previous_response_id inlineData fileData mimeType image/png audio/mp3 plugins context_management edits compact __proto__ constructor".split(
      " ",
    ),
  )
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "medium", withCrossShrink: true },
      fc.oneof(counts, asked, fc.constantFrom(null, true, "data:image/png;base64,iVBORw0KGgo=")),
      fc.dictionary(asked, tie("tree"), { maxKeys: 8 }),
      fc.array(tie("tree"), { maxLength: 3 }),
    ),
  }))
  const requests = fc
    .dictionary(asked, tree, { maxKeys: 10 })
    .map((body) => JSON.parse(JSON.stringify(body)))

  it("has bounds that are counts", () => {
    fc.assert(
      fc.property(shapes, requests, (shape, body) => {
        const call = bound(shape, body)
        for (const count of [call.inputTokens, call.choices, call.searches])
          expect(Number.isSafeInteger(count) && count >= 0).toBe(true)
        expect(call.maxOutputTokens ?? 0).toBeGreaterThanOrEqual(0)
        expect(Array.isArray(outputLimitPath(shape, body) ?? [])).toBe(true)
      }),
      { ...runs, numRuns: 2 * runs.numRuns },
    )
  })
})

/** The standard's own words, line by line: what the parser must say of a whole text. */
const eventsOf = (text: string): readonly { event: string; data: string }[] => {
  const events: { event: string; data: string }[] = []
  let event = ""
  let data: string[] = []
  for (const line of [...text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/), ""]) {
    if (line === "") {
      if (data.length > 0) events.push({ event, data: data.join("\n") })
      event = ""
      data = []
    } else if (!line.startsWith(":")) {
      const [, field = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
      if (field === "data") data.push(value)
      if (field === "event") event = value
    }
  }
  return events
}

describe("a stream of server-sent events", () => {
  const pieces = fc.constantFrom(
    "data: a",
    "data:b☕",
    "data",
    "event: x",
    "event:",
    ": ping",
    "id: 1",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "\r\n\r\n",
    "data:  two ",
    "\u{1F600}",
    "\uFEFF",
  )

  it("says the same however its bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        (parts, sizes) => {
          const text = parts.join("")
          const bytes = new TextEncoder().encode(text)
          const parser = new SseParser()
          const events = []
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const size = sizes[turn % sizes.length] ?? 1
            events.push(...parser.push(bytes.slice(at, at + size)))
            at += size
          }
          events.push(...parser.end())
          expect(events).toEqual(eventsOf(text))
        },
      ),
      { ...runs, numRuns: 4 * runs.numRuns },
    )
  })

  it("is cut into events of text, whatever its bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), (chunks) => {
        const parser = new SseParser()
        const events = [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.end()]
        for (const { event, data } of events)
          expect(typeof event + typeof data).toBe("stringstring")
      }),
      runs,
    )
  })

  it("drops an event that is too long, counts it, and goes on with the next", () => {
    const parser = new SseParser(20)
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
    expect(parser.push(bytes(`data: ${"x".repeat(30)}`))).toEqual([])
    expect(parser.push(bytes("more\ndata: z\nevent: e"))).toEqual([])
    expect(parser.push(bytes("\n\ndata: ok\n\n"))).toEqual([{ event: "", data: "ok" }])
    expect(parser.dropped).toBe(1)
    expect(parser.push(bytes(`${"data: 12345\n".repeat(5)}\n`))).toEqual([])
    expect(parser.dropped).toBe(2)
    expect(parser.push(bytes("data: ok\n\n"))).toEqual([{ event: "", data: "ok" }])
  })
})
