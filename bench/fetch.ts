import { Worker } from "node:worker_threads"
import { guardedFetch } from "@spendfuse/adapters/fetch"
import { createSpendfuse } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import { fivePolicy } from "./core.ts"
import type { Ratio } from "./rounds.ts"

/** Makes a call and answers how long the part took that counts, in milliseconds. */
type Call = (url: string, fetcher: typeof fetch) => Promise<number>

/**
 * A guarded call against the plain one: the same requests to the same local upstream, which runs in a
 * thread of its own. The two sides take turns call by call, in turned order.
 */
export const fetchRatios = async (): Promise<Ratio[]> => {
  await using upstream = await opened()
  const spendfuse = createSpendfuse({
    policy: fivePolicy,
    store: memoryStore(),
    prices: libraryPrices(),
    onNotice: () => undefined,
  })
  const subject = { apiKey: "k1", session: "s1", user: "u1", org: "o1" }
  const sides: Sides = {
    url: upstream.url,
    guarded: guardedFetch(spendfuse, { subject }),
    plain: fetch,
  }
  await warmUp(sides)
  const ratios = [
    await ratioOf(sides, readJson, {
      name: "fetch-json",
      goal: 1.03,
      better: "lower",
      n: 40,
      rounds: 41,
    }),
    await ratioOf(sides, readFirst, {
      name: "fetch-stream-first-byte",
      goal: 1.01,
      better: "lower",
      n: 9,
      rounds: 31,
    }),
    await ratioOf(sides, readPaced, {
      name: "fetch-stream-throughput",
      goal: 0.99,
      better: "higher",
      n: 1,
      rounds: 21,
    }),
  ]
  await spendfuse.close()
  return ratios
}

interface Sides {
  readonly url: string
  readonly guarded: typeof fetch
  readonly plain: typeof fetch
}

const WARM_UP_CALLS = 1_500

/** Both paths compiled, all connections open. */
const warmUp = async ({ url, guarded, plain }: Sides): Promise<void> => {
  for (let i = 0; i < WARM_UP_CALLS; i += 20)
    await Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        const call = at % 4 === 0 ? readFirst : readJson
        await call(url, at % 2 === 0 ? guarded : plain)
        await call(url, at % 2 === 0 ? plain : guarded)
      }),
    )
}

/** Of each round the median call of either side; of all rounds the median ratio. */
const ratioOf = async (
  { url, guarded, plain }: Sides,
  call: Call,
  bar: Pick<Ratio, "name" | "goal" | "better"> & { readonly n: number; readonly rounds: number },
): Promise<Ratio> => {
  const { n, rounds, ...named } = bar
  const ratios: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const ours: number[] = []
    const theirs: number[] = []
    for (let i = 0; i < n; i += 1) {
      const isOursFirst = (round + i) % 2 === 0
      if (isOursFirst) ours.push(await call(url, guarded))
      theirs.push(await call(url, plain))
      if (!isOursFirst) ours.push(await call(url, guarded))
    }
    const [mine, their] = [share(ours, 0.5), share(theirs, 0.5)]
    ratios.push(bar.better === "lower" ? mine / their : their / mine)
  }
  const at = (part: number): number => Math.round(share(ratios, part) * 1_000) / 1_000
  const value = at(0.5)
  const met = bar.better === "lower" ? value <= bar.goal : value >= bar.goal
  return { ...named, value, p10: at(0.1), p90: at(0.9), met }
}

const share = (values: readonly number[], part: number): number =>
  [...values].sort((one, other) => one - other)[Math.floor(part * values.length)] ?? Number.NaN

const opened = async (): Promise<{ readonly url: string } & AsyncDisposable> => {
  const worker = new Worker(new URL("./fetchUpstream.ts", import.meta.url))
  const port = await new Promise<number>((resolve, reject) => {
    worker.once("message", resolve)
    worker.once("error", reject)
  })
  return {
    url: `http://127.0.0.1:${port}/v1/chat/completions`,
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  }
}

/** As the SDKs send it, so that nothing needs to be written into the body but what the guard must. */
const init = (more: Record<string, unknown>): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", authorization: "Bearer sk-bench" },
  body: JSON.stringify({
    model: "gpt-5",
    messages: [{ role: "user", content: "say hello, and nothing else" }],
    max_completion_tokens: 500,
    ...more,
  }),
})

const readJson: Call = async (url, fetcher) => {
  const start = performance.now()
  await (await fetcher(url, init({}))).json()
  return performance.now() - start
}

/** Up to the first byte, which comes after 10 ms, far sooner than a model's; the rest does not count. */
const readFirst: Call = async (url, fetcher) => {
  const start = performance.now()
  const response = await fetcher(url, init({ stream: true, user: "paced:1:10" }))
  const reader = response.body?.getReader()
  await reader?.read()
  const elapsedMs = performance.now() - start
  while ((await reader?.read())?.done === false);
  return elapsedMs
}

/** 100 events, one each millisecond: what a fast model says in a second. */
const readPaced: Call = async (url, fetcher) => {
  const start = performance.now()
  const response = await fetcher(url, init({ stream: true, user: "paced:100" }))
  const reader = response.body?.getReader()
  while ((await reader?.read())?.done === false);
  return performance.now() - start
}
