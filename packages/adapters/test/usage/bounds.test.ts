import { describe, expect, it } from "vitest"
import { type Call, callOf, outputLimitPath } from "../../src/fetch/callOf.ts"
import { NAMED_INPUT } from "../../src/fetch/inputBound.ts"
import type { Shape } from "../../src/fetch.ts"

const bytesOf = (body: object): number => new TextEncoder().encode(JSON.stringify(body)).length
const call = (shape: Shape, body: object, named: object = {}): Call =>
  callOf(
    { kind: "guarded", shape, provider: "openai", stream: null },
    body as never,
    bytesOf(body),
    {
      ...NAMED_INPUT,
      ...named,
    },
  )
/** What is held beside the bytes and the overhead of 64. */
const beside = (shape: Shape, body: object, named: object = {}): number =>
  call(shape, body, named).inputTokens - bytesOf(body) - 64

const base64 = "A".repeat(1_000_000)
const image = { type: "image_url", image_url: { url: `data:image/png;base64,${base64}` } }
const user = (...content: readonly object[]) => ({ messages: [{ role: "user", content }] })

describe("the input's bound", () => {
  it("is the bytes of the body: no token is shorter than one", () => {
    expect(beside("openai-chat", user({ type: "text", text: "☕ hello" }))).toBe(0)
  })

  it("has an image at the provider's most, by its URL or in place of its base64", () => {
    const byUrl = { type: "image_url", image_url: { url: "https://example.com/a.png" } }
    expect(beside("openai-chat", user(byUrl))).toBe(50_000)
    const inPlace = call("openai-chat", user(image)).inputTokens
    expect(inPlace).toBeGreaterThan(50_000)
    expect(inPlace).toBeLessThan(51_000)
    const anthropic = {
      type: "image",
      source: { type: "base64", media_type: "image/png", data: base64 },
    }
    expect(call("anthropic-messages", user(anthropic)).inputTokens).toBeLessThan(6_000)
    const gemini = {
      contents: [{ parts: [{ inlineData: { mimeType: "image/png", data: base64 } }] }],
    }
    expect(call("gemini", gemini).inputTokens).toBeLessThan(6_000)
    const snake = {
      contents: [{ parts: [{ inline_data: { mime_type: "image/png", data: "AA" } }] }],
    }
    expect(beside("gemini", snake)).toBe(5_000 - 2)
    expect(beside("openai-chat", user(byUrl), { imageTokens: 7 })).toBe(7)
  })

  it("does not believe that text is an image", () => {
    const text = "not base64 at all ".repeat(1_000)
    const fake = { type: "image_url", image_url: { url: `data:image/png;base64,${text}` } }
    expect(beside("openai-chat", user(fake))).toBe(50_000)
    const args = { type: "image", source: { type: "base64", data: base64 } }
    const used = { type: "tool_use", id: "1", name: "t", input: args }
    expect(beside("anthropic-messages", user(used))).toBe(0)
    const tool = { name: "t", input_schema: { default: args } }
    expect(beside("anthropic-messages", { ...user(), tools: [tool] })).toBe(1_000)
    const response = {
      functionResponse: {
        name: "t",
        response: { inlineData: { mimeType: "image/png", data: base64 } },
      },
    }
    expect(beside("gemini", { contents: [{ parts: [response] }] })).toBe(0)
  })

  it("has all that a model can read where files, PDFs or earlier responses are only named", () => {
    const named = [
      [
        "openai-responses",
        { model: "gpt-5", previous_response_id: "resp_1", input: "go on" },
        400_000,
      ],
      [
        "openai-responses",
        { model: "gpt-4o", input: [{ type: "input_file", file_id: "f" }] },
        128_000,
      ],
      ["openai-responses", { model: "gpt-5.4", conversation: "c", input: "hi" }, 1_050_000],
      ["openai-responses", { model: "o3", prompt: { id: "p" } }, 200_000],
      [
        "anthropic-messages",
        {
          model: "claude-haiku-4-5",
          ...user({ type: "document", source: { type: "url", url: "u" } }),
        },
        200_000,
      ],
      [
        "anthropic-messages",
        {
          model: "claude-opus-5",
          ...user({ type: "document", source: { type: "file", file_id: "f" } }),
        },
        1_050_000,
      ],
      ["gemini", { cachedContent: "cachedContents/1", contents: [] }, 1_050_000],
      ["gemini", { contents: [{ parts: [{ fileData: { fileUri: "u" } }] }] }, 1_050_000],
    ] as const
    for (const [shape, body, tokens] of named)
      expect(beside(shape, body), JSON.stringify(body)).toBe(tokens)
    expect(beside(...[named[0][0], named[0][1]], { storedContextTokens: 9_000 })).toBe(9_000)
  })

  it("holds no more for many files than the model can read, and for text documents their text", () => {
    const file = { type: "input_file", file_id: "f" }
    const picture = { type: "input_image", image_url: "https://example.com/a.png" }
    const album = { model: "gpt-4o", input: Array.from({ length: 30 }, () => picture) }
    expect(beside("openai-responses", album)).toBe(128_000)
    expect(beside("openai-responses", { model: "gpt-4o", input: [file, file, file] })).toBe(128_000)
    const pdf = {
      type: "document",
      source: { type: "base64", media_type: "application/pdf", data: base64 },
    }
    expect(
      call("anthropic-messages", { model: "claude-haiku-4-5", ...user(pdf) }).inputTokens,
    ).toBeLessThan(201_000)
    const text = {
      type: "document",
      source: { type: "text", media_type: "text/plain", data: "hi" },
    }
    expect(beside("anthropic-messages", user(text))).toBe(0)
  })

  it("has what the provider tells a model of its tools", () => {
    const own = { type: "function", function: { name: "f", parameters: {} } }
    expect(beside("openai-chat", { ...user(), tools: [own] })).toBe(1_000)
    const computer = { type: "computer_20250124", name: "computer" }
    expect(beside("anthropic-messages", { ...user(), tools: [computer] })).toBe(2_000)
  })

  it("has what searches bring, read again in each round", () => {
    const search = { type: "web_search_20250305", name: "web_search", max_uses: 2 }
    const body = { ...user(), tools: [search] }
    const first = bytesOf(body) + 64 + 2_000
    // Three rounds of what was sent; what the first search brings is read twice, the second's once.
    expect(call("anthropic-messages", body).inputTokens).toBe(3 * first + 3 * 20_000)
    expect(call("anthropic-messages", body)).toMatchObject({ searches: 2 })
  })

  it("takes compaction for one more reading", () => {
    const body = { ...user(), context_management: { edits: [{ type: "compact_20260112" }] } }
    expect(call("anthropic-messages", body).inputTokens).toBe(2 * (bytesOf(body) + 64))
  })
})

