import { createSpendfuse, definePolicy, type PolicyJson } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import OpenAI from "openai"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type App, type Handler, HOSTS } from "./hosts.ts"
import { startUpstream } from "./upstream.ts"

let upstream: Awaited<ReturnType<typeof startUpstream>>
beforeAll(async () => {
  upstream = await startUpstream()
})
afterAll(() => upstream.stop())

const policy: PolicyJson = {
  budgets: [
    {
      id: "calls",
      per: ["apiKey"],
      limit: { requests: 10 },
      window: "hour",
      tiers: [{ at: "100%", block: true }],
    },
    {
      id: "money",
      per: ["apiKey"],
      limit: { usd: 1 },
      window: "month",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  maxOutputTokens: 100,
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
}

const cents = (n: number): number => n * 10_000_000

const open = async (
  host: (app: App) => ReturnType<(typeof HOSTS)[string]>,
  handler: Handler,
  options: App["options"] = {},
) => {
  const spendfuse = createSpendfuse({
    policy: definePolicy(policy),
    store: memoryStore(),
    prices: libraryPrices(),
    onNotice: () => undefined,
    waitMs: 0,
    rememberRefusals: false,
  })
  const running = await host({ spendfuse, handler, options: { graceMs: 20, ...options } })
  const post = (path = "/chat", key: string | null = "k", signal?: AbortSignal) =>
    fetch(running.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...(key !== null && { "x-key": key }) },
      body: "{}",
      ...(signal && { signal }),
    })
  const money = async () => {
    const { settled, held } = await spendfuse.account({ budget: "money", subject: { apiKey: "k" } })
    return { settled, held }
  }
  const settles = async (settled: number) => {
    await expect.poll(money).toEqual({ settled, held: 0 })
  }
  const stop = async () => {
    await running.stop()
    await spendfuse.close()
  }
  return { spendfuse, post, money, settles, stop }
}

const chat =
  (input: string): Handler =>
  async (spend) => {
    const client = new OpenAI({ apiKey: "sk-none", baseURL: upstream.url, fetch: spend.fetch })
    const answer = await client.responses.create({ model: "gpt-5", input })
    return { status: 200, body: { text: answer.output_text } }
  }

const ok = { status: 200, body: { ok: true } }

