import { Worker } from "node:worker_threads"
import { guardedFetch } from "@spendfuse/adapters/fetch"
import { createSpendfuse } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import { fivePolicy } from "./core.ts"
import { median, type Ratio } from "./rounds.ts"

/** A hundred chunks a second: a fast model. */
const GAP_MS = 10
const CHUNKS = 200
const BLOCKS = 21
const WARM_UP = 3

/**
 * What a guarded stream in slices adds to the way of a chunk, as a share of the gap between two: the 99th of a
 * hundred of it less that of a plain one. Both run at the same time, half a gap apart, so what else the machine
 * does falls on both.
 */
export const streamDelay = async (): Promise<readonly Ratio[]> => {
  const worker = new Worker(new URL("./streamUpstream.ts", import.meta.url))
  const port = await new Promise<number>((resolve) => worker.once("message", resolve))
  const url = `http://127.0.0.1:${port}/v1/chat/completions`
  const spendfuse = createSpendfuse({
    policy: fivePolicy,
    store: memoryStore(),
    prices: libraryPrices(),
    onNotice: () => undefined,
  })
  const subject = { apiKey: "k1", session: "s1", user: "u1", org: "o1" }
  const guarded = guardedFetch(spendfuse, { subject, stream: { sliceTokens: 500 } })
  const shares: number[] = []
  for (let block = -WARM_UP; block < BLOCKS; block += 1) {
    const isOursFirst = block % 2 === 0
    const [one, other] = await Promise.all([
      delaysOf(url, isOursFirst ? guarded : fetch, GAP_MS),
      delaysOf(url, isOursFirst ? fetch : guarded, GAP_MS * 1.5),
    ])
    const [ours, theirs] = isOursFirst ? [one, other] : [other, one]
    if (block >= 0) shares.push((p99(ours) - p99(theirs)) / GAP_MS)
  }
  await spendfuse.close()
  await worker.terminate()
  return [median({ name: "stream-chunk-delay", goal: 0.01, better: "lower" }, shares)]
}

/** From the moment when a chunk was written until its reader has it, milliseconds; one clock for both threads. */
const delaysOf = async (url: string, fetcher: typeof fetch, firstMs: number): Promise<number[]> => {
  const response = await fetcher(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer sk-bench" },
    body: JSON.stringify({
      model: "gpt-4o",
      messages: [{ role: "user", content: "say hello, and go on" }],
      max_completion_tokens: 4_000,
      stream: true,
      stream_options: { include_usage: true },
      user: `${CHUNKS}:${GAP_MS}:${firstMs}`,
    }),
  })
  const delays: number[] = []
  const decoder = new TextDecoder()
  const reader = response.body?.getReader()
  for (;;) {
    const read = await reader?.read()
    const now = process.hrtime.bigint()
    if (read === undefined || read.done) return delays
    const at = /"writtenAt":"(\d+)"/.exec(decoder.decode(read.value))?.[1]
    if (at !== undefined) delays.push(Number(now - BigInt(at)) / 1e6)
  }
}

const p99 = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * 0.99) - 1] ?? Number.NaN
