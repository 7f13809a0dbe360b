import { gzipSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import { subjectHeader } from "../../src/fetch.ts"
import { CHAT_NANO, CHAT_URL, chat, chatAnswer, opened, upstreamOf } from "./harness.ts"

const json = JSON.stringify({
  model: "gpt-5",
  messages: [{ role: "user", content: "hello ☕" }],
  max_completion_tokens: 100,
})
const bytes = new TextEncoder().encode(json)
const headers = { "content-type": "application/json", authorization: "Bearer sk-secret" }
const streamOf = (...parts: Uint8Array[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(part)
      controller.close()
    },
  })

const answering = () => upstreamOf(() => Response.json(chatAnswer))

describe("a request in any form", () => {
  const post = { method: "POST", headers }
  const half = { duplex: "half" } as RequestInit
  it.each<[string, () => [RequestInfo | URL, RequestInit?]]>([
    ["a string", () => [CHAT_URL, { ...post, body: json }]],
    ["a URL", () => [new URL(CHAT_URL), { ...post, body: json }]],
    ["bytes", () => [CHAT_URL, { ...post, body: bytes }]],
    [
      "a part of a buffer",
      () => [CHAT_URL, { ...post, body: new Uint8Array([0, ...bytes]).subarray(1) }],
    ],
    ["an array buffer", () => [CHAT_URL, { ...post, body: bytes.slice().buffer }]],
    ["a blob", () => [CHAT_URL, { ...post, body: new Blob([bytes]) }]],
    [
      "a stream",
      () => [CHAT_URL, { ...post, ...half, body: streamOf(bytes.slice(0, 60), bytes.slice(60)) }],
    ],
    ["a Request", () => [new Request(CHAT_URL, { ...post, body: json })]],
    [
      "a Request with a stream",
      () => [new Request(CHAT_URL, { ...post, ...half, body: streamOf(bytes) })],
    ],
    [
      "a Request whose body init replaces",
      () => [new Request(CHAT_URL, { ...post, body: "other" }), { body: json }],
    ],
    [
      "headers as a list",
      () => [CHAT_URL, { method: "post", headers: Object.entries(headers), body: json }],
    ],
    ["Headers", () => [CHAT_URL, { method: "POST", headers: new Headers(headers), body: json }]],
  ])("is sent as it came: %s", async (_, make) => {
    const upstream = answering()
    await using test = opened({ fetch: { fetch: upstream } })
    const response = await test.guarded(...make())
    expect(await response.json()).toEqual(chatAnswer)
    expect(upstream.seen[0]?.text).toBe(json)
    expect(upstream.seen[0]?.request.headers.get("authorization")).toBe("Bearer sk-secret")
    expect(upstream.seen[0]?.request.headers.get("content-type")).toBe("application/json")
    expect(await test.spent()).toEqual({ settled: CHAT_NANO, held: 0 })
  })

  it("hands on the very init where nothing must be written, and fields it does not know", async () => {
    const inits: unknown[] = []
    const upstream: typeof fetch = async (_, init) => {
      inits.push(init)
      return Response.json(chatAnswer)
    }
    await using test = opened({ fetch: { fetch: upstream } })
    const init = { ...chat(), dispatcher: { a: 1 } } as RequestInit
    await (await test.guarded(CHAT_URL, init)).text()
    expect(inits[0]).toBe(init)
    const written = {
      ...chat({ max_completion_tokens: undefined }),
      dispatcher: init,
    } as RequestInit
    await (await test.guarded(CHAT_URL, written)).text()
    expect(inits[1]).toMatchObject({ method: "POST", dispatcher: init })
  })

  it("writes only the output limit, and takes the stale length away", async () => {
    const upstream = answering()
    await using test = opened({ fetch: { fetch: upstream } })
    const body = `{ "model":"gpt-5", "seed":12345678901234567890, "messages":[{"role":"user","content":"a"}] }`
    const length = { "content-length": String(body.length) }
    await test.guarded(CHAT_URL, { method: "POST", headers: { ...headers, ...length }, body })
    expect(upstream.seen[0]?.text).toBe(body.replace("{ ", '{"max_completion_tokens":1000, '))
    expect(upstream.seen[0]?.init.headers).not.toHaveProperty("content-length")
  })

  it("asks other servers of OpenAI's shape for the limit that they know", async () => {
    const upstream = answering()
    await using test = opened({ fetch: { fetch: upstream, provider: "mistral" } })
    const body = JSON.stringify({ model: "mistral-small-latest", messages: [] })
    await test.guarded("https://llm.example/v1/chat/completions", { method: "POST", body })
    expect(JSON.parse(upstream.seen[0]?.text ?? "")).toHaveProperty("max_tokens", 1000)
  })

  it.each([
    ["a form", (): BodyInit => new FormData()],
    ["a query", (): BodyInit => new URLSearchParams({ model: "gpt-5" })],
    ["not JSON", (): BodyInit => "hello"],
    ["an array", (): BodyInit => "[]"],
    ["nothing", (): BodyInit => ""],
    ["bytes that are not UTF-8", (): BodyInit => new Uint8Array([0x7b, 0xff, 0x7d])],
    ["a name given twice", (): BodyInit => '{"model":"gpt-5-nano","model":"gpt-5-pro"}'],
    ["no model", (): BodyInit => '{"messages":[]}'],
    ["a model that nobody knows", (): BodyInit => '{"model":"nope","messages":[]}'],
  ])("is a clear error where it cannot be read: %s", async (_, body) => {
    const upstream = answering()
    await using test = opened({ fetch: { fetch: upstream } })
    const response = await test.guarded(CHAT_URL, { method: "POST", body: body() })
    expect(response.status).toBe(400)
    expect(response.headers.get("x-should-retry")).toBe("false")
    const { error } = (await response.json()) as { error: { message: string; type: string } }
    expect(error.type).toBe("spendfuse_fault")
    expect(error.message).toMatch(/^[a-z]/)
    expect(upstream.seen).toHaveLength(0)
    expect(await test.spent()).toEqual({ settled: 0, held: 0 })
  })

  it("is a clear error where it is compressed", async () => {
    await using test = opened({ fetch: { fetch: answering() } })
    const init = { method: "POST", headers: { "content-encoding": "gzip" }, body: gzipSync(json) }
    expect((await test.guarded(CHAT_URL, init)).status).toBe(400)
  })

  it("throws what fetch throws: a body that was used, a URL that is none, an aborted signal", async () => {
    await using test = opened({ fetch: { fetch: answering() } })
    const used = new Request(CHAT_URL, { method: "POST", body: json })
    await used.text()
    await expect(test.guarded(used)).rejects.toThrow(TypeError)
    await expect(test.guarded("/v1/chat/completions", chat())).rejects.toThrow(TypeError)
    const gone = AbortSignal.abort(new Error("gone"))
    await expect(test.guarded(CHAT_URL, { ...chat(), signal: gone })).rejects.toThrow("gone")
    const body = new ReadableStream({ pull: () => new Promise<void>(() => undefined) })
    const signal = AbortSignal.timeout(20)
    const slow = { method: "POST", body, duplex: "half", signal } as RequestInit
    await expect(test.guarded(CHAT_URL, slow)).rejects.toThrow(/timeout/)
    expect(await test.spent()).toEqual({ settled: 0, held: 0 })
  })
})

