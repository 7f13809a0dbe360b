import type { Store } from "@spendfuse/core/ports"
import { StoreUnavailable } from "@spendfuse/core/ports"
import { memoryStore } from "@spendfuse/store-memory"
import { describe, expect, it } from "vitest"
import { calls } from "./clients.ts"
import { CHAT_URL, chat, chatAnswer, opened, policyOf, upstreamOf } from "./harness.ts"

const never = () =>
  upstreamOf(() => {
    throw new Error("an upstream was called")
  })

interface SdkError extends Error {
  readonly status: number
  readonly headers: Headers
  readonly error: Record<string, unknown>
}

/** The guard's attempts, and the error that the client gave. */
const refusedBy = async (
  run: (fetcher: typeof fetch) => Promise<unknown>,
  fetcher: typeof fetch,
): Promise<{ attempts: number; error: SdkError }> => {
  let attempts = 0
  const counting: typeof fetch = (input, init) => {
    attempts += 1
    return fetcher(input, init)
  }
  const error = await run(counting).then(
    () => {
      throw new Error("the call was admitted")
    },
    (caught: unknown) => caught as SdkError,
  )
  return { attempts, error }
}

const problemOf = (error: SdkError): Record<string, unknown> => {
  const inner = (error.error.error ?? error.error) as { spendfuse: Record<string, unknown> }
  return inner.spendfuse
}

describe.each(calls)("%s", (_, run) => {
  it("gets one clear error, and tries once, where the budget is too small: 402", async () => {
    await using test = opened({ usd: "0.0000001", fetch: { fetch: never() } })
    const { attempts, error } = await refusedBy(run, test.guarded)
    expect(attempts).toBe(1)
    expect(error.status).toBe(402)
    expect(error.message).toContain("refused: too-large")
    expect(error.headers.get("x-spendfuse-reason")).toBe("too-large")
    expect(problemOf(error)).toMatchObject({
      type: "urn:spendfuse:refused:too-large",
      title: "refused: too-large",
      status: 402,
      reason: "too-large",
      until: null,
      withoutStore: false,
      obstacles: [{ budget: "key", account: "key/k1", settled: 0, held: 0, cap: 100 }],
    })
  })

  it("gets one clear error where an operator turned it off: 403", async () => {
    await using test = opened({ fetch: { fetch: never() } })
    await test.spendfuse.operator.switch(
      { dimension: "apiKey", value: "k1" },
      { state: "off", by: "ada", why: "a test", id: "op-1" },
    )
    const { attempts, error } = await refusedBy(run, test.guarded)
    expect([attempts, error.status]).toEqual([1, 403])
    expect(error.message).toContain("switched-off")
  })

  it("gets one clear error where the store is down: 503", async () => {
    const store = downStore(() => new StoreUnavailable("memory", null))
    await using test = opened({ fetch: { fetch: never() }, spendfuse: { store } })
    const { attempts, error } = await refusedBy(run, test.guarded)
    expect([attempts, error.status]).toEqual([1, 503])
    expect(error.message).toContain("store-unavailable")
    expect(problemOf(error)).toMatchObject({ withoutStore: true })
  })

  it("gets one clear error where the store breaks: 503, told to the host", async () => {
    const store = downStore(() => new RangeError("disk on fire: sk-secret"))
    const told: unknown[] = []
    const onError = (error: unknown): void => void told.push(error)
    await using test = opened({ fetch: { fetch: never(), onError }, spendfuse: { store } })
    const { attempts, error } = await refusedBy(run, test.guarded)
    expect([attempts, error.status]).toEqual([1, 503])
    expect(error.message).not.toContain("sk-secret")
    expect(told.length <= 1).toBe(true)
  })

  it("gets one clear error where its model has no price: 400", async () => {
    await using test = opened({ fetch: { fetch: never(), provider: "nobody" } })
    const { attempts, error } = await refusedBy(run, test.guarded)
    expect([attempts, error.status]).toEqual([1, 400])
    expect(error.message).toContain("unknown-model")
  })
})

const downStore = (error: () => Error): Store => {
  const { applyNow: _, ...store } = memoryStore()
  return { ...store, apply: () => Promise.reject(error()) }
}

describe("a refusal", () => {
  it("says when it ends, and a long wait makes no client sleep", async () => {
    const upstream = upstreamOf(() => Response.json(chatAnswer))
    const policy = policyOf("0.00125", { minOutputTokens: 100 })
    await using test = opened({ policy, fetch: { fetch: upstream } })
    await (await test.guarded(CHAT_URL, chat())).text()
    const response = await test.guarded(CHAT_URL, chat())
    expect(response.status).toBe(402)
    expect(response.headers.get("x-should-retry")).toBe("false")
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0)
    const { error } = (await response.json()) as { error: { code: string; type: string } }
    expect([error.type, error.code]).toEqual(["spendfuse_refused", "exhausted"])
  })

  it("is 429 and may be tried again only where the budget is busy, after it has waited", async () => {
    let free: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      free = resolve
    })
    const upstream = upstreamOf(async () => {
      await gate
      return Response.json(chatAnswer)
    })
    await using test = opened({ usd: "0.0012", fetch: { fetch: upstream, waitMs: 60 } })
    const first = test.guarded(CHAT_URL, chat())
    const start = performance.now()
    const busy = await test.guarded(CHAT_URL, chat())
    expect(performance.now() - start).toBeGreaterThan(40)
    expect(busy.status).toBe(429)
    expect(busy.headers.get("x-should-retry")).toBe("true")
    expect(busy.headers.get("retry-after")).toBe("1")
    free()
    await (await first).text()
    expect((await test.spent()).held).toBe(0)
  })

  it("has the status that the host maps it to, where that is an error's", async () => {
    for (const [status, expected] of [
      [429, 429],
      [undefined, 402],
      [200, 402],
      [4.5, 402],
    ]) {
      const statusOf = () => status
      await using test = opened({ usd: "0.0000001", fetch: { fetch: never(), statusOf } })
      const response = await test.guarded(CHAT_URL, chat())
      expect(response.status).toBe(expected)
      expect(response.headers.get("x-should-retry")).toBe("false")
    }
  })

  it("of Gemini is in Google's shape", async () => {
    await using test = opened({ usd: "0.0000001", fetch: { fetch: never() } })
    const response = await test.guarded(
      "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
      { method: "POST", body: '{"contents":[{"parts":[{"text":"hello"}]}]}' },
    )
    expect(response.status).toBe(402)
    expect(await response.json()).toMatchObject({
      error: { code: 402, status: "FAILED_PRECONDITION", spendfuse: { reason: "too-large" } },
    })
  })

  it("of a retried call is decided anew, and each attempt is settled by itself", async () => {
    let attempt = 0
    const upstream = upstreamOf(() => {
      attempt += 1
      return attempt < 3
        ? new Response("{}", { status: 500, headers: { "retry-after-ms": "1" } })
        : Response.json(chatAnswer)
    })
    await using test = opened({ policy: policyOf("10"), fetch: { fetch: upstream } })
    const [, run] = calls[0] ?? []
    await run?.(test.guarded)
    const { held } = await test.spent()
    expect(held).toBe(0)
    expect([...test.counts().ends.values()]).toEqual([1, 1, 1])
  })
})
