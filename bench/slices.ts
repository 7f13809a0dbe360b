import { guardedFetch } from "@spendfuse/adapters/fetch"
import { createSpendfuse, definePolicy } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import { exactly, type Ratio } from "./rounds.ts"

const CALLS = 200
const LIMIT_TOKENS = 4_000
const TOKENS_EACH = 20
const BYTES_PER_TOKEN = 4
const OUTPUT_NANO = 10_000
const SUBJECT = { apiKey: "k1" }

/**
 * A burst of 200 streams against a budget that has enough for all of them and a fifth more, and against one for
 * half of them: how many are answered, held whole and in slices, counted by bytes and by a tokenizer. Each
 * writes some 450 of 4,000 tokens that it may; time is counted in turns of 20 tokens.
 */
export const sliceRatios = async (): Promise<readonly Ratio[]> => {
  const rows: Row[] = []
  for (const served of [240, 100])
    for (const asksAgain of [false, true])
      for (const [count, sliceTokens] of WAYS)
        rows.push(await burst({ count, sliceTokens, asksAgain, served }))
  console.error(table(rows))
  const [whole, bytes, tokens] = [null, "bytes", "tokens"].map((count) =>
    rows.find((row) => row.count === count && row.sliceTokens !== 250),
  )
  return [
    ratioOf("slices-burst-answered", tokens, whole, 5),
    ratioOf("slices-burst-answered-by-bytes", bytes, whole, 3),
  ]
}

const WAYS = [
  [null, null],
  ["bytes", 1_000],
  ["bytes", 4_000 / 2],
  ["tokens", 250],
  ["tokens", 500],
] as const

/** How many of a burst that would fit are answered, over how many of it where all is held. */
const ratioOf = (
  name: string,
  ours: Row | undefined,
  theirs: Row | undefined,
  goal: number,
): Ratio =>
  exactly({
    name,
    value: Math.round(((ours?.done ?? 0) / (theirs?.done ?? 0)) * 1_000) / 1_000,
    goal,
    better: "higher",
  })

interface Way {
  /** What tells the tokens of a text; null where the whole limit is held. */
  readonly count: "bytes" | "tokens" | null
  readonly sliceTokens: number | null
  /** A refused caller asks again each turn, until none runs. */
  readonly asksAgain: boolean
  /** For how many calls of the mean length the budget is. */
  readonly served: number
}

interface Row extends Way {
  /** What is counted as spent, and what the answers that came to their end did cost; shares of the budget. */
  readonly settled: number
  readonly answered: number
  readonly done: number
  readonly cut: number
  readonly refused: number
  readonly turns: number
}

const burst = async (way: Way): Promise<Row> => {
  const lengths = Array.from({ length: CALLS }, (_, at) => lengthOf(at))
  const meanTokens = lengths.reduce((sum, one) => sum + one, 0) / CALLS
  const capNano = Math.round(way.served * meanTokens * OUTPUT_NANO)
  const spendfuse = createSpendfuse({
    policy: definePolicy({
      budgets: [
        {
          id: "key",
          per: ["apiKey"],
          limit: { usdNano: capNano },
          window: "day",
          tiers: [{ at: "100%", block: true }],
        },
      ],
      unknownModel: "refuse",
      onStoreUnavailable: "deny",
      maxOutputTokens: LIMIT_TOKENS,
    }),
    store: memoryStore(),
    prices: libraryPrices(),
    onNotice: () => undefined,
    waitMs: 0,
    rememberRefusals: false,
  })
  const turns = new Turns()
  const guarded = guardedFetch(spendfuse, {
    subject: SUBJECT,
    fetch: (_, init) => Promise.resolve(streamOf(turns, tokensOf(init, lengths))),
    ...(way.sliceTokens !== null && {
      stream: {
        sliceTokens: way.sliceTokens,
        ...(way.count === "tokens" && {
          tokensOf: (text: string) => Math.ceil(text.length / BYTES_PER_TOKEN),
        }),
      },
    }),
  })
  const heard = lengths.map((_, at) => call(guarded, at, turns, way.asksAgain))
  let count = 0
  const all = Promise.all(heard).then((ends) => {
    turns.isOver = true
    return ends
  })
  while (!turns.isOver) {
    await turns.next()
    count += 1
  }
  const ends = await all
  await guarded.idle()
  const [line] = await spendfuse.remaining(SUBJECT)
  await spendfuse.close()
  const of = (end: End): number => ends.filter((one) => one === end).length
  const answeredNano = ends.reduce(
    (sum, end, at) => sum + (end === "done" ? (lengths[at] ?? 0) * OUTPUT_NANO : 0),
    0,
  )
  return {
    ...way,
    settled: (line?.settled ?? 0) / capNano,
    answered: answeredNano / capNano,
    done: of("done"),
    cut: of("cut"),
    refused: of("refused"),
    turns: count,
  }
}

