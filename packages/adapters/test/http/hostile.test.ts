import type { Server } from "node:http"
import { type ClientHttp2Session, connect, createServer } from "node:http2"
import type { AddressInfo } from "node:net"
import { gzipSync } from "node:zlib"
import { serve } from "@hono/node-server"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { CHAT_NANO, chat, type Opened, opened } from "../fetch/harness.ts"
import { BIG_BYTES, startHostile } from "./hostileUpstream.ts"
import { kept } from "./kept.ts"
import { proxyTo } from "./relays.ts"

let upstream: Awaited<ReturnType<typeof startHostile>>
beforeAll(async () => {
  upstream = await startHostile()
})
afterAll(() => upstream.stop())

/** A chat call that the upstream answers as named; usage asked for, so that no byte of a stream is hidden. */
const call = (answer: string, signal?: AbortSignal): RequestInit => ({
  ...chat({ stream: true, stream_options: { include_usage: true } }),
  headers: { "content-type": "application/json", "x-answer": answer },
  ...(signal && { signal }),
})

const PATH = "/v1/chat/completions"

const read = async (fetcher: typeof fetch, answer: string): Promise<unknown> => {
  try {
    const response = await fetcher(upstream.url + PATH, call(answer))
    return { status: response.status, text: await response.text() }
  } catch (error) {
    return (error as Error).message
  }
}

const endsOnce = async (test: Opened, times: number, settled: "usage" | "whole" | "free") => {
  const spent = await test.spent()
  expect(spent.held).toBe(0)
  expect([...test.counts().ends.values()]).toEqual(Array.from({ length: times }, () => 1))
  if (settled === "whole") expect(spent.settled).toBeGreaterThan(times * CHAT_NANO)
  else expect(spent.settled).toBe(settled === "usage" ? times * CHAT_NANO : 0)
}

/** How often the 100 MB are looked at, in bytes. */
const LOOK_EVERY = 5 * 1_048_576

describe("an upstream's answer, the same with the guard and without, ended once", () => {
  it.each([
    ["plain", "usage"],
    ["gzip", "usage"],
    ["br", "usage"],
    ["deflate", "usage"],
    ["gzip stream", "usage"],
    ["one byte per chunk", "usage"],
    ["slow loris", "usage"],
    ["lines of CR LF", "usage"],
    ["lines of CR", "usage"],
    ["huge event", "usage"],
    ["trailers", "usage"],
    ["broken gzip", "whole"],
    ["cut json", "whole"],
    ["cut event", "whole"],
  ] as const)("%s", async (answer, settled) => {
    await using test = opened()
    expect(await read(test.guarded, answer)).toEqual(await read(fetch, answer))
    await endsOnce(test, 1, settled)
  })

  it("passes 100 MB on, and keeps none of it", async () => {
    await using test = opened()
    const response = await test.guarded(upstream.url + PATH, call("100 MB"))
    let bytes = 0
    let most = 0
    let looks = 0
    const before = kept()
    for await (const part of response.body ?? []) {
      bytes += part.byteLength
      if (bytes < looks * LOOK_EVERY) continue
      looks += 1
      most = Math.max(most, kept() - before)
    }
    expect(bytes).toBeGreaterThan(BIG_BYTES)
    console.log(`100 MB streamed: ${(most / 1_048_576).toFixed(1)} MB more at most`)
    // Some events of a megabyte are on their way, in the upstream too; a body that was kept has a hundred.
    expect(most).toBeLessThan(40 * 1_048_576)
    await endsOnce(test, 1, "usage")
  })

  it("does not send a body that it cannot read: compressed requests are turned away", async () => {
    await using test = opened()
    const before = upstream.calls()
    const response = await test.guarded(upstream.url + PATH, {
      method: "POST",
      headers: { "content-encoding": "gzip", "content-type": "application/json" },
      body: gzipSync(String(chat().body)),
    })
    expect(response.status).toBe(400)
    expect(response.headers.get("x-spendfuse-fault")).toBe("invalid-request")
    expect(upstream.calls()).toBe(before)
    await endsOnce(test, 0, "free")
  })
})

describe("a caller that goes", () => {
  it.each([
    ["before the answer", "silent", "whole"],
    ["in the middle of it", "hang", "whole"],
    ["after it", "plain", "usage"],
  ] as const)("%s", async (_when, answer, settled) => {
    await using test = opened()
    const gone = new AbortController()
    const before = upstream.calls()
    let isAnswered = false
    const run = test
      .guarded(upstream.url + PATH, call(answer, gone.signal))
      .then((response) => {
        isAnswered = true
        return response.text()
      })
      .catch((error: Error) => error.name)
    if (answer === "plain") await run
    else if (answer === "hang") await expect.poll(() => isAnswered).toBe(true)
    else await expect.poll(() => upstream.calls() - before).toBe(1)
    gone.abort()
    expect(await run).toContain(answer === "plain" ? "chatcmpl-1" : "AbortError")
    await endsOnce(test, 1, settled)
  })

  it("was never there: a signal that is aborted reserves nothing", async () => {
    await using test = opened()
    const before = upstream.calls()
    await expect(
      test.guarded(upstream.url + PATH, call("plain", AbortSignal.abort())),
    ).rejects.toThrow()
    expect(upstream.calls()).toBe(before)
    await endsOnce(test, 0, "free")
  })
})

describe("kept connections", () => {
  it("are used again by calls that ended well, each ended once", async () => {
    await using test = opened()
    const before = upstream.connections()
    for (let at = 0; at < 100; at += 1) await read(test.guarded, "plain")
    expect(upstream.connections() - before).toBeLessThanOrEqual(2)
    await endsOnce(test, 100, "usage")
  })
})

describe("a host that speaks HTTP/2", () => {
  /** One request of a session; its stream is reset once it has said something where asked to. */
  const ask = (session: ClientHttp2Session, answer: string, resets: boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const stream = session.request({
        ":method": "POST",
        ":path": PATH,
        "content-type": "application/json",
        "x-answer": answer,
      })
      let text = ""
      stream.setEncoding("utf8")
      stream.on("data", (part: string) => {
        text += part
        if (resets) stream.close(8)
      })
      stream.on("close", () => resolve(text))
      stream.on("error", reject)
      stream.end(String(call(answer).body))
    })

  it("streams, and ends each call once: whole, and where its stream is reset", async () => {
    await using test = opened()
    const relay = proxyTo(upstream.url)
    const server = await new Promise<Server>((resolve) => {
      const made = serve(
        {
          fetch: (request) => relay({ fetch: test.guarded, signal: request.signal, request }),
          createServer,
          port: 0,
          hostname: "127.0.0.1",
        },
        () => resolve(made as Server),
      )
    })
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const texts = await Promise.all(
      ["plain", "one byte per chunk", "gzip"].map((answer) => ask(session, answer, false)),
    )
    expect(texts[0]).toContain("chatcmpl-1")
    expect(texts[1]).toContain("𝄞")
    expect(texts[2]).toBe(texts[0])
    await endsOnce(test, 3, "usage")
    await ask(session, "hang", true)
    await expect.poll(async () => (await test.spent()).held).toBe(0)
    await endsOnce(test, 4, "whole")
    session.close()
    await new Promise((resolve) => server.close(resolve))
  })
})