describe("who pays", () => {
  const two = { usd: "10" }
  it("is bound, added by `for`, and named by a header that is never sent on", async () => {
    const upstream = answering()
    await using test = opened({ ...two, fetch: { fetch: upstream, subject: {} } })
    await (await test.guarded.for({ apiKey: "k1" })(CHAT_URL, chat())).text()
    const header = subjectHeader({ apiKey: "k1", session: "naïve ☕" })
    const named = { ...chat(), headers: { ...headers, ...header } }
    await (await test.guarded(CHAT_URL, named)).text()
    await (await test.guarded(new Request(CHAT_URL, named))).text()
    await test.guarded("https://api.openai.com/v1/models", { headers: header })
    expect(await test.spent()).toMatchObject({ settled: 3 * CHAT_NANO })
    for (const { request } of upstream.seen)
      expect([...request.headers.keys()]).not.toContain("x-spendfuse-subject")
  })

  it("is told from the request by a function, also later", async () => {
    const upstream = answering()
    const subject = async (request: Request) => ({ apiKey: request.headers.get("x-key") ?? "" })
    await using test = opened({ ...two, fetch: { fetch: upstream, subject } })
    const init = { ...chat(), headers: { ...headers, "x-key": "k1" } }
    await (await test.guarded(CHAT_URL, init)).text()
    expect(await test.spent()).toMatchObject({ settled: CHAT_NANO })
  })

  it.each([
    ["names what is bound", subjectHeader({ apiKey: "k2" }), "bound already"],
    ["is not JSON", { "x-spendfuse-subject": "k2" }, "not a JSON object"],
    ["is not of strings", { "x-spendfuse-subject": '{"session":1}' }, "not a JSON object"],
  ])("is not changed by a header that %s", async (_, header, message) => {
    const upstream = answering()
    await using test = opened({ fetch: { fetch: upstream } })
    const init = { ...chat(), headers: { ...headers, ...header } }
    const response = await test.guarded(CHAT_URL, init)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain(message)
    expect(upstream.seen).toHaveLength(0)
  })

  it("is a clear error where nobody is named", async () => {
    await using test = opened({ fetch: { fetch: answering(), subject: {} } })
    const response = await test.guarded(CHAT_URL, chat())
    expect(response.status).toBe(400)
    expect(await response.text()).toContain("missing-dimension")
  })
})

