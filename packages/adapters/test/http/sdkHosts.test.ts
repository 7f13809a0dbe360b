import { createSpendfuse, type Spendfuse } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { countingStore, policyOf } from "../fetch/harness.ts"
import { type StandIn, standIn } from "../fetch/standIn.ts"
import type { Running } from "./hosts.ts"
import { KEY, proxyTo, RELAYS, type Relay } from "./relays.ts"
import { type How, isStream, outcomeOf, SDKS, type Sdk } from "./sdks.ts"

/** What a call comes to: the usage that its answer tells, nothing, or its whole hold, so many times. */
type Spend = "usage" | "free" | { readonly whole: number }

/** What is asked, in which form, with how many retries, and what it comes to. Each is run with the guard and without. */
const CASES: readonly (readonly [what: string, how: How, retries: number, spend: Spend])[] = [
  ["hello", "json", 0, "usage"],
  ["hello", "stream", 0, "usage"],
  ["hello", "usage", 0, "usage"],
  ["tools", "json", 0, "usage"],
  ["tools", "stream", 0, "usage"],
  ["gzip", "json", 0, "usage"],
  ["split", "stream", 0, "usage"],
  ["garbage", "stream", 0, "usage"],
  ["flaky", "json", 2, "usage"],
  ["flaky", "stream", 2, "usage"],
  ["status 400", "json", 2, "free"],
  ["status 401", "stream", 2, "free"],
  ["status 429", "json", 2, "free"],
  ["status 503", "stream", 1, "free"],
  ["status 500", "json", 1, { whole: 2 }],
  ["reset", "json", 0, { whole: 1 }],
  ["malformed", "json", 0, { whole: 1 }],
  ["cut", "stream", 0, { whole: 1 }],
]

const SPENT_UP = "has spent all"

/** A handler that calls a model by an SDK, and hands its answer or its events on. */
const callingTo =
  (upstream: string): Relay =>
  async ({ fetch: fetcher, signal, request }) => {
    const { name, what, how, maxRetries } = (await request.json()) as Asked
    const sdk = SDKS.find((one) => one.name === name) as Sdk
    const call = sdk.client({ url: upstream, fetch: fetcher, maxRetries })
    const answer = await call(what, how, signal)
    if (!isStream(answer)) return Response.json(answer)
    return new Response(lines(answer).pipeThrough(new TextEncoderStream()))
  }

interface Asked {
  readonly name: string
  readonly what: string
  readonly how: How
  readonly maxRetries: number
}

const lines = (events: AsyncIterable<unknown>): ReadableStream<string> => {
  const iterator = events[Symbol.asyncIterator]()
  return new ReadableStream({
    pull: async (controller) => {
      try {
        const { done, value } = await iterator.next()
        if (done === true) return controller.close()
        controller.enqueue(`${JSON.stringify(value)}\n`)
      } catch (error) {
        controller.enqueue(`${(error as Error).name}: ${(error as Error).message}\n`)
        controller.close()
      }
    },
    cancel: async () => {
      await iterator.return?.()
    },
  })
}

let upstream: StandIn
let spendfuse: Spendfuse
const store = countingStore()
beforeAll(async () => {
  // Hono's server writes what breaks an answer there.
  vi.spyOn(console, "error").mockImplementation(() => undefined)
  upstream = await standIn()
  spendfuse = createSpendfuse({
    policy: policyOf("10"),
    store,
    prices: libraryPrices(),
    onNotice: () => undefined,
    waitMs: 0,
  })
  await spendfuse.operator.adjust(
    { budget: "key", subject: { apiKey: SPENT_UP } },
    { amount: 20_000_000_000, by: "ann", why: "spent elsewhere" },
  )
})
afterAll(async () => {
  await spendfuse.close()
  await upstream[Symbol.asyncDispose]()
})

const accountOf = async (apiKey: string): Promise<{ settled: number; held: number }> => {
  const { settled, held } = await spendfuse.account({ budget: "key", subject: { apiKey } })
  return { settled, held }
}

const settles = (key: string, isRight: (settled: number) => boolean): Promise<void> =>
  expect
    .poll(async () => {
      const { settled, held } = await accountOf(key)
      return held === 0 && isRight(settled) ? "right" : { settled, held }
    })
    .toBe("right")