type End = "done" | "cut" | "refused"

const call = async (
  guarded: typeof fetch,
  at: number,
  turns: Turns,
  asksAgain: boolean,
): Promise<End> => {
  for (;;) {
    const response = await guarded("https://api.openai.com/v1/chat/completions", {
      method: "POST",
      body: JSON.stringify({
        model: "gpt-4o",
        messages: [{ role: "user", content: "go on" }],
        max_completion_tokens: LIMIT_TOKENS,
        stream: true,
        user: String(at),
      }),
    })
    if (response.ok) {
      turns.running += 1
      const text = await response.text()
      turns.running -= 1
      return text.includes("spendfuse_cut") ? "cut" : "done"
    }
    await response.text()
    if (!asksAgain) return "refused"
    await turns.wait()
    if (turns.running === 0) return "refused"
  }
}

/** Everybody who waits goes on with the next turn. */
class Turns {
  isOver = false
  running = 0
  #waiting: (() => void)[] = []

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    for (const go of this.#waiting.splice(0)) go()
  }
}

const streamOf = (turns: Turns, tokens: number): Response => {
  let left = tokens
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        await turns.wait()
        if (left <= 0) {
          controller.enqueue(encoder.encode(lastOf(tokens)))
          controller.close()
          return
        }
        const now = Math.min(left, TOKENS_EACH)
        left -= now
        controller.enqueue(encoder.encode(eventOf("word".repeat((now * BYTES_PER_TOKEN) / 4))))
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { "content-type": "text/event-stream" } })
}

const head = { id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-4o" }
const eventOf = (content: string): string =>
  `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`
const lastOf = (tokens: number): string => {
  const usage = { prompt_tokens: 0, completion_tokens: tokens, total_tokens: tokens }
  return `data: ${JSON.stringify({ ...head, choices: [], usage })}\n\ndata: [DONE]\n\n`
}

const tokensOf = (init: RequestInit | undefined, lengths: readonly number[]): number =>
  lengths[Number((JSON.parse(String(init?.body)) as { user: string }).user)] ?? 0

/** From 50 to 2,000 tokens, most of them short, the same in each run. */
const lengthOf = (at: number): number => {
  const share = ((at * 7_919 + 13) % 997) / 997
  return Math.round(50 * 40 ** (share ** 1.3))
}

const table = (rows: readonly Row[]): string =>
  [
    "budget for  asks again  held             answered  settled  done  cut  refused  turns",
    ...rows.map((row) =>
      [
        String(row.served).padStart(10),
        (row.asksAgain ? "yes" : "no").padEnd(10).padStart(11),
        heldText(row).padEnd(16).padStart(17),
        row.answered.toFixed(3).padStart(8),
        row.settled.toFixed(3).padStart(8),
        ...[row.done, row.cut].map((count) => String(count).padStart(5)),
        String(row.refused).padStart(7),
        String(row.turns).padStart(6),
      ].join(" "),
    ),
  ].join("\n")

const heldText = ({ count, sliceTokens }: Row): string =>
  count === null ? "whole" : `${sliceTokens} by ${count}`
