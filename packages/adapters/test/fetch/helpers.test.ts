import { describe, expect, it } from "vitest"
import { ANTHROPIC, anthropic, OPENAI, openai } from "./clients.ts"
import { GPT_5_NANO, HAIKU_NANO } from "./costs.ts"
import { opened } from "./harness.ts"
import { standIn } from "./standIn.ts"

const user = (content: string) => [{ role: "user" as const, content }]
const weather = {
  name: "weather",
  description: "the weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } } },
}
const functions = [{ type: "function" as const, function: weather }]
const schema = {
  type: "json_schema" as const,
  json_schema: { name: "answer", schema: { type: "object", properties: {} } },
}

type OpenAIClient = ReturnType<typeof openai>
type AnthropicClient = ReturnType<typeof anthropic>

/** What the helpers of OpenAI's client give, and how many calls they make. */
const OPENAI_HELPERS: readonly (readonly [
  string,
  (client: OpenAIClient) => Promise<unknown>,
  number,
])[] = [
  [
    "embeddings",
    (client) => client.embeddings.create({ model: "text-embedding-3-small", input: "hello" }),
    // text-embedding-3-small: 20 × 20 nano-USD.
    400,
  ],
  [
    "tools in a stream helper",
    async (client) => {
      const runner = client.chat.completions.stream({
        model: "gpt-5",
        messages: user("tools"),
        tools: functions,
      })
      const events: unknown[] = []
      runner.on("chunk", (chunk) => events.push(chunk))
      return [await runner.finalChatCompletion(), await runner.finalMessage(), events]
    },
    GPT_5_NANO,
  ],
  [
    "usage that the caller asks for in a stream helper",
    async (client) => {
      const runner = client.chat.completions.stream({
        model: "gpt-5",
        messages: user("hello"),
        stream_options: { include_usage: true },
      })
      return [await runner.finalChatCompletion(), await runner.totalUsage()]
    },
    GPT_5_NANO,
  ],
  [
    "structured outputs",
    (client) =>
      client.chat.completions.parse({
        model: "gpt-5",
        messages: user("hello"),
        response_format: schema,
      }),
    GPT_5_NANO,
  ],
  [
    "the response beside the data",
    async (client) => {
      const call = client.chat.completions.create({ model: "gpt-5", messages: user("hello") })
      const { data, response, request_id } = await call.withResponse()
      return [data, request_id, response.status, response.url.slice(-20), response.bodyUsed]
    },
    GPT_5_NANO,
  ],
  [
    "the bare response",
    async (client) => {
      const call = client.chat.completions.create({ model: "gpt-5", messages: user("hello") })
      const response = await call.asResponse()
      return [response.bodyUsed, await response.clone().text(), await response.json()]
    },
    GPT_5_NANO,
  ],
  [
    "a stream that is split in two",
    async (client) => {
      const stream = await client.chat.completions.create({
        model: "gpt-5",
        messages: user("hello"),
        stream: true,
      })
      const sides = stream.tee().map(async (side) => {
        const chunks: unknown[] = []
        for await (const chunk of side) chunks.push(chunk)
        return chunks
      })
      return Promise.all(sides)
    },
    GPT_5_NANO,
  ],
  [
    "a response as a readable stream",
    async (client) => {
      const stream = await client.chat.completions.create({
        model: "gpt-5",
        messages: user("hello"),
        stream: true,
      })
      return new Response(stream.toReadableStream()).text()
    },
    GPT_5_NANO,
  ],
]

describe.each(OPENAI)("%s", (_, Sdk) => {
  it.each(OPENAI_HELPERS)("gives the same with and without the guard: %s", async (_, run, nano) => {
    await using upstream = await standIn()
    await using test = opened()
    const url = `${upstream.url}/v1`
    const plain = await run(openai(Sdk, fetch, url))
    const guarded = await run(openai(Sdk, test.guarded, url))
    expect(guarded).toEqual(plain)
    expect(await test.spent()).toEqual({ settled: nano, held: 0 })
  })
})

const tools = [{ name: "weather", input_schema: { type: "object" as const, properties: {} } }]
const ANTHROPIC_HELPERS: readonly (readonly [
  string,
  (client: AnthropicClient) => Promise<unknown>,
])[] = [
  [
    "a stream helper",
    async (client) => {
      const stream = client.messages.stream({
        model: "claude-haiku-4-5",
        max_tokens: 100,
        messages: user("hello"),
      })
      const texts: string[] = []
      stream.on("text", (text) => texts.push(text))
      return [await stream.finalMessage(), await stream.finalText(), texts]
    },
  ],
  [
    "tools",
    (client) =>
      client.messages.create({
        model: "claude-haiku-4-5",
        max_tokens: 100,
        messages: user("tools"),
        tools,
      }),
  ],
  [
    "the response beside a stream",
    async (client) => {
      const call = client.messages.create({
        model: "claude-haiku-4-5",
        max_tokens: 100,
        messages: user("hello"),
        stream: true,
      })
      const { data, response } = await call.withResponse()
      const events: unknown[] = []
      for await (const event of data) events.push(event)
      return [events, response.status, response.redirected]
    },
  ],
  [
    "the bare response",
    async (client) => {
      const call = client.messages.create({
        model: "claude-haiku-4-5",
        max_tokens: 100,
        messages: user("hello"),
      })
      return (await call.asResponse()).text()
    },
  ],
]

describe.each(ANTHROPIC)("%s", (_, Sdk) => {
  it.each(ANTHROPIC_HELPERS)("gives the same with and without the guard: %s", async (_, run) => {
    await using upstream = await standIn()
    await using test = opened()
    const plain = await run(anthropic(Sdk, fetch, upstream.url))
    const guarded = await run(anthropic(Sdk, test.guarded, upstream.url))
    expect(guarded).toEqual(plain)
    expect(await test.spent()).toEqual({ settled: HAIKU_NANO, held: 0 })
  })

  it("leaves a stream early without leaving a hold", async () => {
    await using upstream = await standIn()
    await using test = opened()
    const stream = await anthropic(Sdk, test.guarded, upstream.url).messages.create({
      model: "claude-haiku-4-5",
      max_tokens: 100,
      messages: user("hello"),
      stream: true,
    })
    for await (const _ of stream) break
    expect((await test.spent()).held).toBe(0)
    expect([...test.counts().ends.values()]).toEqual([1])
  })
})

describe("Gemini through plain fetch", () => {
  it.each(["generateContent", "streamGenerateContent?alt=sse", "streamGenerateContent"])(
    "gives the same bytes with and without the guard: %s",
    async (method) => {
      await using upstream = await standIn()
      await using test = opened()
      const url = `${upstream.url}/v1beta/models/gemini-2.5-flash:${method}`
      const body = '{"contents":[{"parts":[{"text":"hello"}]}],"generationConfig":{"topK":1}}'
      const init = { method: "POST", body, headers: { "x-goog-api-key": "secret" } }
      const plain = await (await fetch(url, init)).text()
      const guarded = await (await test.guarded(url, init)).text()
      expect(guarded).toBe(plain)
      expect(upstream.seen[1]).toEqual({
        contents: [{ parts: [{ text: "hello" }] }],
        generationConfig: { topK: 1, maxOutputTokens: 1_000 },
      })
      // gemini-2.5-flash: 20 × 300 + 5 × 2,500 nano-USD.
      expect(await test.spent()).toEqual({ settled: 18_500, held: 0 })
    },
  )
})