describe.each(Object.entries(HOSTS))("on %s", (_, host) => {
  it("guards a handler's SDK for who pays, and skips what is free", async () => {
    const { post, settles, stop } = await open(host, chat("hello"))
    const response = await post()
    expect(await response.json()).toEqual({ text: "hi" })
    await settles(10 * 1_250 + 20 * 10_000)
    expect(await (await post("/free", null)).json()).toEqual({ free: true })
    await stop()
  })

  it("answers what the SDK made an error of as the refusal that it was, after one attempt", async () => {
    const { post, spendfuse, stop } = await open(host, chat("hello"))
    await spendfuse.operator.adjust(
      { budget: "money", subject: { apiKey: "k" } },
      { amount: cents(100), by: "ann", why: "spent elsewhere" },
    )
    const before = upstream.calls()
    const response = await post()
    expect(response.status).toBe(402)
    expect(response.headers.get("x-spendfuse-reason")).toBe("exhausted")
    expect(await response.json()).toMatchObject({ error: { code: "exhausted" } })
    expect(upstream.calls()).toBe(before)
    await stop()
  })

  it("leaves errors of the handler to the host", async () => {
    const { post, stop } = await open(host, async () => {
      throw Object.assign(new RangeError("mine"), { status: 402 })
    })
    const response = await post()
    const text = await response.text()
    expect(response.headers.get("x-spendfuse-reason")).toBeNull()
    expect(text).toMatch(/RangeError|mine/)
    await stop()
  })

  it("holds before the handler, settles what it says, and tells the cost", async () => {
    const { post, money, settles, stop } = await open(
      host,
      async (spend) => {
        expect(await money()).toEqual({ settled: 0, held: cents(40) })
        await spend.settle({ amounts: { usd: cents(25), tokens: 7 } })
        return ok
      },
      { reserve: () => ({ amounts: { usd: cents(40) } }) },
    )
    const response = await post()
    expect(response.status).toBe(200)
    expect(response.headers.get("x-spendfuse-cost-usd")).toBe("0.25")
    expect(response.headers.get("x-spendfuse-tokens")).toBe("7")
    expect(response.headers.get("ratelimit-policy")).toBe('"calls";q=10;w=3600')
    await settles(cents(25))
    await stop()
  })

  it("refuses before the handler, in RFC 9457 or as the provider would", async () => {
    let isCalled = false
    const reserve = () => ({ amounts: { usd: cents(140) } })
    const handler: Handler = async () => {
      isCalled = true
      return ok
    }
    const plain = await open(host, handler, { reserve, rateLimit: "all" })
    const problem = await plain.post()
    expect(problem.status).toBe(402)
    expect(problem.headers.get("content-type")).toMatch(/^application\/problem\+json/)
    expect(problem.headers.get("x-should-retry")).toBe("false")
    expect(problem.headers.get("ratelimit")).toMatch(/^"money";r=1000000;t=\d+$/)
    expect(await problem.json()).toMatchObject({
      type: "urn:spendfuse:refused:too-large",
      status: 402,
      reason: "too-large",
    })
    await plain.stop()
    const shaped = await open(host, handler, { reserve, shape: () => "anthropic" })
    expect(await (await shaped.post()).json()).toMatchObject({
      type: "error",
      error: { type: "spendfuse_refused" },
    })
    await shaped.stop()
    const own = await open(host, handler, {
      reserve,
      onRefused: () => new Response("later", { status: 429, headers: { "x-own": "1" } }),
    })
    const later = await own.post()
    expect([later.status, later.headers.get("x-own"), await later.text()]).toEqual([
      429,
      "1",
      "later",
    ])
    await own.stop()
    expect(isCalled).toBe(false)
  })

  it("answers 400 to a request without its dimension, and says which", async () => {
    const { post, stop } = await open(host, async () => ok, {
      reserve: () => ({ amounts: { usd: 1 } }),
    })
    const response = await post("/chat", null)
    expect(response.status).toBe(400)
    expect(response.headers.get("x-spendfuse-fault")).toBe("missing-dimension")
    expect(await response.text()).toContain("apiKey")
    await stop()
  })

  it.each([
    ["counts whole what a handler left unsettled", 200, cents(40)],
    ["counts whole what failed", 500, cents(40)],
    ["frees what was turned away", 422, 0],
  ])("%s", async (_name, status, settled) => {
    const { post, settles, stop } = await open(host, async () => ({ status, body: {} }), {
      reserve: () => ({ amounts: { usd: cents(40) } }),
    })
    expect((await post()).status).toBe(status)
    await settles(settled)
    await stop()
  })

  it("takes a settle within the grace after its answer", async () => {
    const { post, settles, stop } = await open(
      host,
      async (spend) => {
        setTimeout(() => void spend.settle({ amounts: { usd: cents(5) } }), 30)
        return ok
      },
      { reserve: () => ({ amounts: { usd: cents(40) } }), graceMs: 300 },
    )
    await post()
    await settles(cents(5))
    await stop()
  })

  it("tells what is left where it is asked to", async () => {
    const { post, stop } = await open(
      host,
      async (spend) => {
        await spend.settle({ amounts: { usd: 0 } })
        return ok
      },
      { reserve: () => ({ amounts: { usd: 1 } }), readsRemaining: true },
    )
    await post()
    expect((await post()).headers.get("ratelimit")).toMatch(/^"calls";r=8;t=\d+$/)
    await stop()
  })

  it("aborts what runs when the client goes, and counts what it held", async () => {
    let isAborted = false
    const { post, money, stop } = await open(
      host,
      async (spend) => {
        spend.signal.addEventListener("abort", () => {
          isAborted = true
        })
        return chat("slow")(spend)
      },
      { reserve: () => ({ amounts: { usd: cents(40) } }) },
    )
    const before = upstream.aborted()
    const client = new AbortController()
    const answer = post("/chat", "k", client.signal).catch((error: Error) => error.name)
    await expect.poll(async () => (await money()).held).toBeGreaterThan(cents(40))
    client.abort()
    expect(await answer).toBe("AbortError")
    await expect.poll(() => isAborted).toBe(true)
    await expect.poll(upstream.aborted).toBe(before + 1)
    await expect.poll(async () => (await money()).held).toBe(0)
    expect((await money()).settled).toBeGreaterThan(cents(40))
    await stop()
  })
})
