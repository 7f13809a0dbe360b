import { libraryPrices } from "@spendfuse/core/prices"
import {
  embed,
  generateImage,
  generateText,
  streamText,
  wrapEmbeddingModel,
  wrapImageModel,
  wrapLanguageModel,
} from "ai"
import { MockEmbeddingModelV4, MockLanguageModelV4, simulateReadableStream } from "ai/test"
import { describe, expect, it, vi } from "vitest"
import { type AiSdkGuardOptions, guardAiSdk, SpendRefused } from "../../src/aiSdk.ts"
import { openSessions } from "../../src/session.ts"
import { type Opened, opened, policyOf } from "../fetch/harness.ts"

type Doing = ConstructorParameters<typeof MockLanguageModelV4>[0]
type Answer = Awaited<ReturnType<MockLanguageModelV4["doGenerate"]>>

const usage: Answer["usage"] = {
  inputTokens: { total: 20, noCache: 20, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 5, text: 5, reasoning: 0 },
}
const finishReason: Answer["finishReason"] = { unified: "stop", raw: "stop" }

const answer = (more: Partial<Answer> = {}): Answer => ({
  content: [{ type: "text", text: "hi" }],
  finishReason,
  usage,
  warnings: [],
  ...more,
})

const mock = (doing: Doing = {}): MockLanguageModelV4 =>
  new MockLanguageModelV4({
    provider: "openai.chat",
    modelId: "gpt-5",
    doGenerate: async () => answer(),
    ...doing,
  })

const guarded = (
  bench: Opened,
  model: MockLanguageModelV4,
  options: AiSdkGuardOptions = { subject: { apiKey: "k1" } },
) => {
  const guard = guardAiSdk(bench.spendfuse, options)
  return { guard, model: wrapLanguageModel({ model, middleware: guard.language }) }
}

/** 20 × 1,250 + 5 × 10,000 nano-USD. */
const NANO = 75_000

describe("the output limit", () => {
  it("is the policy's where the call names none, and the call's own where it does", async () => {
    await using bench = opened()
    const mocked = mock()
    const { model } = guarded(bench, mocked)
    await generateText({ model, prompt: "hello" })
    await generateText({ model, prompt: "hello", maxOutputTokens: 70 })
    expect(mocked.doGenerateCalls.map((call) => call.maxOutputTokens)).toEqual([1_000, 70])
    expect(await bench.spent()).toEqual({ settled: 2 * NANO, held: 0 })
  })

  it("shrinks to what is left", async () => {
    // $0.001 buys 100 tokens of output, less what the input may cost.
    await using bench = opened({ usd: "0.001" })
    const mocked = mock()
    await generateText({ model: guarded(bench, mocked).model, prompt: "hello" })
    const sent = mocked.doGenerateCalls[0]?.maxOutputTokens ?? 0
    expect(sent).toBeGreaterThan(0)
    expect(sent).toBeLessThan(100)
  })

  it("holds what Anthropic's package adds for thinking, and sends the rest", async () => {
    await using bench = opened()
    const mocked = mock({ provider: "anthropic.messages", modelId: "claude-haiku-4-5" })
    const { model } = guarded(bench, mocked)
    const anthropic = { thinking: { type: "enabled", budgetTokens: 5_000 } }
    const held: number[] = []
    mocked.doGenerate = async (call) => {
      held.push((await bench.spent()).held, call.maxOutputTokens ?? 0)
      return answer()
    }
    const call = { model, prompt: "hello", maxOutputTokens: 300 }
    await generateText({ ...call, providerOptions: { anthropic } })
    expect(held[0]).toBeGreaterThanOrEqual(5_300 * 5_000)
    expect(held[1]).toBe(300)
    await generateText({ ...call, reasoning: "low" })
    expect(held[2]).toBeGreaterThanOrEqual(6_700 * 5_000)
    expect(held[3]).toBe(300)
  })
})

