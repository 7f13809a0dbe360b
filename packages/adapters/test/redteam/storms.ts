import { setTimeout as sleep } from "node:timers/promises"
import Anthropic from "@anthropic-ai/sdk"
import {
  createSpendfuse,
  definePolicy,
  type Policy,
  type Spendfuse,
  type SpendfuseOptions,
} from "@spendfuse/core"
import type { Command, Ledger } from "@spendfuse/core/domain"
import { type Applied, type Store, StoreUnavailable } from "@spendfuse/core/ports"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import OpenAI from "openai"
import { type GuardedFetch, guardedFetch } from "../../src/fetch.ts"
import type { Booked, Books } from "./books.ts"

type Random = () => number

/** A generator of one seed (mulberry32), so that a storm can be told again. */
export const randomOf = (seed: number): Random => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A memory store whose answers pass the books; far away where `delay` says so. */
export const bookedStore = (
  books: Books,
  options: {
    readonly nowMs?: () => number
    readonly delay?: (
      command: Command,
    ) => Promise<"pass" | "lose-command" | "lose-answer" | "twice">
  } = {},
): Store & { readonly ledger: Ledger } => {
  const { nowMs, delay } = options
  const { applyNow, ...store } = memoryStore(nowMs === undefined ? {} : { nowMs })
  const apply = (command: Command): Applied => {
    const answer = applyNow(command)
    books.applied(command, answer, store.ledger)
    return answer
  }
  if (delay === undefined)
    return { ...store, applyNow: apply, apply: async (all) => all.map(apply) }
  return {
    ...store,
    apply: async (commands) => {
      const fates = await Promise.all(commands.map(delay))
      if (fates.includes("lose-command")) throw new StoreUnavailable("far", "lost")
      const answers = commands.map(apply)
      if (fates.includes("twice")) commands.map(apply)
      if (fates.includes("lose-answer")) throw new StoreUnavailable("far", "lost on the way back")
      return answers
    },
  }
}

/** Budgets of every kind: a day of a zone that skips hours, a sliding hour, a life, tokens, one that observes. */
export const policyWith = (usd: number): Policy =>
  definePolicy({
    budgets: [
      {
        id: "key",
        per: ["apiKey"],
        limit: { usd: usd / 4 },
        window: { day: { timeZone: "Pacific/Apia" } },
        tiers: [
          { at: "50%", notify: ["hangs"] },
          { at: "100%", block: true, notify: ["throws"] },
        ],
      },
      {
        id: "org",
        per: ["org"],
        limit: { usd, overrides: { __proto__: usd } },
        window: { sliding: "1h" },
        tiers: [{ at: "100%", block: true }],
      },
      {
        id: "session",
        per: ["session"],
        limit: { requests: 40 },
        window: { lifetime: { idle: "1h" } },
        whenMissing: "skip",
        tiers: [{ at: "100%", block: true }],
      },
      {
        id: "tokens",
        per: ["platform"],
        limit: { tokens: 40_000_000 },
        window: "hour",
        tiers: [{ at: "100%", block: true }],
      },
      {
        id: "seen",
        per: ["platform"],
        limit: { usd: usd / 100 },
        window: "day",
        mode: "observe",
        tiers: [{ at: "100%", block: true }],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
    maxOutputTokens: 400,
  })

/** Of its blocking budgets, in their units. */
export const capsOf = (usd: number): Readonly<Record<string, number>> => ({
  key: Math.round((usd / 4) * 1e9),
  org: Math.round(usd * 1e9),
  session: 40,
  tokens: 40_000_000,
})

const PRICES = { "gpt-5": [1_250, 10_000], "claude-haiku-4-5": [1_000, 5_000] } as const

/** An upstream that does to each call what chance says, and books what it should cost. */
export const upstreamOf = (books: Books, random: Random): typeof fetch => {
  const expect = (booked: Booked, model: keyof typeof PRICES, input: number, output: number) => {
    const [dear, dearer] = PRICES[model]
    const usd = BigInt(input) * BigInt(dear) + BigInt(output) * BigInt(dearer)
    booked.expected = { usd, tokens: BigInt(input + output), requests: 1n }
  }
  return async (input, init) => {
    const request = new Request(input, init)
    const name = books.context.getStore()?.current ?? ""
    const booked = books.booked.get(name)
    if (booked === undefined) throw new Error("a call without a reservation")
    const body = JSON.parse(await request.text()) as {
      model: keyof typeof PRICES
      max_completion_tokens?: number
      max_tokens?: number
      stream?: boolean
    }
    booked.limit = body.max_completion_tokens ?? body.max_tokens ?? null
    const whole = (): void => {
      booked.expected = "whole"
    }
    whole()
    await sleep(Math.floor(random() * 4))
    request.signal.throwIfAborted()
    const fate = random()
    const status = (code: number) =>
      Response.json(
        { error: { message: "as chance says" } },
        { status: code, headers: { "retry-after-ms": "1" } },
      )
    if (fate < 0.05) return status(500)
    if (fate < 0.1 || (fate < 0.15 && body.stream !== true)) {
      booked.expected = "free"
      return status(fate < 0.07 ? 429 : fate < 0.09 ? 400 : 529)
    }
    if (fate < 0.13) throw new TypeError("fetch failed", { cause: { code: "ECONNRESET" } })
    if (fate < 0.15) {
      booked.expected = "free"
      throw new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } })
    }
    const isCut = fate < 0.22
    const output = Math.floor(random() * ((booked.limit ?? 0) + 1))
    const isClaude = body.model.startsWith("claude")
    const usage = isClaude
      ? { input_tokens: 20, output_tokens: output }
      : { prompt_tokens: 20, completion_tokens: output, total_tokens: 20 + output }
    if (!isCut) expect(booked, body.model, 20, output)
    if (body.stream === true)
      return new Response(streamOf(eventsOf(isClaude, body.model, usage), isCut, request.signal), {
        headers: { "content-type": "text/event-stream" },
      })
    const text = JSON.stringify(
      isClaude
        ? { type: "message", role: "assistant", model: body.model, content: [], usage }
        : { object: "chat.completion", model: body.model, choices: [], usage },
    )
    return new Response(isCut ? text.slice(0, -5) : text, {
      headers: { "content-type": "application/json" },
    })
  }
}

