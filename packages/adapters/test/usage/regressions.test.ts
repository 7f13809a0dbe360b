import {
  createSpendfuse,
  definePolicy,
  type Notice,
  type Settlement,
  type Spendfuse,
} from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import { describe, expect, it } from "vitest"
import { readUsage, readUsageText, UsageStream } from "../../src/fetch.ts"

const atMs = Date.parse("2026-11-01T12:00:00Z")
const prices = libraryPrices()

/** Nano-USD of a model's usage, or why there is none. */
const cost = (provider: string, model: string, usage: object, serviceTier?: string): unknown => {
  const priced = prices.cost(
    { provider, model, atMs, ...(serviceTier !== undefined && { serviceTier }) },
    usage,
  )
  return priced.kind === "priced" ? priced.nanoUsd : priced.kind
}

const usageIn = (read: ReturnType<typeof readUsage>): object => {
  if (read === null || "problem" in read) throw new Error(`no usage: ${JSON.stringify(read)}`)
  return read.usage
}

const sse = (...events: readonly object[]): string =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")

const fused = (): { spendfuse: Spendfuse; notices: Notice[] } => {
  const notices: Notice[] = []
  const spendfuse = createSpendfuse({
    policy: definePolicy({
      budgets: [
        {
          id: "key",
          per: ["apiKey"],
          limit: { usd: 1 },
          window: "day",
          tiers: [{ at: "100%", block: true }],
        },
      ],
      unknownModel: "refuse",
      onStoreUnavailable: "deny",
      maxOutputTokens: 1_000,
    }),
    store: memoryStore(),
    prices,
    onNotice: (notice) => notices.push(notice),
  })
  return { spendfuse, notices }
}

const settledAfter = async (
  request: { provider: string; model: string },
  settlement: Settlement,
): Promise<{ settled: number; held: number }> => {
  const { spendfuse } = fused()
  const subject = { apiKey: "k1" }
  const held = await spendfuse.reserve({ subject, inputTokens: 1_000, ...request })
  if (!held.allowed) throw new Error("refused")
  const most = held.held.usd
  await held.settle(settlement)
  const { settled } = await spendfuse.account({ budget: "key", subject })
  return { settled, held: most }
}

