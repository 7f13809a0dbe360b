import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { brotliCompressSync, gzipSync } from "node:zlib"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { CHAT_NANO, CHAT_URL, chat, chatAnswer, opened, upstreamOf } from "./harness.ts"

const serving = async (answer: Parameters<typeof createServer>[1]) => {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1/chat/completions`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** All that a caller can see of a response before its body. */
const seen = ({ status, statusText, ok, url, redirected, type, headers, bodyUsed }: Response) => ({
  status,
  statusText,
  ok,
  url,
  redirected,
  type,
  bodyUsed,
  headers: [...headers].filter(([name]) => name !== "date"),
})

describe("a response", () => {
  it.each([
    ["gzip", (text: string) => gzipSync(text)],
    ["br", (text: string) => brotliCompressSync(text)],
    ["identity", (text: string) => Buffer.from(text)],
  ])("is the plain one in all that can be seen: %s", async (encoding, compress) => {
    const body = compress(JSON.stringify(chatAnswer))
    await using upstream = await serving((request, response) => {
      request.resume().on("end", () => {
        response.writeHead(200, "Fine", {
          "content-type": "application/json",
          "content-encoding": encoding,
          "content-length": body.length,
          "set-cookie": ["a=1", "b=2"],
          "x-request-id": "req_1",
        })
        response.end(body)
      })
    })
    await using test = opened()
    const plain = await fetch(upstream.url, chat())
    const guarded = await test.guarded(upstream.url, chat())
    expect(seen(guarded)).toEqual(seen(plain))
    expect(seen(guarded.clone())).toEqual(seen(plain.clone()))
    expect(guarded).toBeInstanceOf(Response)
    expect(await guarded.clone().json()).toEqual(await plain.json())
    expect(await guarded.json()).toEqual(chatAnswer)
    expect(guarded.bodyUsed).toBe(true)
    await expect(guarded.text()).rejects.toThrow(TypeError)
    expect(await test.spent()).toEqual({ settled: CHAT_NANO, held: 0 })
  })

  it("follows redirects as fetch does", async () => {
    await using upstream = await serving((request, response) => {
      request.resume().on("end", () => {
        const isFirst = request.url === "/v1/chat/completions"
        response.writeHead(isFirst ? 307 : 200, {
          location: "/moved/v1/chat/completions",
          "content-type": "application/json",
        })
        response.end(isFirst ? "" : JSON.stringify(chatAnswer))
      })
    })
    await using test = opened()
    const plain = await fetch(upstream.url, chat())
    const guarded = await test.guarded(upstream.url, chat())
    expect(seen(guarded)).toEqual(seen(plain))
    expect(guarded.redirected).toBe(true)
    await guarded.text()
    const stopped = await test.guarded(upstream.url, { ...chat(), redirect: "manual" })
    expect(stopped.status).toBe(307)
    expect(await test.spent()).toEqual({ settled: CHAT_NANO, held: 0 })
  })

  it.each(["arrayBuffer", "blob", "bytes", "text", "json"] as const)(
    "settles however its body is read: %s",
    async (how) => {
      await using test = opened({ fetch: { fetch: upstreamOf(() => Response.json(chatAnswer)) } })
      const response = await test.guarded(CHAT_URL, chat())
      await response[how]()
      expect(await test.spent()).toEqual({ settled: CHAT_NANO, held: 0 })
    },
  )

  it("lets a reader bring its own buffer, as fetch does", async () => {
    await using test = opened({ fetch: { fetch: upstreamOf(() => Response.json(chatAnswer)) } })
    const response = await test.guarded(CHAT_URL, chat())
    const reader = response.body?.getReader({ mode: "byob" })
    let text = ""
    for (;;) {
      const part = await reader?.read(new Uint8Array(7))
      if (part === undefined || part.done) break
      text += new TextDecoder().decode(part.value)
    }
    expect(JSON.parse(text)).toEqual(chatAnswer)
    expect(await test.spent()).toEqual({ settled: CHAT_NANO, held: 0 })
  })

  it("counts whole where it is ok and has no body", async () => {
    const upstream = upstreamOf(() => new Response(null, { status: 204 }))
    await using test = opened({ fetch: { fetch: upstream } })
    await test.guarded(CHAT_URL, chat())
    const { settled, held } = await test.spent()
    expect([settled > CHAT_NANO, held]).toEqual([true, 0])
  })

  it("is free where the host says so", async () => {
    const upstream = upstreamOf(() => new Response("no", { status: 500 }))
    const isFree = ({ status }: Response) => status === 500
    await using test = opened({ fetch: { fetch: upstream, isFree } })
    expect(await (await test.guarded(CHAT_URL, chat())).text()).toBe("no")
    expect(await test.spent()).toEqual({ settled: 0, held: 0 })
  })

  it("is free where the host knows that its runtime never sent it", async () => {
    const upstream: typeof fetch = async () => {
      throw new TypeError("error sending request: connection refused")
    }
    await using unsure = opened({ fetch: { fetch: upstream } })
    await expect(unsure.guarded(CHAT_URL, chat())).rejects.toThrow("connection refused")
    expect((await unsure.spent()).settled).toBeGreaterThan(0)
    const isUnsent = (error: unknown) => String(error).includes("connection refused")
    await using sure = opened({ fetch: { fetch: upstream, isUnsent } })
    await expect(sure.guarded(CHAT_URL, chat())).rejects.toThrow("connection refused")
    expect(await sure.spent()).toEqual({ settled: 0, held: 0 })
  })

  it("counts whole, and throws on, where the host's own function throws", async () => {
    const upstream = upstreamOf(() => new Response("no", { status: 500 }))
    const isFree = (): boolean => {
      throw new Error("mine")
    }
    await using test = opened({ fetch: { fetch: upstream, isFree } })
    await expect(test.guarded(CHAT_URL, chat())).rejects.toThrow("mine")
    expect((await test.spent()).held).toBe(0)
  })
})

describe("a stream", () => {
  const first = 'data: {"choices":[{"index":0,"delta":{"content":"a"}}],"usage":null}\n\n'

  it("passes each event on as soon as it comes, before the next", async () => {
    let more: ReadableStreamDefaultController<Uint8Array> | undefined
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        more = controller
      },
    })
    const headers = { "content-type": "text/event-stream" }
    const upstream = upstreamOf(() => new Response(body, { headers }))
    await using test = opened({ fetch: { fetch: upstream } })
    const response = await test.guarded(CHAT_URL, chat({ stream: true }))
    const reader = response.body?.getReader()
    for (let at = 0; at < 5; at += 1) {
      more?.enqueue(new TextEncoder().encode(first))
      const part = await reader?.read()
      expect(new TextDecoder().decode(part?.value)).toBe(first.replace(',"usage":null', ""))
    }
    await reader?.cancel()
    expect((await test.spent()).held).toBe(0)
  })

  it("hides nothing where the caller asked for the usage itself", async () => {
    const text = `${first}data: {"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":5}}\n\ndata: [DONE]\n\n`
    const headers = { "content-type": "text/event-stream" }
    const upstream = upstreamOf(() => new Response(text, { headers }))
    await using test = opened({ fetch: { fetch: upstream } })
    const asked = chat({ stream: true, stream_options: { include_usage: true } })
    expect(await (await test.guarded(CHAT_URL, asked)).text()).toBe(text)
    expect(upstream.seen[0]?.text).toBe(asked.body)
    expect(await test.spent()).toEqual({ settled: CHAT_NANO, held: 0 })
  })

  it("is left as it is for servers that refuse `stream_options`, and counts whole", async () => {
    const headers = { "content-type": "text/event-stream" }
    const upstream = upstreamOf(() => new Response(first, { headers }))
    await using test = opened({ fetch: { fetch: upstream, streamUsage: "leave" } })
    const response = await test.guarded(CHAT_URL, chat({ stream: true }))
    expect(await response.text()).toBe(first)
    expect(upstream.seen[0]?.text).not.toContain("stream_options")
    expect((await test.spent()).settled).toBeGreaterThan(CHAT_NANO)
  })
})

describe("a body that nobody reads", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it("counts whole after the silence, and is still the caller's to read", async () => {
    const upstream = upstreamOf(() => Response.json(chatAnswer))
    await using test = opened({ fetch: { fetch: upstream, silenceMs: 40 } })
    const response = await test.guarded(CHAT_URL, chat())
    vi.advanceTimersByTime(39)
    expect((await test.spent()).held).toBeGreaterThan(0)
    vi.advanceTimersByTime(11)
    const { settled, held } = await test.spent()
    expect([settled > CHAT_NANO, held]).toEqual([true, 0])
    expect(await response.json()).toEqual(chatAnswer)
    expect(await test.spent()).toEqual({ settled, held: 0 })
  })

  it("does not count whole while something is heard", async () => {
    const text = 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
    let left = 8
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await sleep(1)
        vi.advanceTimersByTime(45)
        controller.enqueue(new TextEncoder().encode(text))
        left -= 1
        if (left === 0) controller.close()
      },
    })
    const headers = { "content-type": "text/event-stream" }
    const upstream = upstreamOf(() => new Response(body, { headers }))
    await using test = opened({ fetch: { fetch: upstream, silenceMs: 60 } })
    const response = await test.guarded(CHAT_URL, chat({ stream: true }))
    const reader = response.body?.getReader()
    for (let at = 0; at < 7; at += 1) await reader?.read()
    expect((await test.spent()).settled).toBe(0)
    await reader?.cancel()
  })

  it("counts whole as soon as it is collected, and its connection is closed", async () => {
    setFlagsFromString("--expose-gc")
    const collect = runInNewContext("gc") as () => void
    let cancelled = false
    const upstream = upstreamOf(() => {
      const body = new ReadableStream({
        cancel: () => {
          cancelled = true
        },
      })
      return new Response(body, { headers: { "content-type": "text/event-stream" } })
    })
    await using test = opened({ fetch: { fetch: upstream } })
    await test.guarded(CHAT_URL, chat({ stream: true }))
    for (let at = 0; at < 1_000 && !cancelled; at += 1) {
      await sleep(10)
      collect()
    }
    expect(cancelled).toBe(true)
    expect((await test.spent()).held).toBe(0)
  })
})
