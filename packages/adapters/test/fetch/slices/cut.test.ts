import AnthropicSdk from "@anthropic-ai/sdk"
import OpenAISdk from "openai"
import { describe, expect, it } from "vitest"
import { ANTHROPIC, OPENAI } from "../clients.ts"
import { opened, policyOf } from "../harness.ts"
import { type LongStandIn, longStandIn, textOf, wordOf } from "./longStandIn.ts"

const WORDS = 400
const SLICE = 256
/** All that the words may bill where nobody tells how much they did: their bytes. */
const ALL = WORDS * wordOf(0).length
/** Enough for half of them. Gemini tells two tokens for each word as it goes, and so gets further. */
const halfOf = (name: string): number => (name === "gemini" ? WORDS : ALL / 2)

/** What a caller made of its stream: the text, how it ended, and what was thrown. */
interface Heard {
  readonly text: string
  readonly finish: unknown
  readonly error: unknown
}

type Hear = (url: string, fetcher: typeof fetch) => Promise<Heard>

const messages = [{ role: "user" as const, content: "go on" }]

const chat =
  (Sdk: typeof OpenAISdk): Hear =>
  async (url, fetcher) => {
    const client = new Sdk({ apiKey: "sk", baseURL: `${url}/v1`, fetch: fetcher })
    const heard = { text: "", finish: null as unknown, error: null as unknown }
    try {
      const stream = await client.chat.completions.create({
        model: "gpt-4o",
        messages,
        stream: true,
        max_completion_tokens: 4_000,
      })
      for await (const { choices } of stream) {
        heard.text += choices[0]?.delta.content ?? ""
        heard.finish = choices[0]?.finish_reason ?? heard.finish
      }
    } catch (error) {
      heard.error = error
    }
    return heard
  }

const responses =
  (Sdk: typeof OpenAISdk): Hear =>
  async (url, fetcher) => {
    const client = new Sdk({ apiKey: "sk", baseURL: `${url}/v1`, fetch: fetcher })
    const heard = { text: "", finish: null as unknown, error: null as unknown }
    try {
      const stream = await client.responses.create({
        model: "gpt-4o",
        input: "go on",
        stream: true,
        max_output_tokens: 4_000,
      })
      for await (const event of stream) {
        if (event.type === "response.output_text.delta") heard.text += event.delta
        if (event.type === "response.incomplete")
          heard.finish = event.response.incomplete_details?.reason
        if (event.type === "response.completed") heard.finish = "stop"
      }
    } catch (error) {
      heard.error = error
    }
    return heard
  }

const anthropic =
  (Sdk: typeof AnthropicSdk): Hear =>
  async (url, fetcher) => {
    const client = new Sdk({ apiKey: "sk", baseURL: url, fetch: fetcher })
    const heard = { text: "", finish: null as unknown, error: null as unknown }
    try {
      const stream = await client.messages.create({
        model: "claude-haiku-4-5",
        max_tokens: 4_000,
        messages,
        stream: true,
      })
      for await (const event of stream) {
        if (event.type === "content_block_delta" && event.delta.type === "text_delta")
          heard.text += event.delta.text
        if (event.type === "message_delta") heard.finish = event.delta.stop_reason
      }
    } catch (error) {
      heard.error = error
    }
    return heard
  }

/** As Google's own SDK reads it: a chunk that is an error as JSON is thrown, each event is a chunk of text. */
const gemini: Hear = async (url, fetcher) => {
  const heard = { text: "", finish: null as unknown, error: null as unknown }
  const response = await fetcher(
    `${url}/v1beta/models/gemini-2.0-flash:streamGenerateContent?alt=sse`,
    {
      method: "POST",
      body: JSON.stringify({
        contents: [{ role: "user", parts: [{ text: "go on" }] }],
        generationConfig: { maxOutputTokens: 4_000 },
      }),
    },
  )
  let rest = ""
  for await (const chunk of response.body ?? []) {
    const text = new TextDecoder().decode(chunk)
    if (text.startsWith("{")) {
      heard.error = JSON.parse(text).error
      break
    }
    rest += text
    const events = rest.split(/\r?\n\r?\n/)
    rest = events.pop() ?? ""
    for (const event of events) {
      const [candidate] = JSON.parse(event.replace(/^data: /, "")).candidates
      heard.text += candidate.content.parts[0].text
      heard.finish = candidate.finishReason ?? heard.finish
    }
  }
  return heard
}

