import { describe, expect, it } from "vitest"
import { ANTHROPIC, anthropic, OPENAI, openai } from "./clients.ts"
import { CHAT_URL, chat, chatAnswer, type Opened, opened, policyOf, upstreamOf } from "./harness.ts"

const messages = [{ role: "user" as const, content: "hello" }]
const TEXT = 'the budget is spent; "ask" Ada ☕\n'

const canned = (): Opened =>
  opened({
    policy: policyOf("0.0000001", {
      fallbacks: { sorry: { answer: TEXT } },
      onRefused: "sorry",
    }),
    fetch: {
      fetch: upstreamOf(() => {
        throw new Error("an upstream was called")
      }),
    },
  })

describe.each(OPENAI)("a canned answer to %s", (_, Sdk) => {
  it("is a chat completion, whole, as a stream and through the helper", async () => {
    await using test = canned()
    const { chat: chats } = openai(Sdk, test.guarded)
    const request = { model: "gpt-5", messages }
    const answer = await chats.completions.create(request)
    expect(answer.choices[0]?.message.content).toBe(TEXT)
    let text = ""
    for await (const chunk of await chats.completions.create({ ...request, stream: true }))
      text += chunk.choices[0]?.delta.content ?? ""
    expect(text).toBe(TEXT)
    const final = await chats.completions
      .stream({ ...request, stream_options: { include_usage: true } })
      .finalChatCompletion()
    expect(final.choices[0]?.message.content).toBe(TEXT)
    expect(final.usage?.total_tokens).toBe(0)
  })

  it("is a response, whole, as a stream and through the helper", async () => {
    await using test = canned()
    const { responses } = openai(Sdk, test.guarded)
    const request = { model: "gpt-5", input: "hello" }
    expect((await responses.create(request)).output_text).toBe(TEXT)
    let text = ""
    for await (const event of await responses.create({ ...request, stream: true }))
      if (event.type === "response.output_text.delta") text += event.delta
    expect(text).toBe(TEXT)
    const final = await responses.stream(request).finalResponse()
    expect(final.output_text).toBe(TEXT)
  })

  it("is none to embeddings, which no text answers", async () => {
    await using test = canned()
    const call = openai(Sdk, test.guarded).embeddings.create({
      model: "text-embedding-3-small",
      input: "hello",
    })
    await expect(call).rejects.toMatchObject({ status: 402 })
  })
})

describe.each(ANTHROPIC)("a canned answer to %s", (_, Sdk) => {
  it("is a message, whole, as a stream and through the helper", async () => {
    await using test = canned()
    const client = anthropic(Sdk, test.guarded)
    const request = { model: "claude-haiku-4-5", max_tokens: 100, messages }
    const answer = await client.messages.create(request)
    expect(answer.content).toEqual([{ type: "text", text: TEXT }])
    let text = ""
    for await (const event of await client.messages.create({ ...request, stream: true }))
      if (event.type === "content_block_delta" && event.delta.type === "text_delta")
        text += event.delta.text
    expect(text).toBe(TEXT)
    expect(await client.messages.stream(request).finalText()).toBe(TEXT)
  })
})

describe("a canned answer to Gemini", () => {
  const base = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash"
  const init = { method: "POST", body: '{"contents":[{"parts":[{"text":"hello"}]}]}' }
  const textOf = (body: unknown): unknown =>
    (body as { candidates: { content: { parts: { text: string }[] } }[] }).candidates[0]?.content
      .parts[0]?.text

  it("is a body, an event or an array, as it was asked for", async () => {
    await using test = canned()
    const whole = await test.guarded(`${base}:generateContent`, init)
    expect(textOf(await whole.json())).toBe(TEXT)
    const events = await test.guarded(`${base}:streamGenerateContent?alt=sse`, init)
    expect(events.headers.get("content-type")).toBe("text/event-stream")
    expect(textOf(JSON.parse((await events.text()).slice("data: ".length)))).toBe(TEXT)
    const array = await test.guarded(`${base}:streamGenerateContent`, init)
    expect(textOf(((await array.json()) as unknown[])[0])).toBe(TEXT)
  })
})

describe("a cheaper model", () => {
  it("is written into the body, and nothing else is", async () => {
    const upstream = upstreamOf(() => Response.json({ ...chatAnswer, model: "gpt-5-nano" }))
    const policy = policyOf("0.001", {
      fallbacks: { small: { model: "gpt-5-nano" } },
      onRefused: "small",
      minOutputTokens: 1_000,
    })
    await using test = opened({ policy, fetch: { fetch: upstream } })
    await (await test.guarded(CHAT_URL, chat({ max_completion_tokens: 1_000 }))).text()
    const sent = chat({ max_completion_tokens: 1_000 }).body as string
    expect(upstream.seen[0]?.text).toBe(sent.replace('"gpt-5"', '"gpt-5-nano"'))
    // gpt-5-nano: 20 × 50 + 5 × 400 nano-USD.
    expect(await test.spent()).toEqual({ settled: 3_000, held: 0 })
  })

  it("is written into the URL where that names the model", async () => {
    const usageMetadata = { promptTokenCount: 20, candidatesTokenCount: 5 }
    const upstream = upstreamOf(() => Response.json({ usageMetadata }))
    const policy = policyOf("0.001", {
      fallbacks: { small: { model: "gemini-2.5-flash-lite" } },
      onRefused: "small",
      minOutputTokens: 1_000,
    })
    await using test = opened({ policy, fetch: { fetch: upstream } })
    const url =
      "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent?key=s"
    const body = '{"contents":[{"parts":[{"text":"hello"}]}]}'
    await (await test.guarded(new Request(url, { method: "POST", body }))).text()
    expect(upstream.seen[0]?.request.url).toBe(url.replace("flash:", "flash-lite:"))
    expect(upstream.seen[0]?.request.method).toBe("POST")
    // gemini-2.5-flash-lite: 20 × 100 + 5 × 400 nano-USD.
    expect(await test.spent()).toEqual({ settled: 4_000, held: 0 })
  })

  it("of another provider is a clear error, and holds nothing", async () => {
    const upstream = upstreamOf(() => Response.json(chatAnswer))
    const policy = policyOf("0.001", {
      fallbacks: { small: { model: "claude-3-haiku-20240307", provider: "anthropic" } },
      onRefused: "small",
      minOutputTokens: 500,
    })
    await using test = opened({ policy, fetch: { fetch: upstream } })
    const response = await test.guarded(CHAT_URL, chat({ max_completion_tokens: 500 }))
    expect(response.status).toBe(400)
    expect(await response.text()).toContain("fallback `small` names provider `anthropic`")
    expect(upstream.seen).toHaveLength(0)
    expect(await test.spent()).toEqual({ settled: 0, held: 0 })
  })
})

describe("the host's own fallback", () => {
  const policy = policyOf("0.0000001", { fallbacks: { mine: { custom: true } }, onRefused: "mine" })

  it("answers with the request as it came", async () => {
    const mine = async (request: Request): Promise<Response> =>
      new Response(`${request.headers.get("authorization")} ${await request.text()}`)
    await using test = opened({ policy, fetch: { handlers: { mine } } })
    const response = await test.guarded(CHAT_URL, chat())
    expect(await response.text()).toBe(`Bearer sk-secret ${chat().body}`)
  })

  it("is a refusal where no handler has its name", async () => {
    await using test = opened({ policy, fetch: { handlers: {} } })
    expect((await test.guarded(CHAT_URL, chat())).status).toBe(402)
  })
})
