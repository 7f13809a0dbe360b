import { definePolicy, StoreUnavailable } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import { describe, expect, it } from "vitest"
import { CHAT_URL, chat, opened, policyOf, upstreamOf } from "../harness.ts"

const head = { id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-4o" }
const word = (content: string): string =>
  `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`
const last = (completion_tokens: number): string =>
  `data: ${JSON.stringify({ ...head, choices: [], usage: { prompt_tokens: 5, completion_tokens, total_tokens: 5 + completion_tokens } })}\n\ndata: [DONE]\n\n`

/** A stream whose events a test writes one by one. */
const byHand = () => {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const state = { isGivenUp: false }
  const upstream = upstreamOf(
    () =>
      new Response(
        new ReadableStream<Uint8Array>({
          start: (one) => {
            controller = one
          },
          cancel: () => {
            state.isGivenUp = true
          },
        }),
        { headers: { "content-type": "text/event-stream" } },
      ),
  )
  const write = (text: string): void => controller?.enqueue(new TextEncoder().encode(text))
  return { upstream, state, write, end: () => controller?.close() }
}

const stream = (more: Record<string, unknown> = {}): RequestInit =>
  chat({ model: "gpt-4o", stream: true, max_completion_tokens: 4_000, ...more })

const readerOf = (response: Response) => {
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  return async (): Promise<string | null> => {
    const read = await reader?.read()
    return read === undefined || read.done ? null : decoder.decode(read.value)
  }
}

const SLICED = { stream: { sliceTokens: 100 } }
const settling = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

describe("a stream in slices", () => {
  it("holds the first slice alone, sends the whole limit, and holds more before half of it is left", async () => {
    const { upstream, write, end } = byHand()
    await using test = opened({ fetch: { fetch: upstream, ...SLICED } })
    const response = await test.guarded(CHAT_URL, stream())
    const body = JSON.parse(upstream.seen[0]?.text ?? "")
    expect(body).toMatchObject({ max_completion_tokens: 4_000 })
    const inputNano = (await test.spent()).held - 100 * 10_000
    expect(inputNano).toBeLessThan(1_000_000)
    const next = readerOf(response)
    write(word("x".repeat(40)))
    await next()
    await settling()
    expect((await test.spent()).held - inputNano).toBe(200 * 10_000)
    write(last(7))
    end()
    while ((await next()) !== null);
    expect(await test.spent()).toEqual({ settled: 5 * 2_500 + 7 * 10_000, held: 0 })
  })

  it("holds never more than its limit, however much it is counted", async () => {
    const { upstream, write, end } = byHand()
    await using test = opened({ fetch: { fetch: upstream, ...SLICED } })
    const response = await test.guarded(CHAT_URL, stream({ max_completion_tokens: 150 }))
    const inputNano = (await test.spent()).held - 100 * 10_000
    const next = readerOf(response)
    for (let i = 0; i < 6; i += 1) {
      write(word("x".repeat(100)))
      expect(await next()).toContain("xxx")
      await settling()
    }
    expect((await test.spent()).held - inputNano).toBe(150 * 10_000)
    write(last(150))
    end()
    while ((await next()) !== null);
    expect((await test.spent()).held).toBe(0)
  })

  it("ends between two events where it is switched off, though more is held", async () => {
    const { upstream, write, state } = byHand()
    await using test = opened({ fetch: { fetch: upstream, ...SLICED } })
    const next = readerOf(await test.guarded(CHAT_URL, stream()))
    await test.spendfuse.operator.switch(
      { dimension: "apiKey", value: "k1" },
      { state: "off", by: "ann", why: "it loops" },
    )
    write(word("x".repeat(60)))
    expect(await next()).toContain("xxx")
    // Nothing more is written, and nobody waits for it.
    expect(await next()).toContain('"finish_reason":"length"')
    expect(await next()).toContain("urn:spendfuse:cut:switched-off")
    expect(await next()).toBe(null)
    expect(state.isGivenUp).toBe(true)
    const { settled, held } = await test.spent()
    expect(held).toBe(0)
    expect(settled).toBeGreaterThan(100 * 10_000)
    expect([...test.counts().ends.values()]).toEqual([1])
  })

  it("passes no event that came with the one before it, once it is switched off", async () => {
    const { upstream, write } = byHand()
    await using test = opened({ fetch: { fetch: upstream, ...SLICED } })
    const next = readerOf(await test.guarded(CHAT_URL, stream()))
    await test.spendfuse.operator.switch(
      { dimension: "apiKey", value: "k1" },
      { state: "off", by: "ann", why: "it loops" },
    )
    write(word("x".repeat(60)) + word("y".repeat(90)) + word("z"))
    let heard = ""
    for (let text = await next(); text !== null; text = await next()) heard += text
    expect(heard).toContain("xxx")
    expect(heard).not.toContain("yyy")
    expect(heard).not.toContain('"content":"z"')
  })

  it("counts what is held where its caller goes", async () => {
    const { upstream, write, state } = byHand()
    await using test = opened({ fetch: { fetch: upstream, ...SLICED } })
    const response = await test.guarded(CHAT_URL, stream())
    const { held } = await test.spent()
    const reader = response.body?.getReader()
    write(word("x"))
    await reader?.read()
    await reader?.cancel()
    expect(state.isGivenUp).toBe(true)
    expect(await test.spent()).toEqual({ settled: held, held: 0 })
  })

  it("is cut with an error of ours where the store is gone and the policy denies", async () => {
    const { upstream, write } = byHand()
    const inner = memoryStore()
    const { applyNow: _, ...rest } = inner
    let isGone = false
    const store = {
      ...rest,
      apply: async (commands: Parameters<typeof inner.apply>[0]) => {
        if (isGone) throw new StoreUnavailable("memory", "gone")
        return inner.apply(commands)
      },
    }
    await using test = opened({ fetch: { fetch: upstream, ...SLICED }, spendfuse: { store } })
    const next = readerOf(await test.guarded(CHAT_URL, stream()))
    isGone = true
    write(word("x".repeat(80)))
    expect(await next()).toContain("xxx")
    write(word("y".repeat(80)))
    expect(await next()).toContain('"finish_reason":"length"')
    expect(await next()).toContain("urn:spendfuse:cut:store-unavailable")
    isGone = false
  })

  it("waits for the store's answer where an event would pass what is held, and loses nothing", async () => {
    const { upstream, write, end } = byHand()
    const inner = memoryStore()
    const { applyNow: _, ...rest } = inner
    const store = {
      ...rest,
      apply: async (commands: Parameters<typeof inner.apply>[0]) => {
        if (commands[0]?.kind === "extend") await settling()
        return inner.apply(commands)
      },
    }
    await using test = opened({ fetch: { fetch: upstream, ...SLICED }, spendfuse: { store } })
    const next = readerOf(await test.guarded(CHAT_URL, stream()))
    const words = ["a".repeat(70), "b".repeat(350), "c".repeat(20)]
    write(words.map(word).join(""))
    write(last(100))
    end()
    let heard = ""
    for (let text = await next(); text !== null; text = await next()) heard += text
    expect(heard).toBe(`${words.map(word).join("")}data: [DONE]\n\n`)
  })
})

describe("a stream that is held whole", () => {
  const heldFor = async (body: Record<string, unknown>, options: Record<string, unknown> = {}) => {
    const { upstream } = byHand()
    const test = opened({
      policy: policyOf("1000", { maxOutputTokens: 4_000 }),
      fetch: { fetch: upstream, stream: { sliceTokens: 100, ...options } },
    })
    const stop = new AbortController()
    await test.guarded(CHAT_URL, { ...stream(body), signal: stop.signal })
    const [line] = await test.spendfuse.remaining({ apiKey: "k1" })
    await test.spendfuse.close()
    return (line?.held ?? 0) / 10_000
  }

  it.each([
    ["reasons", { model: "gpt-5" }],
    ["is not known", { model: "gpt-9-omni", service_tier: "default" }],
    ["has tools of the provider's", { web_search_options: {} }],
    ["thinks", { thinking: { type: "enabled", budget_tokens: 1_024 } }],
    ["has its reasoning hidden", { reasoning: { exclude: true } }],
    ["is billed what was predicted in vain", { prediction: { type: "content", content: "a" } }],
    ["goes on in the background", { background: true }],
    ["speaks", { modalities: ["text", "audio"] }],
  ])("is one that %s", async (_, body) => {
    const policy = { unknownModel: { price: { inputUsd: "2.5", outputUsd: "10" } } } as const
    const { upstream } = byHand()
    await using test = opened({
      policy: policyOf("1000", { maxOutputTokens: 4_000, ...policy }),
      fetch: { fetch: upstream, ...SLICED },
    })
    await test.guarded(CHAT_URL, stream(body))
    expect((await test.spent()).held).toBeGreaterThanOrEqual(4_000 * 10_000)
  })

  it("is none that is told not to reason, or whose unseen tokens the host bounds", async () => {
    expect(await heldFor({ model: "gpt-4o" })).toBeLessThan(200)
    expect(await heldFor({ model: "openai/gpt-4o-mini" })).toBeLessThan(200)
    expect(await heldFor({ model: "gpt-5.1", reasoning_effort: "none" })).toBeLessThan(200)
    const held = await heldFor({ model: "gpt-5" }, { unseenTokens: 1_000 })
    expect(held).toBeGreaterThan(1_100)
    expect(held).toBeLessThan(1_300)
  })

  it("is one that falls back to a model that reasons, or it is refused", async () => {
    const policyWith = (usd: string) =>
      definePolicy({
        budgets: [
          {
            id: "key",
            per: ["apiKey"],
            limit: { usd },
            window: "month",
            tiers: [
              { at: "0.0001%", degrade: "other" },
              { at: "100%", block: true },
            ],
          },
        ],
        fallbacks: { other: { model: "gpt-5" } },
        onRefused: "other",
        unknownModel: "refuse",
        onStoreUnavailable: "deny",
        maxOutputTokens: 4_000,
      })
    for (const [usd, status] of [
      ["1", 200],
      ["0.02", 402],
    ] as const) {
      const { upstream } = byHand()
      await using test = opened({ policy: policyWith(usd), fetch: { fetch: upstream, ...SLICED } })
      const first = await test.spendfuse.reserve({
        subject: { apiKey: "k1" },
        amounts: { usd: 10_000 },
      })
      if (first.allowed) await first.settle({ amounts: { usd: 10_000 } })
      const response = await test.guarded(CHAT_URL, stream())
      expect(response.status).toBe(status)
      const { held } = await test.spent()
      if (status === 200) expect(held).toBeGreaterThanOrEqual(4_000 * 10_000)
      else expect(held).toBe(0)
    }
  })
})

describe("the option", () => {
  it.each([
    [{ sliceTokens: 10 }, "`stream.sliceTokens` is `10`; give an integer of at least 64"],
    [{ sliceTokens: Number.NaN }, "`stream.sliceTokens` is `NaN`; give an integer of at least 64"],
    [
      { sliceTokens: 100, unseenTokens: -1 },
      "`stream.unseenTokens` is `-1`; give an integer of at least 0",
    ],
  ])("is judged at once: %j", (given, message) => {
    expect(() => opened({ fetch: { stream: given } })).toThrow(new TypeError(message))
  })
})
