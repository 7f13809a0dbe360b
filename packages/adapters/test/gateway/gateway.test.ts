import { createSpendfuse, type Spendfuse } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type CallRecord, type GatewayOptions, gateway } from "../../src/gateway.ts"
import { CHAT_NANO, chatAnswer, policyOf, upstreamOf } from "../fetch/harness.ts"

const KEY = "vk-alice-0123456789abcdef"
let spendfuse: Spendfuse
let records: CallRecord[]

beforeEach(() => {
  records = []
  const store = memoryStore()
  spendfuse = createSpendfuse({
    policy: policyOf("10"),
    store,
    prices: libraryPrices(),
    onNotice: () => undefined,
    waitMs: 0,
  })
})
afterEach(() => spendfuse.close())

const answering = () => upstreamOf(() => Response.json(chatAnswer))

const opened = (fetcher: typeof fetch, more: Partial<GatewayOptions> = {}) =>
  gateway({
    spendfuse,
    fetch: fetcher,
    upstreams: { openai: { baseUrl: "https://api.openai.com/base", key: "sk-upstream" } },
    keys: { alice: { key: KEY, subject: { apiKey: "alice" } } },
    onCall: (record) => records.push(record),
    ...more,
  })

const asked = (path: string, more: Record<string, string> = {}, body: object = {}): Request =>
  new Request(`https://gateway.example.com${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json", ...more },
    body: JSON.stringify({
      model: "gpt-5",
      messages: [{ role: "user", content: "hello" }],
      max_completion_tokens: 100,
      ...body,
    }),
  })

describe("the gateway", () => {
  it("sends the provider's key and nothing of the connection, of other accounts or of the caller's key", async () => {
    const upstream = answering()
    const serve = opened(upstream)
    const headers = {
      "openai-organization": "org-other",
      "openai-beta": "one",
      cookie: "a=b",
      "x-forwarded-for": "10.0.0.1",
    }
    expect((await serve(asked("/v1/chat/completions?a=1&key=vk", headers))).status).toBe(200)
    const [{ request } = { request: null }] = upstream.seen
    expect(request?.url).toBe("https://api.openai.com/base/v1/chat/completions?a=1")
    expect(Object.fromEntries(request?.headers ?? [])).toEqual({
      authorization: "Bearer sk-upstream",
      "content-type": "application/json",
      "openai-beta": "one",
    })
    expect(records).toMatchObject([
      { key: "alice", model: "gpt-5", costNanoUsd: CHAT_NANO, tokens: 25, refused: null },
    ])
  })

  it("stays below the upstream's base, whatever the path says", async () => {
    const upstream = answering()
    const serve = opened(upstream)
    for (const path of ["/../v1/chat/completions", "/%2e%2e/v1/chat/completions"])
      await serve(asked(path))
    expect(upstream.seen.map(({ request }) => new URL(request.url).pathname)).toEqual([
      "/base/v1/chat/completions",
      "/base/v1/chat/completions",
    ])
  })

  it("chooses the upstream by the longest prefix, else by the model, else the first without", async () => {
    const upstream = answering()
    const serve = opened(upstream, {
      upstreams: {
        usual: { baseUrl: "https://usual.example", provider: "openai" },
        mini: { baseUrl: "https://mini.example", provider: "openai", models: ["gpt-5-m*"] },
        one: { baseUrl: "https://one.example", provider: "openai", prefix: "/a" },
        other: { baseUrl: "https://other.example", provider: "openai", prefix: "/a/b" },
      },
    })
    await serve(asked("/v1/chat/completions"))
    await serve(asked("/v1/chat/completions", {}, { model: "gpt-5-mini" }))
    await serve(asked("/a/v1/chat/completions"))
    await serve(asked("/a/b/v1/chat/completions", {}, { model: "gpt-5-mini" }))
    expect(records.map(({ upstream: name }) => name)).toEqual(["usual", "mini", "one", "other"])
    expect(upstream.seen.map(({ request }) => new URL(request.url).pathname)).toEqual(
      Array(4).fill("/v1/chat/completions"),
    )
  })

  it.each([
    ["gpt-5", ["gpt-5"], true],
    ["gpt-5-mini", ["gpt-5"], false],
    ["gpt-5-mini", ["gpt-5*"], true],
    ["a-b-c", ["a*b*c"], true],
    ["ab", ["ab*b"], false],
    ["gpt-5", ["*"], true],
    ["gpt-5", [], false],
  ])("lets %s through %j: %s", async (model, models, isLet) => {
    const serve = opened(answering(), {
      upstreams: { any: { baseUrl: "https://any.example", provider: "openai" } },
      keys: { alice: { key: KEY, subject: { apiKey: "alice" }, models } },
    })
    const { status } = await serve(asked("/v1/chat/completions", {}, { model }))
    // A model that is let through and unknown is the policy's matter.
    expect(status === 403).toBe(!isLet)
  })

  it("knows a key by its hash, and no hash for a key", async () => {
    const bytes = new TextEncoder().encode(KEY)
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
    const hash = `sha256:${[...digest].map((one) => one.toString(16).padStart(2, "0")).join("")}`
    const serve = opened(answering(), {
      keys: { alice: { key: hash, subject: { apiKey: "alice" } } },
    })
    expect((await serve(asked("/v1/chat/completions"))).status).toBe(200)
    const bearer = { authorization: `Bearer ${hash}` }
    expect((await serve(asked("/v1/chat/completions", bearer))).status).toBe(401)
  })

  it("compares the whole of a hash, not how it begins", async () => {
    const serve = opened(answering(), {
      sha256: (text) => new Uint8Array(32).fill(7, 0, 8).fill(text.length, 31),
      keys: {
        alice: { key: KEY, subject: { apiKey: "alice" } },
        bob: { key: `${KEY}-bob`, subject: { apiKey: "bob" } },
      },
    })
    const status = async (key: string): Promise<number> =>
      (await serve(asked("/v1/chat/completions", { authorization: `Bearer ${key}` }))).status
    expect([await status(KEY), await status(`${KEY}-bob`), await status(`${KEY}-carol`)]).toEqual([
      200, 200, 401,
    ])
    expect(records.map(({ key }) => key)).toEqual(["alice", "bob", null])
  })

  it("answers 504 where a call takes too long, and counts it", async () => {
    const slow: typeof fetch = (_input, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason))
      })
    const serve = opened(slow, { callMs: 20 })
    const response = await serve(asked("/v1/chat/completions"))
    expect(response.status).toBe(504)
    expect(await serve.drain(1_000)).toBe(0)
    expect(records).toMatchObject([{ status: 504, refused: "too-late", assumed: true }])
  })

  it("passes on neither files nor what others have stored, unless the upstream reaches all", async () => {
    const upstream = upstreamOf(() => Response.json({}))
    const get = (path: string): Request =>
      new Request(`https://gateway.example.com${path}`, { headers: { "x-api-key": KEY } })
    const narrow = opened(upstream)
    expect((await narrow(get("/v1/responses/resp_1"))).status).toBe(404)
    expect((await narrow(get("/v1/models"))).status).toBe(200)
    const wide = opened(upstream, {
      upstreams: { any: { baseUrl: "https://any.example", reach: "all" } },
    })
    expect((await wide(get("/v1/responses/resp_1"))).status).toBe(200)
    expect(upstream.seen).toHaveLength(2)
  })

  it("says at once what cannot be used, and repeats no secret", () => {
    const secret = "short"
    const keys = { alice: { key: secret, subject: {} } }
    expect(() => opened(fetch, { keys })).toThrow(/the key of `alice` must be/)
    expect(() => opened(fetch, { keys })).not.toThrow(secret)
    const upstreams = { a: { baseUrl: "https://user:word@a.example" } }
    expect(() => opened(fetch, { upstreams })).toThrow(/the base URL of upstream `a` must be/)
    expect(() => opened(fetch, { upstreams })).not.toThrow("word")
  })
})
