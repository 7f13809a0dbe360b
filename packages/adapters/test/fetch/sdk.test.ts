import { setTimeout as sleep } from "node:timers/promises"
import Anthropic from "@anthropic-ai/sdk"
import { createSpendfuse, definePolicy, type Policy } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import AnthropicPrevious from "anthropic-previous"
import OpenAI from "openai"
import OpenAIPrevious from "openai-previous"
import { describe, expect, it } from "vitest"
import { guardedFetch } from "../../src/fetch.ts"
import { GPT_5_NANO, HAIKU_NANO } from "./costs.ts"
import { type StandIn, standIn } from "./standIn.ts"

const policyOf = (usd: string): Policy =>
  definePolicy({
    budgets: [
      {
        id: "key",
        per: ["apiKey"],
        limit: { usd },
        window: "hour",
        tiers: [{ at: "100%", block: true }],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
    maxOutputTokens: 1_000,
  })

const opened = async (usd = "10") => {
  const upstream = await standIn()
  const spendfuse = createSpendfuse({
    policy: policyOf(usd),
    store: memoryStore(),
    prices: libraryPrices(),
    onNotice: () => undefined,
    waitMs: 0,
  })
  const guarded = guardedFetch(spendfuse, { subject: { apiKey: "k1" } })
  const spent = async () => {
    await guarded.idle()
    return spendfuse.account({ budget: "key", subject: { apiKey: "k1" } })
  }
  return {
    upstream,
    spendfuse,
    guarded,
    spent,
    [Symbol.asyncDispose]: async () => {
      await spendfuse.close()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

type Client = {
  readonly run: (what: string, how: "json" | "stream", signal?: AbortSignal) => Promise<unknown>
}

const openai =
  (Sdk: typeof OpenAI) =>
  (upstream: StandIn, fetcher: typeof fetch): Client => {
    const client = new Sdk({
      apiKey: "sk",
      baseURL: `${upstream.url}/v1`,
      fetch: fetcher,
      maxRetries: 0,
    })
    return {
      run: async (what, how, signal) => {
        const request = { model: "gpt-5", messages: [{ role: "user" as const, content: what }] }
        const options = signal === undefined ? {} : { signal }
        if (how === "json") return client.chat.completions.create(request, options)
        const chunks: unknown[] = []
        for await (const chunk of await client.chat.completions.create(
          { ...request, stream: true },
          options,
        ))
          chunks.push(chunk)
        return chunks
      },
    }
  }

const openaiResponses =
  (Sdk: typeof OpenAI) =>
  (upstream: StandIn, fetcher: typeof fetch): Client => {
    const client = new Sdk({
      apiKey: "sk",
      baseURL: `${upstream.url}/v1`,
      fetch: fetcher,
      maxRetries: 0,
    })
    return {
      run: async (what, how, signal) => {
        const request = { model: "gpt-5", input: what }
        const options = signal === undefined ? {} : { signal }
        if (how === "json") return client.responses.create(request, options)
        const events: unknown[] = []
        for await (const event of await client.responses.create(
          { ...request, stream: true },
          options,
        ))
          events.push(event)
        return events
      },
    }
  }

const anthropic =
  (Sdk: typeof Anthropic) =>
  (upstream: StandIn, fetcher: typeof fetch): Client => {
    const client = new Sdk({ apiKey: "sk", baseURL: upstream.url, fetch: fetcher, maxRetries: 0 })
    return {
      run: async (what, how, signal) => {
        const request = {
          model: "claude-haiku-4-5",
          max_tokens: 500,
          messages: [{ role: "user" as const, content: what }],
        }
        const options = signal === undefined ? {} : { signal }
        if (how === "json") return client.messages.create(request, options)
        const events: unknown[] = []
        for await (const event of await client.messages.create(
          { ...request, stream: true },
          options,
        ))
          events.push(event)
        return events
      },
    }
  }

const clients = [
  ["openai chat", openai(OpenAI), GPT_5_NANO],
  ["openai chat, previous major", openai(OpenAIPrevious as unknown as typeof OpenAI), GPT_5_NANO],
  ["openai responses", openaiResponses(OpenAI), GPT_5_NANO],
  [
    "openai responses, previous major",
    openaiResponses(OpenAIPrevious as unknown as typeof OpenAI),
    GPT_5_NANO,
  ],
  ["anthropic", anthropic(Anthropic), HAIKU_NANO],
  [
    "anthropic, previous major",
    anthropic(AnthropicPrevious as unknown as typeof Anthropic),
    HAIKU_NANO,
  ],
] as const

const outcome = async (run: Promise<unknown>): Promise<unknown> => {
  try {
    return { value: JSON.parse(JSON.stringify(await run)) }
  } catch (error) {
    const { status, message, name } = error as { status?: number; message: string; name: string }
    return { status, message, name }
  }
}

describe.each(clients)("%s", (_, make, nano) => {
  it.each([
    ["hello", "json", nano],
    ["tools", "json", nano],
    ["gzip", "json", nano],
    ["hello", "stream", nano],
    ["tools", "stream", nano],
    ["split", "stream", nano],
    ["garbage", "stream", nano],
    ["status 400", "json", 0],
    ["status 401", "stream", 0],
    ["status 429", "json", 0],
    ["status 503", "json", 0],
  ] as const)(
    "answers the same with and without the guard, and settles once: %s, %s",
    async (what, how, settled) => {
      await using test = await opened()
      const plain = await outcome(make(test.upstream, fetch).run(what, how))
      const guarded = await outcome(make(test.upstream, test.guarded).run(what, how))
      expect(guarded).toEqual(plain)
      expect(await test.spent()).toMatchObject({ settled, held: 0 })
    },
  )

  it.each([
    ["status 500", "json"],
    ["reset", "json"],
    ["malformed", "json"],
    ["cut", "stream"],
  ] as const)("counts the whole hold where nobody knows the cost: %s", async (what, how) => {
    await using test = await opened()
    const plain = await outcome(make(test.upstream, fetch).run(what, how))
    const guarded = await outcome(make(test.upstream, test.guarded).run(what, how))
    expect(guarded).toEqual(plain)
    const { settled, held } = await test.spent()
    expect(held).toBe(0)
    expect(settled).toBeGreaterThan(nano)
  })

  it("counts the whole hold of a stream that the caller aborts", async () => {
    await using test = await opened()
    const stop = new AbortController()
    const run = make(test.upstream, test.guarded).run("hang", "stream", stop.signal)
    await expect.poll(() => test.upstream.seen.length).toBe(1)
    await sleep(60)
    stop.abort()
    await outcome(run)
    const { settled, held } = await test.spent()
    expect(held).toBe(0)
    expect(settled).toBeGreaterThan(nano)
  })

  it("settles what is known where the caller aborts after the final usage", async () => {
    await using test = await opened()
    const stop = new AbortController()
    const run = make(test.upstream, test.guarded).run("linger", "stream", stop.signal)
    while (test.upstream.lingering() === 0) await sleep(5)
    // What was said last is read in one of the next turns, however long these take.
    for (let turn = 0; turn < 20; turn += 1) await sleep(2)
    stop.abort()
    await outcome(run)
    expect(await test.spent()).toMatchObject({ settled: nano, held: 0 })
  })

  it("refuses with one attempt and one clear error", async () => {
    await using test = await opened("0.0000001")
    const refused = (await outcome(make(test.upstream, test.guarded).run("hello", "json"))) as {
      status: number
      message: string
    }
    expect(refused.status).toBe(402)
    expect(refused.message).toContain("refused: too-large")
    expect(test.upstream.seen).toHaveLength(0)
    expect(await test.spent()).toMatchObject({ settled: 0, held: 0 })
  })
})

describe("the granted bound", () => {
  it("is written into the request, clamped to the headroom", async () => {
    await using test = await opened("0.003")
    await outcome(openai(OpenAI)(test.upstream, test.guarded).run("hello", "json"))
    const limit = test.upstream.seen[0]?.max_completion_tokens as number
    expect(limit).toBeGreaterThan(100)
    // 0.003 USD less the input leaves room for fewer than 300 tokens at 10,000 nano-USD.
    expect(limit).toBeLessThan(300)
  })
})