describe("calls whose cost cannot be read", () => {
  const form = (): RequestInit => {
    const body = new FormData()
    body.set("model", "whisper-1")
    body.set("file", new Blob(["sound"]), "a.wav")
    return { method: "POST", body }
  }
  const audio = "https://api.openai.com/v1/audio/transcriptions"

  it("are an error, pass, or cost what the host says", async () => {
    const upstream = answering()
    await using refusing = opened({ fetch: { fetch: upstream } })
    const refused = await refusing.guarded(audio, form())
    expect(refused.status).toBe(400)
    expect(await refused.text()).toContain("/audio/transcriptions costs cannot be read")
    expect(upstream.seen).toHaveLength(0)
    await using passing = opened({ fetch: { fetch: upstream, otherRoutes: "pass" } })
    expect((await passing.guarded(audio, form())).status).toBe(200)
    expect(await passing.spent()).toEqual({ settled: 0, held: 0 })
    const otherRoutes = () => ({ usd: 40_000_000 })
    await using told = opened({ usd: "0.05", fetch: { fetch: upstream, otherRoutes } })
    expect((await told.guarded(audio, form())).status).toBe(200)
    expect(await told.spent()).toEqual({ settled: 40_000_000, held: 0 })
    const over = await told.guarded(audio, form())
    expect(over.status).toBe(402)
    expect(over.headers.get("content-type")).toBe("application/problem+json")
    expect(await over.json()).toMatchObject({
      type: "urn:spendfuse:refused:exhausted",
      status: 402,
    })
  })

  it("do not print a path that may hold a secret", async () => {
    await using test = opened({ fetch: { fetch: answering() } })
    const response = await test.guarded("https://proxy.example/secret-token/run", {
      method: "POST",
    })
    expect(await response.text()).not.toContain("secret-token")
  })

  it.each(["GET", "HEAD", "DELETE"])(
    "are free where they only look or remove: %s",
    async (method) => {
      const upstream = upstreamOf(() => new Response(null, { status: 204 }))
      await using test = opened({ fetch: { fetch: upstream } })
      const response = await test.guarded(CHAT_URL, { method })
      expect(response.status).toBe(204)
      expect(await test.spent()).toEqual({ settled: 0, held: 0 })
    },
  )
})
