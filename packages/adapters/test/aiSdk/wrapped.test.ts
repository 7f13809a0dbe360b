import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { guardAiSdk, SpendRefused } from "../../src/aiSdk.ts"
import { type Opened, opened } from "../fetch/harness.ts"
import { type StandIn, standIn } from "../fetch/standIn.ts"
import { MAJORS, type Major, type Sdk } from "./majors.ts"

let upstream: StandIn
beforeAll(async () => {
  upstream = await standIn()
})
afterAll(() => upstream[Symbol.asyncDispose]())

/** 20 × 50 + 5 × 400 nano-USD. */
const NANO_CALL = 3_000

/** The same call through a plain model, a guarded `fetch`, and the middleware where there is one. */
const ways = (major: Major, bench: Opened) => {
  const baseURL = upstream.url
  const guard = guardAiSdk(bench.spendfuse, { subject: { apiKey: "k1" } })
  return {
    guard,
    plain: major.chat("gpt-5-nano", { baseURL }),
    fetched: major.chat("gpt-5-nano", { baseURL, fetch: bench.guarded }),
    wrapped: major.guarded?.chat("gpt-5-nano", { baseURL }, guard),
  }
}

const spentOf = async (bench: Opened, guard: ReturnType<typeof guardAiSdk>) => {
  await guard.idle()
  return bench.spent()
}

/** Exactly one end for each reservation. */
const onceEach = (bench: Opened): readonly number[] => [...new Set(bench.counts().ends.values())]

const outcome = async (work: () => Promise<unknown>): Promise<unknown> => {
  try {
    return await work()
  } catch (error) {
    const { name, message, statusCode } = error as Error & { statusCode?: number }
    return { name, message, statusCode }
  }
}

const CALLS: Readonly<Record<string, (sdk: Sdk, model: unknown) => Promise<unknown>>> = {
  json: async (sdk, model) => {
    const { text, usage } = await sdk.generateText({ model, prompt: "hello" })
    return { text, usage }
  },
  stream: async (sdk, model) => {
    const answer = sdk.streamText({ model, prompt: "hello" })
    let text = ""
    for await (const delta of answer.textStream) text += delta
    return { text, usage: await answer.usage }
  },
  tools: async (sdk, model) => {
    const weather = sdk.tool({
      description: "The weather of a city",
      inputSchema: sdk.jsonSchema({ type: "object", properties: { city: { type: "string" } } }),
      execute: async () => "rain",
    })
    const { text, steps, usage } = await sdk.generateText({
      model,
      prompt: "tools",
      tools: { weather },
      stopWhen: sdk.stepCountIs(3),
    })
    return { text, usage, steps: steps.length }
  },
  object: async (sdk, model) => {
    const schema = sdk.jsonSchema({ type: "object", properties: { said: { type: "string" } } })
    return (await sdk.generateObject({ model, prompt: "hello", schema })).object
  },
  "error 400": (sdk, model) => sdk.generateText({ model, prompt: "status 400" }),
  "error 500": (sdk, model) => sdk.generateText({ model, prompt: "status 500", maxRetries: 0 }),
  reset: (sdk, model) => sdk.generateText({ model, prompt: "reset", maxRetries: 0 }),
  malformed: (sdk, model) => sdk.generateText({ model, prompt: "malformed" }),
  "cut stream": async (sdk, model) => {
    const answer = sdk.streamText({ model, prompt: "cut", onError: () => undefined })
    const types: string[] = []
    for await (const part of answer.fullStream) types.push(part.type)
    return types
  },
}

/** Nano-USD of each call by its usage; null where nobody can tell, so that its whole hold counts. */
const COSTS: Readonly<Record<string, number | null>> = {
  json: NANO_CALL,
  stream: NANO_CALL,
  tools: 2 * NANO_CALL,
  object: NANO_CALL,
  "error 400": 0,
  "error 500": null,
  reset: null,
  malformed: null,
  "cut stream": null,
}

