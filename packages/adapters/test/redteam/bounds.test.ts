import { describe, expect, it } from "vitest"
import { opened, policyOf, upstreamOf } from "../fetch/harness.ts"

const CHAT = "https://api.openai.com/v1/chat/completions"
const RESPONSES = "https://api.openai.com/v1/responses"
const MESSAGES = "https://api.anthropic.com/v1/messages"
const DEEPSEEK = "https://api.deepseek.com/v1/chat/completions"
const ROUTER = "https://openrouter.ai/api/v1/chat/completions"
const gemini = (model: string): string =>
  `https://generativelanguage.googleapis.com/v1beta/models/${model}:generateContent`

const messages = [{ role: "user", content: "hi" }]
const user = (part: object) => [{ role: "user", content: [part] }]
const chatUsage = (input: number, output: number) => ({
  choices: [{}],
  usage: { prompt_tokens: input, completion_tokens: output },
})
const responseUsage = (input: number, ...output: object[]) => ({
  output,
  usage: { input_tokens: input, output_tokens: 10 },
})
const geminiUsage = (input: number, output: number, more: object = {}) => ({
  usageMetadata: { promptTokenCount: input, candidatesTokenCount: output, ...more },
})

interface Seen {
  readonly status: number
  readonly sent: Record<string, never> | null
  readonly held: number
  readonly settled: number
}

/** One call: what was held while the upstream worked, and what its answer did cost. */
const call = async (url: string, body: unknown, answer: object): Promise<Seen> => {
  const account = { budget: "key", subject: { apiKey: "k1" } }
  let held = 0
  const upstream = upstreamOf(async () => {
    held = (await test.spendfuse.account(account)).held
    return Response.json(answer)
  })
  await using test = opened({ policy: policyOf("10000"), fetch: { fetch: upstream } })
  const text = typeof body === "string" ? body : JSON.stringify(body)
  const response = await test.guarded(url, { method: "POST", body: text })
  await response.text()
  const { settled } = await test.spent()
  const sent = upstream.seen[0]?.text ?? null
  return { status: response.status, sent: sent === null ? null : JSON.parse(sent), held, settled }
}

describe("no body makes a hold smaller than the call", () => {
  const slides = { mimeType: "video/mp4", data: "A".repeat(40_000) }
  const films = [
    { modality: "VIDEO", tokenCount: 154_800 },
    { modality: "AUDIO", tokenCount: 19_200 },
  ]
  it.each<[string, string, unknown, object]>([
    [
      "a number of choices as text",
      CHAT,
      { model: "gpt-5", messages, n: "5", max_tokens: 100 },
      chatUsage(20, 500),
    ],
    [
      "Gemini's model in the body",
      gemini("gemini-2.5-pro"),
      {
        model: "gemini-2.5-flash-lite",
        contents: [],
        generationConfig: { maxOutputTokens: 1_000 },
      },
      { ...geminiUsage(5, 1_000), modelVersion: "gemini-2.5-pro" },
    ],
    [
      "a film of few bytes",
      gemini("gemini-2.5-flash"),
      { contents: [{ parts: [{ inlineData: slides }] }] },
      geminiUsage(174_000, 10, { promptTokensDetails: films }),
    ],
    [
      "OpenAI's other name for priority",
      CHAT,
      { model: "gpt-5", messages, service_tier: "fast", max_completion_tokens: 100 },
      { ...chatUsage(20, 100), service_tier: "priority" },
    ],
    [
      "a reference without its type",
      RESPONSES,
      { model: "gpt-5", input: [{ id: "msg_1" }], max_output_tokens: 10 },
      responseUsage(90_000),
    ],
    [
      "tools among the input",
      RESPONSES,
      {
        model: "gpt-5",
        input: [{ type: "additional_tools", tools: [{ type: "web_search" }] }],
        max_output_tokens: 10,
      },
      responseUsage(40_000, { type: "web_search_call" }),
    ],
    [
      "a body that looks like a tool's",
      RESPONSES,
      {
        type: "tool_use",
        model: "gpt-5",
        input: [{ type: "input_file", file_id: "f" }],
        max_output_tokens: 10,
      },
      responseUsage(30_000),
    ],
    [
      "a thread that the provider keeps",
      MESSAGES,
      {
        model: "claude-haiku-4-5",
        max_tokens: 10,
        messages,
        thread: { type: "continue", previous_message_id: "m" },
      },
      { usage: { input_tokens: 100_000, output_tokens: 10 } },
    ],
    [
      "a film by its address",
      ROUTER,
      {
        model: "google/gemini-2.5-flash",
        max_tokens: 100,
        messages: user({ type: "video_url", video_url: { url: "https://example.com/v" } }),
      },
      chatUsage(900_000, 100),
    ],
    [
      "a document by its address",
      "https://api.mistral.ai/v1/chat/completions",
      {
        model: "mistral-small-latest",
        max_tokens: 100,
        messages: user({ type: "document_url", document_url: "https://example.com/d" }),
      },
      chatUsage(90_000, 100),
    ],
  ])("%s", async (_, url, body, answer) => {
    const { status, held, settled } = await call(url, body, answer)
    expect(status).toBe(200)
    expect(settled).toBeGreaterThan(0)
    expect(settled).toBeLessThanOrEqual(held)
  })
})