describe("searches", () => {
  it.each([
    ["openai-responses", { tools: [{ type: "web_search" }] }, 10],
    ["openai-responses", { tools: [{ type: "web_search" }], max_tool_calls: 3 }, 3],
    ["openai-responses", { tools: [{ type: "file_search", vector_store_ids: ["v"] }] }, 10],
    ["openai-responses", { tools: [{ type: "function", name: "web_search" }] }, 0],
    ["openai-chat", { web_search_options: {} }, 10],
    ["openai-chat", { model: "openai/gpt-4o:online" }, 10],
    ["openai-chat", { plugins: [{ id: "web" }] }, 10],
    ["anthropic-messages", { tools: [{ type: "web_search_20250305", max_uses: 4 }] }, 4],
    ["anthropic-messages", { tools: [{ name: "web_search", input_schema: {} }] }, 0],
    ["gemini", { tools: [{ googleSearch: {} }] }, 10],
    ["gemini", { tools: [{ google_search: {} }] }, 10],
    ["gemini", { tools: [{ functionDeclarations: [{ name: "googleSearch" }] }] }, 0],
  ] as const)("%s %j may be %d", (shape, body, searches) => {
    expect(call(shape, body).searches).toBe(searches)
  })
})

describe("what else bounds a call", () => {
  it("is the dearest tier that it asks for", () => {
    const tier = (shape: Shape, body: object) => call(shape, body).serviceTier
    expect(tier("openai-chat", { service_tier: "priority" })).toBe("priority")
    expect(tier("openai-chat", { service_tier: "flex" })).toBeUndefined()
    expect(tier("gemini", { serviceTier: "SERVICE_TIER_PRIORITY" })).toBe(
      "SERVICE_TIER_PRIORITY".slice(13).toLowerCase(),
    )
    expect(tier("anthropic-messages", { speed: "fast", inference_geo: "us" })).toBe("fast+us")
  })

  it("is the number of choices, in whichever spelling Gemini takes", () => {
    expect(call("openai-chat", { n: 5 }).choices).toBe(5)
    expect(call("gemini", { generationConfig: { candidateCount: 3 } }).choices).toBe(3)
    expect(call("gemini", { generation_config: { candidate_count: "4" } }).choices).toBe(4)
    expect(call("gemini", {}).choices).toBe(1)
  })

  it("is sound in and out", () => {
    const audio = (shape: Shape, body: object) => call(shape, body).audio
    expect(audio("openai-chat", { modalities: ["text", "audio"] })).toBe(true)
    expect(
      audio("openai-chat", user({ type: "input_audio", input_audio: { data: "", format: "wav" } })),
    ).toBe(true)
    expect(audio("gemini", { generationConfig: { responseModalities: ["AUDIO"] } })).toBe(true)
    expect(
      audio("gemini", {
        contents: [{ parts: [{ inlineData: { mimeType: "audio/mp3", data: "AA" } }] }],
      }),
    ).toBe(true)
    expect(
      audio("gemini", {
        contents: [{ parts: [{ fileData: { fileUri: "u", mimeType: "video/mp4" } }] }],
      }),
    ).toBe(true)
    expect(audio("gemini", { contents: [{ parts: [{ text: "hi" }] }] })).toBe(false)
  })

  it("is the output's limit, where the body already has it", () => {
    expect(outputLimitPath("gemini", {})).toEqual(["generationConfig", "maxOutputTokens"])
    expect(outputLimitPath("gemini", { generation_config: { max_output_tokens: 5 } })).toEqual([
      "generation_config",
      "max_output_tokens",
    ])
    expect(outputLimitPath("openai-chat", { max_tokens: 5 })).toEqual(["max_tokens"])
    expect(call("gemini", { generation_config: { max_output_tokens: 5 } }).maxOutputTokens).toBe(5)
  })
})
