import { describe, expect, it } from "vitest"
import { Routes } from "../../src/fetch/route.ts"
import { CHAT_URL, chat, chatAnswer, opened, upstreamOf } from "../fetch/harness.ts"

const OPENAI = "https://api.openai.com/v1/"
const kindOf = (path: string, method = "POST"): string =>
  new Routes(undefined).of(method, new URL(path, OPENAI).href).kind

describe("a path in another spelling", () => {
  it.each([
    "chat/completions/",
    "chat//completions",
    "CHAT/Completions",
    "chat%2Fcompletions",
    "chat/completion%73",
    "chat/./completions",
    "x/../chat/completions?a=/files#/files",
    "files/chat/completions",
  ])("is guarded: %s", (path) => expect(kindOf(path)).toBe("guarded"))

  it.each([
    "files/..%2Fimages/generations",
    "files/x/images/generations",
    "uploads/images%2Fgenerations",
    "chat/completions/x/",
    "files:x",
  ])("is not free: %s", (path) => expect(kindOf(path)).toBe("other"))

  it.each([
    "files",
    "uploads",
    "uploads/u_1/parts",
    "uploads/u_1/complete",
    "files/f-1.a",
    "vector_stores/v/files",
  ])("is free: %s", (path) => expect(kindOf(path)).toBe("free"))

  it.each(["PUT", "PATCH", "QUERY"])("is not free where the method is odd: %s", (method) => {
    expect(kindOf("chat/completions", method)).toBe("other")
  })
})

describe("a request that changes, or is none", () => {
  it("is sent as it was judged, though the caller writes to its buffer again", async () => {
    const upstream = upstreamOf(() => Response.json(chatAnswer))
    await using test = opened({ fetch: { fetch: upstream } })
    const { body } = chat()
    for (const view of [
      (bytes: Uint8Array<ArrayBuffer>) => bytes,
      (bytes: Uint8Array<ArrayBuffer>) => bytes.buffer,
    ]) {
      const bytes = new TextEncoder().encode(String(body))
      const answer = test.guarded(CHAT_URL, { ...chat(), body: view(bytes) })
      bytes.fill(32)
      await (await answer).text()
      expect(upstream.seen.at(-1)?.text).toBe(body)
    }
  })

  it("costs nothing where fetch itself does not take it", async () => {
    await using test = opened()
    const url = "http://127.0.0.1:9/v1/chat/completions"
    const odd = { ...chat(), headers: { "x-name": "☕" } }
    await expect(test.guarded(url, odd)).rejects.toThrow(TypeError)
    expect(await test.spent()).toEqual({ settled: 0, held: 0 })
    expect([...test.counts().ends.values()]).toEqual([1])
  })

  it("is judged in time that grows with its length", async () => {
    const upstream = upstreamOf(() => Response.json(chatAnswer))
    await using test = opened({ usd: "100", fetch: { fetch: upstream } })
    // Quadratic, a sixth of them took three seconds, and these two minutes.
    const options = Object.fromEntries(Array.from({ length: 360_000 }, (_, at) => [`a${at}`, 1]))
    expect((await test.guarded(CHAT_URL, chat({ stream_options: options }))).status).toBe(200)
  }, 60_000)

  it("is not said back at any length", async () => {
    await using test = opened()
    const name = "s".repeat(100_000)
    const body = `{"${name}":1,"${name}":2}`
    const response = await test.guarded(CHAT_URL, { method: "POST", body })
    expect((await response.text()).length).toBeLessThan(1_000)
  })

  it("may be nested as deep as a body can be", async () => {
    const upstream = upstreamOf(() => Response.json(chatAnswer))
    await using test = opened({ usd: "100", fetch: { fetch: upstream } })
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`
    const body = `{"model":"gpt-5","max_completion_tokens":5,"messages":${deep}}`
    expect((await test.guarded(CHAT_URL, { method: "POST", body })).status).toBe(200)
  })
})