/** Each client, how it is told that it was cut, or that all was said, and its nano-USD per output token. */
const CLIENTS: readonly (readonly [string, Hear, string, string, number])[] = [
  ...OPENAI.map(([name, Sdk]) => [`${name} chat`, chat(Sdk), "length", "stop", 10_000] as const),
  ...OPENAI.map(
    ([name, Sdk]) =>
      [`${name} responses`, responses(Sdk), "max_output_tokens", "stop", 10_000] as const,
  ),
  ...ANTHROPIC.map(
    ([name, Sdk]) => [name, anthropic(Sdk), "max_tokens", "end_turn", 5_000] as const,
  ),
  ["gemini", gemini, "MAX_TOKENS", "STOP", 400],
]

const usdOf = (nano: number): string => (nano / 1e9).toFixed(9)

/** Our part of an error, wherever a client keeps what it was told. */
const problemOf = (error: unknown): unknown => {
  const told = error as { error?: { error?: { spendfuse: unknown }; spendfuse?: unknown } }
  const own = error as { spendfuse?: unknown }
  return own.spendfuse ?? told.error?.spendfuse ?? told.error?.error?.spendfuse
}

const run = async (hear: Hear, upstream: LongStandIn, nano: number, cutAs?: "error" | "length") => {
  const test = opened({
    policy: policyOf(usdOf(nano), { maxOutputTokens: 4_000 }),
    fetch: { stream: { sliceTokens: SLICE, ...(cutAs !== undefined && { cutAs }) } },
  })
  const heard = await hear(upstream.url, test.guarded)
  return { test, heard, spent: await test.spent(), counts: test.counts() }
}

describe.each(CLIENTS)("%s", (name, hear, cutFinish, wholeFinish, rate) => {
  it("is not touched while the money lasts, and settles what it used", async () => {
    await using upstream = await longStandIn(WORDS)
    const { heard, spent, counts } = await run(hear, upstream, 100 * ALL * rate)
    expect(heard).toEqual({ text: textOf(WORDS), finish: wholeFinish, error: null })
    expect(spent.held).toBe(0)
    // 20 input tokens at a quarter of the rate, or a fifth, and two for each word.
    expect(spent.settled).toBeGreaterThanOrEqual(2 * WORDS * rate)
    expect(spent.settled).toBeLessThan(2 * WORDS * rate + 20 * rate)
    expect([...counts.ends.values()]).toEqual([1])
    expect(upstream.told[0]?.ending).toBe("finished")
  })

  it("is cut at a whole event: the same text so far, one typed error, one attempt, upstream given up", async () => {
    await using upstream = await longStandIn(WORDS)
    const cap = halfOf(name) * rate
    const { heard, spent, counts } = await run(hear, upstream, cap)
    const passed = heard.text.length / wordOf(0).length
    expect(heard.text).toBe(textOf(passed))
    expect(passed).toBeGreaterThan(20)
    expect(passed).toBeLessThan(WORDS)
    expect(heard.finish).toBe(cutFinish)
    expect(problemOf(heard.error)).toMatchObject({
      type: "urn:spendfuse:cut:exhausted",
      reason: "exhausted",
      status: 402,
    })
    expect(upstream.told).toHaveLength(1)
    await expect.poll(() => upstream.told[0]?.ending).toBe("aborted")
    expect(counts.reserved).toBe(1)
    expect([...counts.ends.values()]).toEqual([1])
    expect(spent.held).toBe(0)
    expect(spent.settled).toBeLessThanOrEqual(cap)
    // Nothing that has passed is free.
    expect(spent.settled).toBeGreaterThanOrEqual(passed * 2 * rate)
  })

  it("ends without an error where the host wants the finish reason alone", async () => {
    await using upstream = await longStandIn(WORDS)
    const { heard, counts } = await run(hear, upstream, halfOf(name) * rate, "length")
    expect(heard.error).toBe(null)
    expect(heard.finish).toBe(cutFinish)
    expect([...counts.ends.values()]).toEqual([1])
  })
})