const isOf =
  (spend: Spend, nano: number) =>
  (settled: number): boolean => {
    if (spend === "usage") return settled === nano
    // The output of a hold alone is 500 tokens and more; an answer has 5.
    return spend === "free" ? settled === 0 : settled > spend.whole * 50 * nano
  }

/** Each way to put a host between: how its client makes a call, given the host's address. */
const WAYS = {
  "in front of a handler that calls by its SDK": {
    relay: callingTo,
    run: async ({ url }: Running, { name }: Sdk, { key, what, how, maxRetries, signal }: Run) => {
      const response = await fetch(`${url}/ask`, {
        method: "POST",
        headers: { "content-type": "application/json", [KEY]: key },
        body: JSON.stringify({ name, what, how, maxRetries } satisfies Asked),
        signal: signal ?? null,
      })
      return { status: response.status, text: await response.text() }
    },
  },
  "as a proxy that forwards": {
    relay: proxyTo,
    run: ({ url }: Running, sdk: Sdk, { key, what, how, maxRetries, signal }: Run) =>
      outcomeOf(sdk.client({ url, fetch, maxRetries, headers: { [KEY]: key } })(what, how, signal)),
  },
} as const

interface Run {
  readonly key: string
  readonly what: string
  readonly how: How
  readonly maxRetries: number
  readonly signal?: AbortSignal
}

describe.each(Object.entries(RELAYS))("%s", (host, start) => {
  describe.each(Object.entries(WAYS))("%s", (way, { relay, run }) => {
    let plain: Running
    let guarded: Running
    let arrived = 0
    beforeAll(async () => {
      const counted: Relay = (relayed) => {
        arrived += 1
        return relay(upstream.url)(relayed)
      }
      plain = await start(null, relay(upstream.url))
      guarded = await start(spendfuse, counted)
    })
    afterAll(async () => {
      await plain.stop()
      await guarded.stop()
    })

    const attempts = async <Value>(work: Promise<Value>): Promise<[Value, number]> => {
      const before = upstream.seen.length
      return [await work, upstream.seen.length - before]
    }

    describe.each(SDKS.map((sdk) => [sdk.name, sdk] as const))("%s", (name, sdk) => {
      it.each(CASES)(
        "is the same with the guard and without, and is ended once: %s, %s",
        async (what, how, maxRetries, spend) => {
          const key = `${host}, ${way}, ${name}, ${what}, ${how}`
          const asked = { key, what, how, maxRetries }
          const without = await attempts(run(plain, sdk, asked))
          expect(await attempts(run(guarded, sdk, asked))).toEqual(without)
          await settles(key, isOf(spend, sdk.nano))
        },
      )

      it("is refused in one attempt, by one error of the SDK's own kind", async () => {
        const before = arrived
        const asked = { key: SPENT_UP, what: "hello", how: "stream", maxRetries: 2 } as const
        const [outcome, sent] = await attempts(run(guarded, sdk, asked))
        expect([sent, arrived - before]).toEqual([0, 1])
        if ("text" in (outcome as object)) {
          const { status, text } = outcome as { status: number; text: string }
          expect(status).toBe(402)
          expect(JSON.parse(text)).toMatchObject({ error: { code: "exhausted" } })
        } else
          expect(outcome).toMatchObject({
            events: [],
            error: { status: 402, message: expect.stringContaining("exhausted") },
          })
      })

      it("is ended once when its client goes in the middle of a stream", async () => {
        const key = `${host}, ${way}, ${name}, goes`
        const gone = new AbortController()
        const asked = { key, what: "hang", how: "stream", maxRetries: 0 } as const
        const running = run(guarded, sdk, { ...asked, signal: gone.signal }).catch(() => undefined)
        await expect.poll(async () => (await accountOf(key)).held).toBeGreaterThan(0)
        setTimeout(() => gone.abort(), 20)
        await running
        await settles(key, isOf({ whole: 1 }, sdk.nano))
      })
    })
  })
})

describe("all of them", () => {
  it("have ended each reservation exactly once", () => {
    const { reserved, ends } = store.counts()
    expect(reserved).toBeGreaterThan(Object.keys(RELAYS).length * SDKS.length * CASES.length)
    expect([...ends.values()].filter((times) => times !== 1)).toEqual([])
  })
})
