import {
  createSpendfuse,
  definePolicy,
  type Policy,
  type Spendfuse,
  type SpendfuseOptions,
} from "@spendfuse/core"
import type { Store } from "@spendfuse/core/ports"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import { type GuardedFetch, type GuardedFetchOptions, guardedFetch } from "../../src/fetch.ts"

/** One budget per key and month, which seldom ends amid a test, that blocks at its limit. */
export const policyOf = (
  usd: string,
  more: Partial<Parameters<typeof definePolicy>[0]> = {},
): Policy =>
  definePolicy({
    budgets: [
      {
        id: "key",
        per: ["apiKey"],
        limit: { usd },
        window: "month",
        tiers: [{ at: "100%", block: true }],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
    maxOutputTokens: 1_000,
    ...more,
  })

/** What became of the reservations that a store saw. */
export interface Counts {
  readonly reserved: number
  /** Final settles and releases, by reservation. */
  readonly ends: ReadonlyMap<string, number>
}

/** A memory store that counts what ends each reservation. */
export const countingStore = (): Store & { readonly counts: () => Counts } => {
  const { applyNow: _, ...store } = memoryStore()
  const ends = new Map<string, number>()
  return {
    ...store,
    apply: async (commands, signal) => {
      const answers = await store.apply(commands, signal)
      for (const [at, command] of commands.entries()) {
        const kind = answers[at]?.outcome.kind
        if (command.kind === "reserve" && kind === "reserved")
          ends.set(`${command.id.source}/${command.id.n}`, 0)
        const isEnd = (command.kind === "settle" && command.final) || command.kind === "release"
        if (!isEnd) continue
        const key = `${command.reservation.source}/${command.reservation.n}`
        ends.set(key, (ends.get(key) ?? 0) + 1)
      }
      return answers
    },
    counts: () => ({ reserved: ends.size, ends }),
  }
}

export interface Opened extends AsyncDisposable {
  readonly spendfuse: Spendfuse
  readonly guarded: GuardedFetch
  /** After all that has ended is settled. */
  readonly spent: () => Promise<{ settled: number; held: number }>
  readonly counts: () => Counts
}

export const opened = (
  options: {
    readonly usd?: string
    readonly policy?: Policy
    readonly fetch?: Partial<GuardedFetchOptions>
    readonly spendfuse?: Partial<SpendfuseOptions>
  } = {},
): Opened => {
  const store = countingStore()
  const spendfuse = createSpendfuse({
    policy: options.policy ?? policyOf(options.usd ?? "10"),
    store,
    prices: libraryPrices(),
    onNotice: () => undefined,
    waitMs: 0,
    ...options.spendfuse,
  })
  const guarded = guardedFetch(spendfuse, { subject: { apiKey: "k1" }, ...options.fetch })
  return {
    spendfuse,
    guarded,
    spent: async () => {
      await guarded.idle()
      const { settled, held } = await spendfuse.account({
        budget: "key",
        subject: { apiKey: "k1" },
      })
      return { settled, held }
    },
    counts: store.counts,
    [Symbol.asyncDispose]: () => spendfuse.close(),
  }
}

/** A chat call in the way the SDKs make it. */
export const chat = (more: Record<string, unknown> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", authorization: "Bearer sk-secret" },
  body: JSON.stringify({
    model: "gpt-5",
    messages: [{ role: "user", content: "hello" }],
    max_completion_tokens: 100,
    ...more,
  }),
})

export const CHAT_URL = "https://api.openai.com/v1/chat/completions"

export const chatAnswer = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "gpt-5",
  choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 },
}

/** 20 × 1,250 + 5 × 10,000 nano-USD. */
export const CHAT_NANO = 75_000

/** An upstream that never leaves the process: records what it was asked, and answers as told. */
export const upstreamOf = (
  answer: (request: Request, text: string) => Response | Promise<Response>,
): typeof fetch & { readonly seen: { request: Request; text: string; init: RequestInit }[] } => {
  const seen: { request: Request; text: string; init: RequestInit }[] = []
  const upstream = async (input: RequestInfo | URL, init: RequestInit = {}) => {
    const request = new Request(input, init)
    request.signal.throwIfAborted()
    const text = await request.clone().text()
    seen.push({ request, text, init })
    return answer(request, text)
  }
  return Object.assign(upstream, { seen })
}