for (const major of MAJORS)
  describe(major.name, () => {
    for (const [name, call] of Object.entries(CALLS))
      it(`answers the same with and without a guard: ${name}`, async () => {
        await using viaFetch = opened()
        await using viaMiddleware = opened()
        const { plain, fetched } = ways(major, viaFetch)
        const { guard, wrapped } = ways(major, viaMiddleware)
        const expected = await outcome(() => call(major.sdk, plain))
        expect(await outcome(() => call(major.sdk, fetched))).toEqual(expected)
        if (wrapped !== undefined)
          expect(await outcome(() => call(major.sdk, wrapped))).toEqual(expected)
        const spent = [await viaFetch.spent()]
        if (wrapped !== undefined) spent.push(await spentOf(viaMiddleware, guard))
        for (const { settled, held } of spent) {
          expect(held).toBe(0)
          const cost = COSTS[name] ?? null
          if (cost !== null) expect(settled).toBe(cost)
          else expect(settled).toBeGreaterThan(1_000 * 400)
        }
        expect(onceEach(viaFetch)).toEqual([1])
        if (wrapped !== undefined) expect(onceEach(viaMiddleware)).toEqual([1])
      })

    it("embeds the same with and without a guard", async () => {
      await using bench = opened()
      const [baseURL, id] = [upstream.url, "text-embedding-3-small"]
      const guard = guardAiSdk(bench.spendfuse, { subject: { apiKey: "k1" } })
      const models = [
        major.embedding(id, { baseURL }),
        major.embedding(id, { baseURL, fetch: bench.guarded }),
        ...(major.guarded === null ? [] : [major.guarded.embedding(id, { baseURL }, guard)]),
      ]
      for (const model of models) {
        const { embedding, usage } = await major.sdk.embed({ model, value: "hello" })
        expect({ embedding, usage }).toEqual({ embedding: [0.1, 0.2], usage: { tokens: 20 } })
      }
      // 20 tokens at 20 nano-USD each.
      expect(await spentOf(bench, guard)).toEqual({ settled: (models.length - 1) * 400, held: 0 })
    })

    it("refuses in one attempt", async () => {
      await using bench = opened({ usd: "0.0000001" })
      const { fetched, wrapped } = ways(major, bench)
      const before = upstream.seen.length
      const byFetch = major.sdk.generateText({ model: fetched, prompt: "hello" })
      await expect(byFetch).rejects.toMatchObject({ statusCode: 402, isRetryable: false })
      if (wrapped !== undefined) {
        const error = await major.sdk
          .generateText({ model: wrapped, prompt: "hello" })
          .catch((reason: unknown) => reason)
        expect(error).toBeInstanceOf(SpendRefused)
        expect(error).toMatchObject({ reason: "too-large", isRetryable: false, untilMs: null })
      }
      expect(upstream.seen.length).toBe(before)
      expect(bench.counts().reserved).toBe(0)
    })

    it("tells a streamed refusal once, as an error part and to `onError`", async () => {
      await using bench = opened({ usd: "0.0000001" })
      const { wrapped = ways(major, bench).fetched } = ways(major, bench)
      const errors: unknown[] = []
      const onError = ({ error }: { readonly error: unknown }) => void errors.push(error)
      const { fullStream } = major.sdk.streamText({ model: wrapped, prompt: "hello", onError })
      const parts = []
      for await (const { type, error } of fullStream) if (type === "error") parts.push(error)
      expect(errors).toEqual(parts)
      expect(errors).toHaveLength(1)
      expect(errors[0]).toMatchObject({ isRetryable: false })
      expect(errors[0] instanceof SpendRefused).toBe(major.guarded !== null)
    })

    it("settles a stream once that is aborted", async () => {
      await using bench = opened()
      const { guard, wrapped = ways(major, bench).fetched } = ways(major, bench)
      const controller = new AbortController()
      const { fullStream } = major.sdk.streamText({
        model: wrapped,
        prompt: "hang",
        abortSignal: controller.signal,
      })
      const types = new Set<string>()
      for await (const { type } of fullStream) {
        types.add(type)
        if (type === "text-delta") controller.abort()
      }
      expect(types.has("abort")).toBe(true)
      await expect.poll(() => onceEach(bench)).toEqual([1])
      const { settled, held } = await spentOf(bench, guard)
      expect(held).toBe(0)
      expect(settled).toBeGreaterThan(1_000 * 400)
    })

    it("counts no call that was aborted before", async () => {
      await using bench = opened()
      const { wrapped = ways(major, bench).fetched } = ways(major, bench)
      const call = { model: wrapped, prompt: "hello", abortSignal: AbortSignal.abort() }
      await expect(major.sdk.generateText(call)).rejects.toThrow()
      expect(bench.counts().reserved).toBe(0)
    })

    it("counts each try of a retry by itself", async () => {
      await using bench = opened()
      const { guard, wrapped = ways(major, bench).fetched } = ways(major, bench)
      const tries = major.sdk.generateText({ model: wrapped, prompt: "status 503", maxRetries: 1 })
      await expect(tries).rejects.toThrow("as asked")
      expect(bench.counts().reserved).toBe(2)
      expect(await spentOf(bench, guard)).toEqual({ settled: 0, held: 0 })
    })
  })