describe("every limit that a server may go by is the granted one", () => {
  const nested = { generationConfig: { maxOutputTokens: 1_000 } }
  it.each<[string, string, object, object]>([
    [
      "both of OpenAI's",
      CHAT,
      { model: "gpt-4o", max_completion_tokens: 10, max_tokens: 8_000 },
      { max_completion_tokens: 10, max_tokens: 10 },
    ],
    [
      "both, the other way",
      CHAT,
      { model: "gpt-4o", max_completion_tokens: 8_000, max_tokens: "10" },
      { max_completion_tokens: 8_000, max_tokens: 8_000 },
    ],
    [
      "one that the server does not know",
      DEEPSEEK,
      { model: "deepseek-chat", max_completion_tokens: 10 },
      { max_completion_tokens: 10, max_tokens: 10 },
    ],
    ["0, which may mean none", CHAT, { model: "gpt-4o", max_tokens: 0 }, { max_tokens: 1_000 }],
    [
      "0 of Gemini",
      gemini("gemini-2.5-flash"),
      { generationConfig: { maxOutputTokens: 0 } },
      nested,
    ],
    [
      "a text of Gemini",
      gemini("gemini-2.5-flash"),
      { generationConfig: { maxOutputTokens: "90000" } },
      nested,
    ],
    ["a number that is none", CHAT, { model: "gpt-4o", max_tokens: 1.5 }, { max_tokens: 1_000 }],
    [
      "a negative one",
      RESPONSES,
      { model: "gpt-5", max_output_tokens: -1 },
      { max_output_tokens: 1_000 },
    ],
  ])("%s", async (_, url, body, limits) => {
    expect((await call(url, body, {})).sent).toMatchObject(limits)
  })

  it("but Anthropic's 0, which writes the cache and nothing else", async () => {
    const body = { model: "claude-haiku-4-5", max_tokens: 0, messages }
    const { sent } = await call(MESSAGES, body, { usage: { input_tokens: 9, output_tokens: 0 } })
    expect(sent).toEqual(body)
  })
})

describe("what leaves the cost open is a clear error, and is not sent", () => {
  const fallback = { model: "claude-opus-4-1", max_tokens: 30_000 }
  it.each<[string, string, unknown]>([
    ["a number of choices that is none", CHAT, '{"model":"gpt-5","messages":[],"n":1e400}'],
    ["choices in parts", CHAT, { model: "gpt-5", messages, n: 2.5 }],
    [
      "choices of Gemini that are none",
      gemini("gemini-2.5-flash"),
      { generationConfig: { candidateCount: {} } },
    ],
    ["another case", CHAT, { model: "gpt-5", messages, N: 50 }],
    ["two cases", CHAT, '{"model":"gpt-5-nano","Model":"gpt-5-pro","messages":[]}'],
    [
      "both spellings",
      gemini("gemini-2.5-flash"),
      {
        generationConfig: { maxOutputTokens: 5 },
        generation_config: { max_output_tokens: 50_000 },
      },
    ],
    [
      "both spellings within",
      gemini("gemini-2.5-flash"),
      { generationConfig: { maxOutputTokens: 5, max_output_tokens: 50_000 } },
    ],
    [
      "a limit twice",
      gemini("gemini-2.5-flash"),
      '{"generation_config":{"max_output_tokens":50000,"max_output_tokens":5}}',
    ],
    [
      "Anthropic's fallbacks",
      MESSAGES,
      { model: "claude-haiku-4-5", max_tokens: 10, messages, fallbacks: [fallback] },
    ],
    [
      "Anthropic's default fallback",
      MESSAGES,
      { model: "claude-haiku-4-5", max_tokens: 10, messages, fallbacks: "default" },
    ],
    [
      "OpenRouter's models",
      ROUTER,
      { model: "openai/gpt-5-nano", models: ["openai/gpt-5-pro"], messages },
    ],
    [
      "a search model whose searches have no price",
      CHAT,
      { model: "gpt-4o-search-preview", messages },
    ],
  ])("%s", async (_, url, body) => {
    const seen = await call(url, body, chatUsage(20, 500))
    expect(seen).toEqual({ status: 400, sent: null, held: 0, settled: 0 })
  })

  it("but a list of the very model says nothing new", async () => {
    const body = { model: "openai/gpt-5-nano", models: ["openai/gpt-5-nano"], messages }
    expect((await call(ROUTER, body, chatUsage(20, 5))).status).toBe(200)
  })
})

describe("a limit below what is to be thought", () => {
  it("is refused here, and not by the provider", async () => {
    const upstream = upstreamOf(() =>
      Response.json({ usage: { input_tokens: 9, output_tokens: 9 } }),
    )
    // Room for some 2,000 tokens of output.
    await using test = opened({ usd: "0.0105", fetch: { fetch: upstream } })
    const body = (budget_tokens: number) => ({
      method: "POST",
      body: JSON.stringify({
        model: "claude-haiku-4-5",
        max_tokens: 8_000,
        messages,
        thinking: { type: "enabled", budget_tokens },
      }),
    })
    expect((await test.guarded(MESSAGES, body(4_000))).status).toBe(402)
    expect((await test.guarded(MESSAGES, body(1_024))).status).toBe(200)
    const { max_tokens } = JSON.parse(upstream.seen[0]?.text ?? "") as { max_tokens: number }
    expect(max_tokens).toBeGreaterThan(1_024)
    expect(max_tokens).toBeLessThan(8_000)
  })
})
