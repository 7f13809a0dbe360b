import { describe, expect, it } from "vitest"
import { type Beside, settlementOf } from "../../src/aiSdk/usage.ts"

const beside = (more: Partial<Beside> = {}): Beside => ({
  provider: "openai.chat",
  model: undefined,
  metadata: undefined,
  ran: [],
  ...more,
})

const grouped = (raw?: object) => ({
  inputTokens: { total: 30, noCache: 20, cacheRead: 8, cacheWrite: 2 },
  outputTokens: { total: 5, text: 3, reasoning: 2 },
  ...(raw !== undefined && { raw }),
})

const COUNTED = {
  inputTokens: 20,
  cacheReadTokens: 8,
  cacheWriteTokens: 2,
  outputTokens: 5,
}

describe("a usage", () => {
  it("is read in groups, each token once", () => {
    expect(settlementOf(grouped(), beside())).toEqual({ usage: COUNTED })
  })

  it("is read flat, as it was before", () => {
    const flat = { inputTokens: 30, outputTokens: 5, totalTokens: 35, cachedInputTokens: 8 }
    const usage = { inputTokens: 22, cacheReadTokens: 8, cacheWriteTokens: 0, outputTokens: 5 }
    expect(settlementOf(flat, beside())).toEqual({ usage })
  })

  it("goes by the provider's own words: OpenAI's sound, tier and searches", () => {
    const raw = {
      prompt_tokens: 30,
      completion_tokens: 9,
      prompt_tokens_details: { audio_tokens: 10 },
    }
    const more = {
      model: "gpt-5-2025-08-07",
      metadata: { openai: { serviceTier: "priority" } },
      ran: ["openai.web_search", "openai.file_search"],
    }
    expect(settlementOf(grouped(raw), beside(more))).toEqual({
      usage: {
        inputTokens: 20,
        audioInputTokens: 10,
        outputTokens: 9,
        webSearches: 1,
        fileSearches: 1,
      },
      model: "gpt-5-2025-08-07",
      serviceTier: "priority",
    })
  })

  it("goes by Anthropic's: the hour of a cache, and what is searched", () => {
    const raw = {
      input_tokens: 20,
      output_tokens: 5,
      cache_creation_input_tokens: 12,
      cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 10 },
      server_tool_use: { web_search_requests: 3 },
    }
    expect(settlementOf(grouped(raw), beside({ provider: "anthropic.messages" }))?.usage).toEqual({
      inputTokens: 20,
      cacheWriteTokens: 2,
      cacheWrite1hTokens: 10,
      outputTokens: 5,
      webSearches: 3,
    })
  })

  it("goes by Gemini's: thoughts and grounded searches", () => {
    const raw = { promptTokenCount: 20, candidatesTokenCount: 3, thoughtsTokenCount: 4 }
    const metadata = { google: { groundingMetadata: { webSearchQueries: ["a", "b"] } } }
    const more = { provider: "google.generative-ai", model: "gemini-3-pro", metadata }
    expect(settlementOf(grouped(raw), beside(more))?.usage).toEqual({
      inputTokens: 20,
      outputTokens: 7,
      webSearches: 2,
    })
  })

  it("goes by what a gateway charged", () => {
    const raw = { prompt_tokens: 20, completion_tokens: 5, cost: 0.25 }
    expect(settlementOf(grouped(raw), beside())?.chargeNanoUsd).toBe(250_000_000)
  })

  it("counts whole where a total is missing, parts are more than it, or a tool has no price here", () => {
    const none = { inputTokens: { total: undefined }, outputTokens: { total: undefined } }
    const torn = { inputTokens: { total: 3, cacheRead: 8 }, outputTokens: { total: 1 } }
    const raw = { input_tokens: 20, output_tokens: 5 }
    expect(settlementOf(undefined, beside())).toBeNull()
    expect(settlementOf(none, beside())).toBeNull()
    expect(settlementOf(torn, beside())).toBeNull()
    expect(settlementOf(grouped(raw), beside({ ran: ["openai.code_interpreter"] }))).toBeNull()
  })
})