describe("what the SDKs make of a cut", () => {
  it("is their own kind of error, with its type and code", async () => {
    await using upstream = await longStandIn(WORDS)
    const openai = await run(chat(OpenAISdk), upstream, halfOf("openai") * 10_000)
    expect(openai.heard.error).toBeInstanceOf(OpenAISdk.APIError)
    expect(openai.heard.error).toMatchObject({ type: "spendfuse_cut", code: "exhausted" })
    const claude = await run(anthropic(AnthropicSdk), upstream, halfOf("anthropic") * 5_000)
    expect(claude.heard.error).toBeInstanceOf(AnthropicSdk.APIError)
    expect(claude.heard.error).toMatchObject({
      error: { error: { type: "spendfuse_cut", code: "exhausted" } },
    })
  })

  it.each(OPENAI)("rejects the helpers of %s, once", async (_, Sdk) => {
    await using upstream = await longStandIn(WORDS)
    const test = opened({
      policy: policyOf(usdOf(halfOf("openai") * 10_000), { maxOutputTokens: 4_000 }),
      fetch: { stream: { sliceTokens: SLICE } },
    })
    const client = new Sdk({ apiKey: "sk", baseURL: `${upstream.url}/v1`, fetch: test.guarded })
    const stream = client.chat.completions.stream({ model: "gpt-4o", messages })
    let text = ""
    stream.on("content", (delta) => {
      text += delta
    })
    await expect(stream.finalChatCompletion()).rejects.toMatchObject({
      type: "spendfuse_cut",
      code: "exhausted",
    })
    expect(textOf(WORDS).startsWith(text)).toBe(true)
    expect(text.length).toBeGreaterThan(100)
    expect(upstream.told).toHaveLength(1)
  })

  it.each(OPENAI)("rejects the helper for responses of %s, once", async (_, Sdk) => {
    await using upstream = await longStandIn(WORDS)
    const test = opened({
      policy: policyOf(usdOf(halfOf("openai") * 10_000), { maxOutputTokens: 4_000 }),
      fetch: { stream: { sliceTokens: SLICE } },
    })
    const client = new Sdk({ apiKey: "sk", baseURL: `${upstream.url}/v1`, fetch: test.guarded })
    const stream = client.responses.stream({ model: "gpt-4o", input: "go on" })
    const seen: string[] = []
    stream.on("event", ({ type }) => seen.push(type))
    await expect(stream.finalResponse()).rejects.toMatchObject({ code: "exhausted" })
    expect(seen.slice(-4)).toEqual([
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.incomplete",
    ])
    expect(upstream.told).toHaveLength(1)
  })

  it.each(ANTHROPIC)("rejects the helper of %s, once", async (_, Sdk) => {
    await using upstream = await longStandIn(WORDS)
    const test = opened({
      policy: policyOf(usdOf(halfOf("anthropic") * 5_000), { maxOutputTokens: 4_000 }),
      fetch: { stream: { sliceTokens: SLICE } },
    })
    const client = new Sdk({ apiKey: "sk", baseURL: upstream.url, fetch: test.guarded })
    const stream = client.messages.stream({
      model: "claude-haiku-4-5",
      max_tokens: 4_000,
      messages,
    })
    let text = ""
    stream.on("text", (delta) => {
      text += delta
    })
    await expect(stream.finalMessage()).rejects.toMatchObject({
      error: { error: { type: "spendfuse_cut", code: "exhausted" } },
    })
    expect(textOf(WORDS).startsWith(text)).toBe(true)
    expect(text.length).toBeGreaterThan(100)
    expect(upstream.told).toHaveLength(1)
  })
})