const eventsOf = (isClaude: boolean, model: string, usage: object): readonly string[] =>
  isClaude
    ? [
        `event: message_start\ndata: ${JSON.stringify({ type: "message_start", message: { type: "message", role: "assistant", model, content: [], usage: { ...usage, output_tokens: 0 } } })}\n\n`,
        `event: ping\ndata: {"type":"ping"}\n\n`,
        `event: message_delta\ndata: ${JSON.stringify({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage })}\n\n`,
        `event: message_stop\ndata: {"type":"message_stop"}\n\n`,
      ]
    : [
        `data: ${JSON.stringify({ model, choices: [{ index: 0, delta: { content: "☕" } }], usage: null })}\n\n`,
        `data: ${JSON.stringify({ model, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\n`,
        `data: ${JSON.stringify({ model, choices: [], usage })}\n\n`,
        "data: [DONE]\n\n",
      ]

/** Cut: it fails, or says nothing more, before the usage. */
const streamOf = (
  events: readonly string[],
  isCut: boolean,
  signal: AbortSignal,
): ReadableStream<Uint8Array> => {
  let at = 0
  return new ReadableStream({
    start: (controller) =>
      signal.addEventListener("abort", () => controller.error(signal.reason), { once: true }),
    async pull(controller) {
      await sleep(0)
      if (signal.aborted) return
      const event = events[at]
      at += 1
      if (isCut && at > 2) controller.error(new TypeError("terminated"))
      else if (event === undefined) controller.close()
      else controller.enqueue(new TextEncoder().encode(event))
    },
  })
}

/** The product with what a host may do wrong around it. */
export const opened = (
  policy: Policy,
  store: Store,
  more: Partial<SpendfuseOptions> = {},
): Spendfuse =>
  createSpendfuse({
    policy,
    store,
    prices: libraryPrices(),
    notifiers: {
      hangs: { name: "hangs", deliver: () => new Promise(() => undefined) },
      throws: {
        name: "throws",
        deliver: () => {
          throw new Error("no")
        },
      },
    },
    onEvent: () => {
      throw new Error("no")
    },
    onNotice: () => {
      throw new Error("no")
    },
    waitMs: 50,
    ...more,
  })

const KEYS = ["__proto__", "constructor", "", "k/1%2F", "☕\u0000".repeat(100)]
const messages = [{ role: "user" as const, content: "hello" }]

/** One call by an SDK, read in one of the ways that hosts read; its error is the host's. */
export const oneCall = async (
  books: Books,
  guarded: GuardedFetch,
  random: Random,
): Promise<void> => {
  const key = KEYS[Math.floor(random() * KEYS.length)] ?? ""
  const bound = guarded.for({
    apiKey: key,
    org: `o${Math.floor(random() * 2)}`,
    ...(random() < 0.3 && { session: "s" }),
  })
  const isClaude = random() < 0.4
  const stream = random() < 0.5
  const max = random() < 0.5 ? Math.floor(random() * 600) + 1 : undefined
  await books.context.run({ current: null }, async () => {
    try {
      if (isClaude) {
        const client = new Anthropic({
          apiKey: "sk",
          fetch: bound,
          baseURL: "https://api.anthropic.com",
          maxRetries: 2,
        })
        const answer = await client.messages.create({
          model: "claude-haiku-4-5",
          max_tokens: max ?? 300,
          messages,
          stream,
        })
        if (Symbol.asyncIterator in answer) for await (const _ of answer) await sleep(0)
      } else {
        const client = new OpenAI({
          apiKey: "sk",
          fetch: bound,
          baseURL: "https://api.openai.com/v1",
          maxRetries: 2,
        })
        const answer = await client.chat.completions.create({
          model: "gpt-5",
          messages,
          stream,
          ...(max !== undefined && { max_completion_tokens: max }),
        })
        if (Symbol.asyncIterator in answer) for await (const _ of answer) await sleep(0)
      }
    } catch (error) {
      if (
        !(
          error instanceof OpenAI.APIError ||
          error instanceof Anthropic.APIError ||
          isCutOff(error)
        )
      )
        throw error
    }
  })
}

const isCutOff = (error: unknown): boolean =>
  (error instanceof TypeError && error.message === "terminated") || error instanceof SyntaxError

/** A guarded `fetch` whose subjects each call names itself. */
export const guardedOf = (spendfuse: Spendfuse, upstream: typeof fetch): GuardedFetch =>
  guardedFetch(spendfuse, { fetch: upstream, onError: () => undefined })
