import { libraryPrices } from "@spendfuse/core/prices"
import { describe, expect, it } from "vitest"
import { GPT_5_NANO } from "./costs.ts"
import { CHAT_URL, chat, chatAnswer, opened, policyOf, upstreamOf } from "./harness.ts"

const sse = { "content-type": "text/event-stream" }
const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 }
const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`
const stream = chat({ stream: true })
const streaming = (...events: readonly unknown[]) =>
  upstreamOf(() => new Response(events.map(event).join(""), { headers: sse }))

describe("bugs that others had, each once", () => {
  it("several first calls of a key that nobody has seen slip past its budget", async () => {
    const upstream = upstreamOf(() => Response.json(chatAnswer))
    const policy = policyOf("0.0013", { minOutputTokens: 100 })
    await using test = opened({ policy, fetch: { fetch: upstream } })
    const all = await Promise.all(Array.from({ length: 20 }, () => test.guarded(CHAT_URL, chat())))
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it("a hold leaks when the client cancels a stream", async () => {
    await using test = opened({ fetch: { fetch: streaming({ choices: [] }) } })
    const response = await test.guarded(CHAT_URL, stream)
    await response.body?.cancel()
    expect((await test.spent()).held).toBe(0)
  })

  it("a hold leaks when a stream fails before its first chunk", async () => {
    const broken = () => new ReadableStream({ pull: (it) => it.error(new TypeError("terminated")) })
    const upstream = upstreamOf(() => new Response(broken(), { headers: sse }))
    await using test = opened({ fetch: { fetch: upstream } })
    const response = await test.guarded(CHAT_URL, stream)
    await expect(response.text()).rejects.toThrow("terminated")
    expect((await test.spent()).held).toBe(0)
  })

  it("usage on a last chunk that has choices is dropped", async () => {
    const last = { choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage }
    await using test = opened({ fetch: { fetch: streaming(last) } })
    await (await test.guarded(CHAT_URL, stream)).text()
    expect(await test.spent()).toEqual({ settled: GPT_5_NANO, held: 0 })
  })

  it("usage that a stream tells as it goes is taken for all of it where the stream is cut", async () => {
    const part = { choices: [{ index: 0, delta: {}, finish_reason: null }], usage }
    await using test = opened({ fetch: { fetch: streaming(part, part, part) } })
    const whole = await test.guarded(CHAT_URL, stream)
    await whole.text()
    expect(await test.spent()).toEqual({ settled: GPT_5_NANO, held: 0 })
    const cut = await test.guarded(CHAT_URL, stream)
    const reader = cut.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    expect((await test.spent()).settled).toBeGreaterThan(2 * GPT_5_NANO)
  })

  it("searches that Gemini names beside the usage are not counted", async () => {
    const usageMetadata = { promptTokenCount: 20, candidatesTokenCount: 5 }
    const groundingMetadata = { webSearchQueries: ["a"] }
    const searched = { candidates: [{ groundingMetadata }] }
    const last = { candidates: [{ finishReason: "STOP" }], usageMetadata }
    const url =
      "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent"
    const body = JSON.stringify({ contents: [], tools: [{ googleSearch: {} }] })
    const rates = { inputTokens: "0.30", outputTokens: "2.50", webSearches: "0.035" }
    const prices = libraryPrices({ overrides: [{ model: "gemini-2.5-flash", rates }] })
    const settled: number[] = []
    for (const events of [[searched, last], [last]]) {
      await using test = opened({ fetch: { fetch: streaming(...events) }, spendfuse: { prices } })
      await (await test.guarded(`${url}?alt=sse`, { method: "POST", body })).text()
      settled.push((await test.spent()).settled)
      const array = upstreamOf(() => Response.json(events))
      await using other = opened({ fetch: { fetch: array }, spendfuse: { prices } })
      await (await other.guarded(url, { method: "POST", body })).text()
      expect((await other.spent()).settled).toBe(settled.at(-1))
    }
    expect(settled[0]).toBeGreaterThan(settled[1] ?? Number.NaN)
  })

  it("usage of a stream is lost where the client disconnects after it", async () => {
    const body = new ReadableStream({
      start: (it) => it.enqueue(new TextEncoder().encode(event({ choices: [], usage }))),
    })
    const upstream = upstreamOf(() => new Response(body, { headers: sse }))
    await using test = opened({ fetch: { fetch: upstream } })
    const asked = chat({ stream: true, stream_options: { include_usage: true } })
    const reader = (await test.guarded(CHAT_URL, asked)).body?.getReader()
    await reader?.read()
    await reader?.cancel()
    expect(await test.spent()).toEqual({ settled: GPT_5_NANO, held: 0 })
  })

  it("zeros that the provider reports are replaced by an estimate", async () => {
    const zero = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
    const upstream = upstreamOf(() => Response.json({ ...chatAnswer, usage: zero }))
    await using test = opened({ fetch: { fetch: upstream } })
    await (await test.guarded(CHAT_URL, chat())).text()
    expect(await test.spent()).toEqual({ settled: 0, held: 0 })
  })

  it("a stream without usage is free", async () => {
    await using test = opened({ fetch: { fetch: streaming({ choices: [] }) } })
    await (await test.guarded(CHAT_URL, stream)).text()
    expect((await test.spent()).settled).toBeGreaterThan(GPT_5_NANO)
  })

  it("a free model is blocked once the budget is spent", async () => {
    const upstream = upstreamOf(() => Response.json(chatAnswer))
    const policy = policyOf("0.000075", {
      unknownModel: "count-tokens-only",
      minOutputTokens: 0,
    })
    await using test = opened({ policy, fetch: { fetch: upstream } })
    await test.spendfuse.operator.adjust(
      { budget: "key", subject: { apiKey: "k1" } },
      { amount: 75_000, by: "ada", why: "a test", id: "op-1" },
    )
    const response = await test.guarded(CHAT_URL, chat({ model: "home-made" }))
    expect(response.status).toBe(200)
    expect((await test.guarded(CHAT_URL, chat())).status).toBe(402)
  })

  it("a limit is demanded of a call that has none, and a full hold blocks it", async () => {
    const upstream = upstreamOf(() => Response.json(chatAnswer))
    await using test = opened({ usd: "0.002", fetch: { fetch: upstream } })
    const response = await test.guarded(CHAT_URL, chat({ max_completion_tokens: undefined }))
    expect(response.status).toBe(200)
    const { max_completion_tokens } = JSON.parse(upstream.seen[0]?.text ?? "") as {
      max_completion_tokens: number
    }
    expect(max_completion_tokens).toBeLessThan(200)
    expect(max_completion_tokens).toBeGreaterThan(100)
  })

  it("a refusal does not say which budget, nor what it is about", async () => {
    await using test = opened({ usd: "0.0000001" })
    const response = await test.guarded(CHAT_URL, chat())
    const { error } = (await response.json()) as { error: { spendfuse: { obstacles: unknown[] } } }
    expect(error.spendfuse.obstacles).toEqual([
      {
        budget: "key",
        account: "key/k1",
        reason: "too-large",
        settled: 0,
        held: 0,
        cap: 100,
        remaining: 100,
        until: null,
      },
    ])
  })

  it("a route that nobody thought of is not enforced", async () => {
    const upstream = upstreamOf(() => Response.json({}))
    await using test = opened({ fetch: { fetch: upstream } })
    for (const path of ["completions", "images/generations", "batches", "realtime/sessions"]) {
      const response = await test.guarded(`https://api.openai.com/v1/${path}`, chat())
      expect(response.status).toBe(400)
    }
    expect(upstream.seen).toHaveLength(0)
  })
})