describe("bugs that others had", () => {
  it("litellm#9812, bifrost#904: cached input is not billed twice, nor at the full rate", () => {
    const usage = {
      input_tokens: 10,
      cache_creation_input_tokens: 1000,
      cache_read_input_tokens: 5000,
      output_tokens: 1,
    }
    const read = usageIn(readUsage("anthropic-messages", { usage }))
    // claude-sonnet-4-5: 10 × 3000 + 1000 × 3750 + 5000 × 300 + 1 × 15000.
    expect(cost("anthropic", "claude-sonnet-4-5", read)).toBe(5_295_000)
  })

  it("tokenlens 1.3.1: cached input does not come on top of the full input (+74 %)", () => {
    const usage = {
      prompt_tokens: 1000,
      completion_tokens: 100,
      prompt_tokens_details: { cached_tokens: 800 },
    }
    // 200 × 1250 + 800 × 125 + 100 × 10000; with the fault 2,354,000.
    expect(cost("openai", "gpt-5", usageIn(readUsage("openai-chat", { usage })))).toBe(1_350_000)
  })

  it("litellm#11789: cache reads of a stream have their own rate", () => {
    const text = sse(
      { choices: [{ delta: {}, finish_reason: "stop" }] },
      {
        choices: [],
        usage: {
          prompt_tokens: 1000,
          completion_tokens: 0,
          prompt_tokens_details: { cached_tokens: 1000 },
        },
      },
    )
    const read = usageIn(readUsageText("openai-chat", text))
    expect(cost("openai", "gpt-5", read)).toBe(125_000)
  })

  it("bifrost#3451: an Anthropic stream counts its cache creation once", () => {
    const usage = { input_tokens: 1, cache_creation_input_tokens: 900, output_tokens: 1 }
    const read = readUsageText(
      "anthropic-messages",
      sse(
        { type: "message_start", message: { usage } },
        { type: "message_delta", usage: { ...usage, output_tokens: 2 } },
        { type: "message_delta", usage: { ...usage, output_tokens: 3 } },
      ),
    )
    expect(usageIn(read)).toEqual({ inputTokens: 1, cacheWriteTokens: 900, outputTokens: 3 })
  })

  it("litellm#36168: usage on a last chunk that has choices is not lost", () => {
    const last = {
      choices: [{ index: 0, delta: { content: "!" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 7, completion_tokens: 3 },
    }
    expect(usageIn(readUsageText("openai-chat", sse({ choices: [] }, last)))).toEqual({
      inputTokens: 7,
      outputTokens: 3,
    })
  })

  it("litellm#37992: explicit zeros are zeros, not an estimate", async () => {
    const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
    const read = usageIn(readUsage("openai-chat", { usage }))
    const request = { provider: "openai", model: "gpt-5" }
    expect((await settledAfter(request, { usage: read })).settled).toBe(0)
  })

  it("litellm#14457, PR#35290: a stream without its usage counts the whole hold", async () => {
    expect(
      readUsageText("openai-chat", sse({ choices: [{ delta: { content: "hi" } }] })),
    ).toBeNull()
    const request = { provider: "openai", model: "gpt-5" }
    const { settled, held } = await settledAfter(request, {})
    expect(settled).toBe(held)
    expect(held).toBeGreaterThan(0)
  })

  it("litellm#42663: what server tools add at the end of a stream is counted", () => {
    const read = readUsageText(
      "anthropic-messages",
      sse(
        { type: "message_start", message: { usage: { input_tokens: 100, output_tokens: 1 } } },
        {
          type: "message_delta",
          usage: {
            input_tokens: 20_100,
            output_tokens: 90,
            server_tool_use: { web_search_requests: 3 },
          },
        },
      ),
    )
    expect(usageIn(read)).toEqual({ inputTokens: 20_100, outputTokens: 90, webSearches: 3 })
  })

  it("litellm#13810: flex is billed at half, not at double; the response's tier wins", async () => {
    const usage = { inputTokens: 1000, outputTokens: 100 }
    expect(cost("openai", "gpt-5", usage, "flex")).toBe(1_125_000)
    const request = { provider: "openai", model: "gpt-5", serviceTier: "flex" }
    const asked = await settledAfter(request, { usage })
    const told = await settledAfter(request, { usage, serviceTier: "default" })
    expect([asked.settled, told.settled]).toEqual([1_125_000, 2_250_000])
    expect(asked.held).toBeGreaterThanOrEqual(told.settled)
  })

  it("litellm PR#40002: a hold knows long context and service tiers", () => {
    const bounds = {
      inputTokens: 300_000,
      choices: 1,
      audio: false,
      images: false,
      imageCount: 0,
      searches: 0,
    }
    const worst = (more: object) =>
      prices.worstCase({ provider: "openai", model: "gpt-5.4", atMs, ...more }, bounds)
    // The dearest input is 5000 nano-USD beyond 272,000 tokens; priority is twice as dear.
    expect(worst({})).toMatchObject({ baseNanoUsd: 1_500_000_000, perOutputTokenNanoUsd: 22_500 })
    expect(worst({ serviceTier: "priority" })).toMatchObject({ baseNanoUsd: 3_000_000_000 })
    expect(worst({ serviceTier: "flex" })).toMatchObject({ baseNanoUsd: 1_500_000_000 })
  })

  it("litellm#25874, PR#30715, otari#87: an unknown price is refused, never free", async () => {
    expect(cost("openai", "gpt-7-unheard-of", { inputTokens: 1 })).toBe("unknown-model")
    expect(cost("acme", "gpt-5", { inputTokens: 1 })).toBe("unknown-model")
    expect(cost("openai", "moderation", { inputTokens: 1 })).toBe("unknown-rate")
    expect(cost("azure", "davinci", { outputTokens: 1 })).toBe("unknown-rate")
    const { spendfuse } = fused()
    const request = { subject: { apiKey: "k1" }, model: "gpt-7-unheard-of", inputTokens: 1 }
    await expect(spendfuse.reserve(request)).rejects.toMatchObject({ error: "unknown-model" })
  })

  it("bifrost#3559, litellm#20615: per token and per million are not mixed up", () => {
    // One million tokens of gpt-5 cost 1.25 USD, one token 1,250 nano-USD.
    expect(cost("openai", "gpt-5", { inputTokens: 1_000_000 })).toBe(1_250_000_000)
    expect(cost("openai", "gpt-5", { inputTokens: 1 })).toBe(1_250)
    expect(() =>
      libraryPrices({ overrides: [{ model: "m", rates: { inputTokens: "1.25 per token" } }] }),
    ).toThrow("USD per million")
  })

  it("litellm#14004: a model that is free needs no room in a spent budget", async () => {
    const { spendfuse } = fused()
    const subject = { apiKey: "k1" }
    const all = await spendfuse.reserve({ subject, amounts: { usd: 1_000_000_000 } })
    if (all.allowed) await all.settle({ amounts: { usd: 1_000_000_000 } })
    const more = { subject, inputTokens: 100 }
    const paid = await spendfuse.reserve({ ...more, provider: "openai", model: "gpt-5" })
    const free = await spendfuse.reserve({ ...more, provider: "google", model: "gemma-3-27b-it" })
    expect([paid.allowed, free.allowed]).toEqual([false, true])
  })

  it("litellm PR#30522: usage so far is not the whole of a call that is cut off", () => {
    const stream = new UsageStream("gemini")
    stream.push('{"usageMetadata":{"promptTokenCount":5,"totalTokenCount":5}}')
    expect(stream.answer).toMatchObject({ isFinal: false })
    const chunk = { choices: [{ delta: {}, finish_reason: null }], usage: { prompt_tokens: 1 } }
    const chat = new UsageStream("openai-chat")
    chat.push(JSON.stringify(chunk))
    expect(chat.answer).toMatchObject({ isFinal: false })
  })

  it("agentgateway, LiteLLM: a charge of 0 beside used tokens is not believed", () => {
    const usage = { prompt_tokens: 1000, completion_tokens: 0, cost: 0 }
    const read = readUsage("openai-chat", { usage })
    expect(read).toEqual({ usage: { inputTokens: 1000 } })
    expect(readUsage("openai-chat", { usage: { ...usage, prompt_tokens: 0 } })).toMatchObject({
      chargeNanoUsd: 0,
    })
  })

  it("xAI, Gemini's OpenAI shape: reasoning outside of the completion is output", () => {
    const usage = { prompt_tokens: 32, completion_tokens: 9, total_tokens: 321 }
    expect(usageIn(readUsage("openai-chat", { usage }))).toEqual({
      inputTokens: 32,
      outputTokens: 289,
    })
  })

  it("genai-prices 0.1.8: a unit that nobody knows is said, not passed over", () => {
    expect(cost("openai", "gpt-5", { inputTokens: 1, holograms: 5 })).toBe("invalid-usage")
    const unknown = [
      ["openai-chat", { usage: { prompt_tokens: 1, citation_tokens: 900 } }],
      ["openai-chat", { usage: { prompt_tokens: 9, prompt_tokens_details: { smell_tokens: 8 } } }],
      [
        "openai-responses",
        { usage: { input_tokens: 1 }, output: [{ type: "code_interpreter_call" }] },
      ],
      ["anthropic-messages", { usage: { input_tokens: 1, dream_tokens: 5 } }],
      [
        "anthropic-messages",
        { usage: { input_tokens: 1, server_tool_use: { robot_requests: 1 } } },
      ],
      ["gemini", { usageMetadata: { promptTokenCount: 1, videoTokenCount: 5 } }],
      [
        "gemini",
        {
          usageMetadata: {
            promptTokenCount: 1,
            candidatesTokenCount: 5,
            candidatesTokensDetails: [{ modality: "SMELL", tokenCount: 5 }],
          },
        },
      ],
    ] as const
    for (const [shape, body] of unknown)
      expect(readUsage(shape, body), JSON.stringify(body)).toEqual({
        problem: expect.stringContaining("nothing here knows its price"),
      })
    // The provider's own charge covers what has no name here.
    const usage = { prompt_tokens: 1, citation_tokens: 900, cost: { total_cost: 0.0045 } }
    expect(readUsage("openai-chat", { usage })).toMatchObject({ chargeNanoUsd: 4_500_000 })
  })
})
