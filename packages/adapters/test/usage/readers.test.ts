import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { readUsage, readUsageText, type Shape, UsageStream } from "../../src/fetch.ts"

const sse = (...events: readonly object[]): string =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")
const chat = (usage: unknown, more: object = {}) => readUsage("openai-chat", { usage, ...more })

describe("no usage", () => {
  it.each([
    ["openai-chat", {}],
    ["openai-chat", { usage: null }],
    ["openai-chat", { usage: {} }],
    ["openai-chat", { usage: { prompt_tokens_details: { cached_tokens: 5 } } }],
    ["openai-responses", { usage: { input_tokens: null, output_tokens: null } }],
    ["anthropic-messages", { usage: {} }],
    ["anthropic-messages", { usage: { service_tier: "standard" } }],
    ["gemini", { usageMetadata: {} }],
    ["gemini", { usageMetadata: { trafficType: "ON_DEMAND" } }],
    ["gemini", { usageMetadata: [] }],
  ] as const)("%s %j tells none, and is not a call for nothing", (shape, body) => {
    expect(readUsage(shape, body)).toBeNull()
  })

  it.each([
    ["openai-chat", sse({ choices: [] })],
    ["openai-responses", sse({ type: "response.failed", response: { usage: null } })],
    [
      "openai-responses",
      sse({ type: "response.created", response: { usage: { input_tokens: 5 } } }),
    ],
    [
      "anthropic-messages",
      sse({ type: "message_start", message: { usage: { input_tokens: 5, output_tokens: 1 } } }),
    ],
    [
      "anthropic-messages",
      sse(
        { type: "message_start", message: { usage: { input_tokens: 5, output_tokens: 1 } } },
        { type: "message_delta", delta: { stop_reason: "end_turn" } },
      ),
    ],
    ["gemini", "[]"],
  ] as const)("%s's stream %j has no final one", (shape, text) => {
    expect(readUsageText(shape, text)).toBeNull()
  })
})

describe("counts that are none", () => {
  const wrong = fc.constantFrom(-1, 0.5, 1e300, 2 ** 53, "5", true, {}, [])
  const fields: readonly (readonly [Shape, (bad: unknown) => object])[] = [
    ["openai-chat", (bad) => ({ usage: { prompt_tokens: bad } })],
    ["openai-chat", (bad) => ({ usage: { prompt_tokens: 1, completion_tokens: bad } })],
    ["openai-chat", (bad) => ({ usage: { prompt_tokens: 1, total_tokens: bad } })],
    [
      "openai-responses",
      (bad) => ({ usage: { input_tokens: 9, input_tokens_details: { cached_tokens: bad } } }),
    ],
    ["anthropic-messages", (bad) => ({ usage: { input_tokens: bad } })],
    [
      "anthropic-messages",
      (bad) => ({ usage: { input_tokens: 1, cache_creation_input_tokens: bad } }),
    ],
    [
      "anthropic-messages",
      (bad) => ({ usage: { input_tokens: 1, iterations: [{ output_tokens: bad }] } }),
    ],
    ["gemini", (bad) => ({ usageMetadata: { promptTokenCount: bad } })],
    ["gemini", (bad) => ({ usageMetadata: { promptTokenCount: 1, thoughtsTokenCount: bad } })],
  ]

  it("are named in a problem, in each place", () => {
    fc.assert(
      fc.property(fc.constantFrom(...fields), wrong, ([shape, body], bad) => {
        expect(readUsage(shape, body(bad))).toEqual({
          problem: expect.stringMatching(/^`usage\.\w+(\.\w+)*` is not a count$/),
        })
      }),
      { numRuns: 200, seed: 1 },
    )
  })

  it("are a problem where the parts are more than the whole", () => {
    const more = [
      chat({ prompt_tokens: 5, prompt_tokens_details: { cached_tokens: 6 } }),
      chat({ prompt_tokens: 5, prompt_tokens_details: { audio_tokens: 6 } }),
      chat({ completion_tokens: 5, completion_tokens_details: { audio_tokens: 6 } }),
      readUsage("gemini", { usageMetadata: { promptTokenCount: 5, cachedContentTokenCount: 6 } }),
    ]
    for (const read of more) expect(read).toEqual({ problem: expect.stringContaining("more than") })
  })
})