describe("fallbacks", () => {
  const policy = (fallback: object) =>
    policyOf("0.001", {
      fallbacks: { out: fallback as { answer: string } },
      onRefused: "out",
      minOutputTokens: 500,
    })

  it("call the model of `models`, at its price", async () => {
    await using bench = opened({ policy: policy({ model: "gpt-5-nano" }) })
    const [dear, cheap] = [mock(), mock({ modelId: "gpt-5-nano" })]
    const { model } = guarded(bench, dear, {
      subject: { apiKey: "k1" },
      models: { "gpt-5-nano": cheap },
    })
    await generateText({ model, prompt: "hello" })
    expect([dear.doGenerateCalls.length, cheap.doGenerateCalls.length]).toEqual([0, 1])
    expect(await bench.spent()).toEqual({ settled: 3_000, held: 0 })
  })

  it("send what was granted, less what the package of the model they take adds", async () => {
    const out = { model: "claude-haiku-4-5", provider: "anthropic" }
    await using bench = opened({
      policy: policyOf("1", { fallbacks: { out }, onRefused: "out", minOutputTokens: 8_400 }),
    })
    const called = mock({ provider: "anthropic.messages", modelId: "claude-haiku-4-5" })
    const models = { "anthropic/claude-haiku-4-5": called }
    const options = { subject: { apiKey: "k1" }, models }
    // 8,400 × 120,000 nano-USD are more than there is.
    const { model } = guarded(bench, mock({ modelId: "gpt-5-pro" }), options)
    const anthropic = { thinking: { type: "enabled", budgetTokens: 2_000 } }
    const call = { model, prompt: "hello", providerOptions: { anthropic } }
    await generateText({ ...call, maxOutputTokens: 8_500 })
    expect(called.doGenerateCalls.map((one) => one.maxOutputTokens)).toEqual([6_500])
    const { settled, held } = await bench.spent()
    expect([settled, held]).toEqual([20 * 1_000 + 5 * 5_000, 0])
  })

  it("may take any model of `models`: the widest input is held", async () => {
    await using bench = opened()
    const called = mock({ provider: "anthropic.messages", modelId: "claude-haiku-4-5" })
    const held: number[] = []
    called.doGenerate = async () => {
      held.push((await bench.spent()).held)
      return answer()
    }
    const picture = { type: "file" as const, mediaType: "image/png", data: new Uint8Array([1, 2]) }
    for (const models of [{}, { "gpt-5": mock() }]) {
      const { model } = guarded(bench, called, { subject: { apiKey: "k1" }, models })
      await generateText({ model, messages: [{ role: "user", content: [picture] }] })
    }
    expect(held[0]).toBeLessThan(20_000_000)
    expect(held[1]).toBeGreaterThan(50_000 * 1_000)
  })

  it("are a fault, and hold nothing, where `models` does not have it, or has another's", async () => {
    await using bench = opened({ policy: policy({ model: "gpt-5-nano" }) })
    const models = { "gpt-5-nano": mock({ provider: "azure.chat" }) }
    for (const options of [{}, { models }]) {
      const { model } = guarded(bench, mock(), { subject: { apiKey: "k1" }, ...options })
      await expect(generateText({ model, prompt: "hello" })).rejects.toThrow("fallback `out`")
    }
    expect(await bench.spent()).toEqual({ settled: 0, held: 0 })
  })

  it("answer with the policy's text, whole and in parts, at no cost", async () => {
    await using bench = opened({ policy: policy({ answer: "Try again later." }) })
    const mocked = mock()
    const { model } = guarded(bench, mocked)
    const whole = await generateText({ model, prompt: "hello" })
    const parts = streamText({ model, prompt: "hello" })
    expect([whole.text, await parts.text]).toEqual(["Try again later.", "Try again later."])
    expect((await parts.usage).outputTokens).toBe(0)
    expect(mocked.doGenerateCalls.length + mocked.doStreamCalls.length).toBe(0)
    expect(await bench.spent()).toEqual({ settled: 0, held: 0 })
  })

  it("of the host's own are told by the refusal", async () => {
    await using bench = opened({ policy: policy({ custom: true }) })
    const refused = await generateText({
      model: guarded(bench, mock()).model,
      prompt: "hello",
    }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(SpendRefused)
    expect((refused as SpendRefused).refused.fallback).toEqual({ kind: "custom", name: "out" })
  })
})

describe("who pays", () => {
  it("may be told by the call", async () => {
    await using bench = opened()
    const { model } = guarded(bench, mock(), {
      subject: ({ providerOptions }) => ({
        apiKey: String((providerOptions as { spendfuse: { key: string } }).spendfuse.key),
      }),
    })
    await generateText({ model, prompt: "hello", providerOptions: { spendfuse: { key: "k1" } } })
    expect((await bench.spent()).settled).toBe(NANO)
  })

  it("may be a session, which keeps something back for its last answer", async () => {
    await using bench = opened({ usd: "0.02" })
    const sessions = openSessions(bench.spendfuse)
    const keepBack = { usd: 19_900_000 }
    const session = await sessions.open({ apiKey: "k1" }, { keepBack })
    if (!session.allowed) throw new Error("refused")
    const mocked = mock()
    const run = async (isFinal: boolean): Promise<number> => {
      const { model } = guarded(bench, mocked, { session: () => sessions.current(), isFinal })
      await session.run(() => generateText({ model, prompt: "hello", maxOutputTokens: 1_000 }))
      return mocked.doGenerateCalls.at(-1)?.maxOutputTokens ?? 0
    }
    await expect(run(false)).rejects.toMatchObject({ reason: "exhausted" })
    const { model } = guarded(bench, mock(), { session: () => sessions.current() })
    await expect(generateText({ model, prompt: "hello" })).rejects.toThrow("outside of a session")
    expect(await run(true)).toBe(1_000)
    await session.close()
    expect(await bench.spent()).toEqual({ settled: NANO, held: 0 })
  })
})

describe("streams", () => {
  const parts = [
    { type: "stream-start" as const, warnings: [] },
    { type: "text-start" as const, id: "1" },
    { type: "text-delta" as const, id: "1", delta: "hi" },
    { type: "text-end" as const, id: "1" },
    { type: "finish" as const, usage, finishReason },
  ]
  const streamed = (count: number, isOpen: boolean, onCancel = (): void => undefined) =>
    mock({
      doStream: async () => ({
        stream: isOpen
          ? new ReadableStream({
              start: (controller) => {
                for (const part of parts.slice(0, count)) controller.enqueue(part)
              },
              cancel: onCancel,
            })
          : simulateReadableStream({ chunks: parts.slice(0, count), chunkDelayInMs: null }),
      }),
    })
  const call = {
    prompt: [{ role: "user" as const, content: [{ type: "text" as const, text: "hello" }] }],
  }

  it("are settled by their last part, and whole where it never came", async () => {
    for (const [count, cost] of [
      [5, NANO],
      [4, null],
    ] as const) {
      await using bench = opened()
      const { model, guard } = guarded(bench, streamed(count, false))
      const { stream } = await model.doStream(call)
      const seen = []
      for await (const part of stream) seen.push(part)
      expect(seen).toEqual(parts.slice(0, count))
      await guard.idle()
      const { settled, held } = await bench.spent()
      expect(held).toBe(0)
      if (cost === null) expect(settled).toBeGreaterThan(1_000 * 10_000)
      else expect(settled).toBe(cost)
      expect([...bench.counts().ends.values()]).toEqual([1])
    }
  })

  it("that their reader cancels are settled once, and cancelled upstream", async () => {
    await using bench = opened()
    const onCancel = vi.fn()
    const { model, guard } = guarded(bench, streamed(3, true, onCancel))
    const reader = (await model.doStream(call)).stream.getReader()
    await reader.read()
    await reader.cancel("enough")
    await guard.idle()
    expect(onCancel).toHaveBeenCalledExactlyOnceWith("enough")
    expect((await bench.spent()).settled).toBeGreaterThan(1_000 * 10_000)
    expect([...bench.counts().ends.values()]).toEqual([1])
  })

  it("that are cancelled after their usage cost what it says", async () => {
    await using bench = opened()
    const { model, guard } = guarded(bench, streamed(5, true))
    const reader = (await model.doStream(call)).stream.getReader()
    for (const _ of parts) await reader.read()
    await guard.idle()
    expect([...bench.counts().ends.values()]).toEqual([1])
    await reader.cancel()
    await guard.idle()
    expect(await bench.spent()).toEqual({ settled: NANO, held: 0 })
    expect([...bench.counts().ends.values()]).toEqual([1])
  })

  it("that nobody reads are counted whole after a silence", async () => {
    await using bench = opened()
    const options = { subject: { apiKey: "k1" }, silenceMs: 20 }
    const { model } = guarded(bench, streamed(5, true), options)
    await model.doStream(call)
    await expect.poll(() => [...bench.counts().ends.values()]).toEqual([1])
    expect((await bench.spent()).settled).toBeGreaterThan(1_000 * 10_000)
  })
})

describe("embeddings and images", () => {
  it("count whole where a provider tells no usage, and never call another model", async () => {
    await using bench = opened({
      policy: policyOf("0.0001", {
        fallbacks: { out: { model: "text-embedding-3-small" } },
        onRefused: "out",
      }),
    })
    const guard = guardAiSdk(bench.spendfuse, { subject: { apiKey: "k1" } })
    const mocked = new MockEmbeddingModelV4({
      provider: "openai.embedding",
      modelId: "text-embedding-3-large",
      doEmbed: async () => ({ embeddings: [[1]], warnings: [] }),
    })
    const model = wrapEmbeddingModel({ model: mocked, middleware: guard.embedding })
    await embed({ model, value: "12345678" })
    // 8 bytes and 8 around them, at 130 nano-USD each.
    expect(await bench.spent()).toEqual({ settled: 2_080, held: 0 })
    const other = embed({ model, value: "x".repeat(1_000) })
    await expect(other).rejects.toThrow("names another model")
    expect(await bench.spent()).toEqual({ settled: 2_080, held: 0 })
    const long = embed({ model, value: "x".repeat(10_000), maxRetries: 0 })
    await expect(long).rejects.toBeInstanceOf(SpendRefused)
  })

  const picture = (modelId: string): Parameters<typeof wrapImageModel>[0]["model"] => ({
    specificationVersion: "v4",
    provider: "openai.image",
    modelId,
    maxImagesPerCall: 5,
    doGenerate: async ({ n }) => ({
      images: Array.from({ length: n }, () => "aGk="),
      warnings: [],
      response: { timestamp: new Date(0), modelId, headers: undefined },
      usage: { inputTokens: 10, outputTokens: 1_000, totalTokens: 1_010 },
    }),
  })

  it("draw by tokens, at the price list's rates", async () => {
    await using bench = opened()
    const guard = guardAiSdk(bench.spendfuse, { subject: { apiKey: "k1" } })
    const model = wrapImageModel({ model: picture("gpt-image-1"), middleware: guard.image })
    const { images } = await generateImage({ model, prompt: "a cat", n: 2 })
    expect(images.length).toBe(2)
    const used = { inputTokens: 10, imageOutputTokens: 1_000 }
    const listed = { provider: "openai", model: "gpt-image-1", atMs: Date.now() }
    const cost = libraryPrices().cost(listed, used)
    expect(cost.kind).toBe("priced")
    const nano = cost.kind === "priced" ? cost.nanoUsd : 0
    expect(await bench.spent()).toEqual({ settled: nano, held: 0 })
  })

  it("draw at what the host says that a picture costs", async () => {
    await using bench = opened()
    const guard = guardAiSdk(bench.spendfuse, {
      subject: { apiKey: "k1" },
      imageCost: ({ n }) => ({ usd: n * 40_000_000 }),
    })
    const model = wrapImageModel({ model: picture("dall-e-3"), middleware: guard.image })
    await generateImage({ model, prompt: "a cat", n: 2 })
    expect(await bench.spent()).toEqual({ settled: 80_000_000, held: 0 })
  })
})