describe("OpenAI's shape", () => {
  it("is read by the names that have a value", () => {
    expect(chat({ input_tokens: null, prompt_tokens: 7 })).toEqual({ usage: { inputTokens: 7 } })
    expect(chat(undefined, { x_groq: { usage: { prompt_tokens: 7 } } })).toEqual({
      usage: { inputTokens: 7 },
    })
  })

  it("counts audio that the fresh input cannot hold as cached", () => {
    const details = { audio_tokens: 500, cached_tokens: 600 }
    expect(chat({ prompt_tokens: 1000, prompt_tokens_details: details })).toEqual({
      usage: { cacheReadTokens: 500, audioInputTokens: 400, audioCacheReadTokens: 100 },
    })
    const told = { ...details, cached_tokens_details: { audio_tokens: 300 } }
    expect(chat({ prompt_tokens: 1000, prompt_tokens_details: told })).toEqual({
      usage: {
        inputTokens: 200,
        cacheReadTokens: 300,
        audioInputTokens: 200,
        audioCacheReadTokens: 300,
      },
    })
  })

  it("takes DeepSeek's and Moonshot's word for what was cached", () => {
    for (const cached of [
      { prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 6 },
      { cached_tokens: 4 },
    ])
      expect(chat({ prompt_tokens: 10, ...cached })).toEqual({
        usage: { inputTokens: 6, cacheReadTokens: 4 },
      })
  })

  it("counts the one search of a search model", () => {
    const read = chat({ prompt_tokens: 1 }, { choices: [{}], model: "gpt-4o-search-preview" })
    expect(read).toMatchObject({ usage: { inputTokens: 1, webSearches: 1 } })
  })

  it.each([
    [0.1, 100_000_000],
    [0.000_000_000_1, 1],
    [1e-12, 1],
    ["0.25", 250_000_000],
    [{ total_cost: 0.005 }, 5_000_000],
    [1.000_000_001, 1_000_000_001],
    [9_000_000, 9_000_000_000_000_000],
  ])("a charge of %j USD is %d nano-USD", (cost, nano) => {
    expect(chat({ prompt_tokens: 1, cost })).toMatchObject({ chargeNanoUsd: nano })
  })

  it.each([-0.1, 1e300, "much", true, "-1", "0x1", 9_000_000.1])(
    "a charge of %j is a problem",
    (cost) => {
      expect(chat({ prompt_tokens: 1, cost })).toEqual({
        problem: "`usage.cost` is not a charge in USD",
      })
    },
  )

  it("prices the usage where the charge leaves out what a key of one's own paid", () => {
    const usage = { prompt_tokens: 1, cost: 0.01, is_byok: true }
    expect(chat(usage)).toEqual({ usage: { inputTokens: 1 } })
  })
})

describe("Anthropic's shape", () => {
  it("keeps what a null does not replace, up to the end", () => {
    const read = readUsageText(
      "anthropic-messages",
      sse(
        { type: "message_start", message: { usage: { input_tokens: 9, output_tokens: 1 } } },
        { type: "message_delta", usage: { input_tokens: null, output_tokens: 4 } },
      ),
    )
    expect(read).toEqual({ usage: { inputTokens: 9, outputTokens: 4 } })
  })

  it("joins tier, speed and place", () => {
    const tier = (more: object) => {
      const read = readUsage("anthropic-messages", { usage: { input_tokens: 1, ...more } })
      return read !== null && "usage" in read ? read.serviceTier : undefined
    }
    expect(tier({ service_tier: "standard", inference_geo: "not_available" })).toBe("standard")
    expect(tier({ service_tier: "batch", speed: "standard", inference_geo: "us" })).toBe("batch+us")
    expect(tier({ speed: "fast" })).toBe("fast")
  })
})

describe("Gemini's shape", () => {
  const grounded = (queries: readonly string[], more: object = {}) => ({
    candidates: [{ groundingMetadata: { webSearchQueries: queries }, ...more }],
  })
  const usageMetadata = { promptTokenCount: 3 }

  it("bills a grounded prompt until Gemini 2, and each search since Gemini 3", () => {
    const searches = (modelVersion: string) =>
      readUsage("gemini", { ...grounded(["a", "b"]), modelVersion, usageMetadata })
    expect(searches("gemini-2.5-flash")).toMatchObject({ usage: { webSearches: 1 } })
    expect(searches("gemini-3-pro-preview")).toMatchObject({ usage: { webSearches: 2 } })
  })

  it("finds the searches of a stream wherever they stand", () => {
    const stream = new UsageStream("gemini")
    stream.push(JSON.stringify({ ...grounded(["a", "b"]), usageMetadata }))
    stream.push(JSON.stringify({ candidates: [{ finishReason: "STOP" }], usageMetadata }))
    expect(stream.answer).toEqual({
      read: { usage: { inputTokens: 3, webSearches: 2 } },
      isFinal: true,
    })
  })

  it("is final where the prompt was refused", () => {
    const stream = new UsageStream("gemini")
    stream.push(JSON.stringify({ promptFeedback: { blockReason: "SAFETY" }, usageMetadata }))
    expect(stream.answer.isFinal).toBe(true)
  })
})
