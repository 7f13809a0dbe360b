import { describe, expect, it } from "vitest"
import { isFreeError } from "../../src/aiSdk/freeError.ts"
import { listedAs } from "../../src/aiSdk/naming.ts"
import { writtenOf } from "../../src/aiSdk/promptBound.ts"

const user = (...content: readonly object[]) => [{ role: "user", content }]
const seenOf = (...content: readonly object[]) => writtenOf({ prompt: user(...content) }, "gpt-5")

describe("what is written", () => {
  it("is at least the bytes of all texts, tools, schemas and options", () => {
    const long = "☕".repeat(1_000)
    const text = { type: "text", text: long }
    expect(seenOf(text).bytes).toBeGreaterThan(3_000)
    expect(writtenOf({ prompt: [{ role: "system", content: long }] }, "m").bytes).toBeGreaterThan(
      3_000,
    )
    const tools = [{ type: "function", name: "f", inputSchema: { description: long } }]
    expect(writtenOf({ prompt: [], tools }, "m").bytes).toBeGreaterThan(3_000)
    const responseFormat = { type: "json", schema: { description: long } }
    expect(writtenOf({ prompt: [], responseFormat }, "m").bytes).toBeGreaterThan(3_000)
    const result = { type: "tool-result", output: { type: "text", value: long } }
    expect(seenOf(result).bytes).toBeGreaterThan(3_000)
  })

  it("is a picture by its kind and not by its bytes, in each form of both specifications", () => {
    const data = new Uint8Array(50_000)
    const base64 = "A".repeat(50_000)
    const pictures = [
      { type: "file", mediaType: "image/png", data },
      { type: "file", mediaType: "image/*", data: new URL("https://example.com/a.png") },
      { type: "file", mediaType: "image/png", data: { type: "data", data: base64 } },
      { type: "image-data", mediaType: "image/png", data: base64 },
      { type: "image-url", url: "https://example.com/a.png" },
    ]
    for (const picture of pictures)
      for (const part of [
        picture,
        { type: "tool-result", output: { type: "content", value: [picture] } },
      ]) {
        const { bytes, seen } = seenOf(part)
        expect(seen.images).toBe(1)
        expect(bytes).toBeLessThan(1_000)
      }
  })

  it("counts the bytes of text and sound, and takes a document, a film and a name for anything", () => {
    const data = new Uint8Array(50_000)
    const sound = seenOf({ type: "file", mediaType: "audio/wav", data })
    expect([sound.seen.audio, sound.seen.isStored, sound.bytes > 50_000]).toEqual([
      true,
      false,
      true,
    ])
    const text = {
      type: "file",
      mediaType: "text/plain",
      data: { type: "text", text: "x".repeat(900) },
    }
    expect(seenOf(text).bytes).toBeGreaterThan(900)
    const others = [
      { type: "file", mediaType: "application/pdf", data },
      { type: "file", mediaType: "video/mp4", data },
      { type: "file", mediaType: "text/plain", data: new URL("https://example.com/a.txt") },
      { type: "file-id", fileId: "f-1" },
    ]
    for (const other of others) expect(seenOf(other).seen.isStored).toBe(true)
  })

  it("names what only a provider's options name, and tools that a provider runs", () => {
    const of = (openai: object) => writtenOf({ prompt: [], providerOptions: { openai } }, "m").seen
    expect(of({ previousResponseId: "r-1" }).isStored).toBe(true)
    expect(of({ modalities: ["text", "audio"] }).audio).toBe(true)
    const tool = (id: string, args = {}) =>
      writtenOf({ prompt: [], tools: [{ type: "provider", id, name: "t", args }] }, "m").seen
    expect(tool("openai.web_search").openSearches).toBe(1)
    expect(tool("anthropic.web_search_20250305", { maxUses: 3 }).searches).toBe(3)
    expect(tool("openai.code_interpreter").openRounds).toBe(1)
    expect(writtenOf({ prompt: [] }, "gpt-4o-search-preview").seen.openSearches).toBe(1)
  })
})

describe("names", () => {
  it("are those of the price list", () => {
    const listed = (provider: string, modelId: string) =>
      listedAs({}, { specificationVersion: "v4", provider, modelId })
    expect(listed("openai.responses", "gpt-5")).toEqual({ provider: "openai", model: "gpt-5" })
    expect(listed("gateway", "xai/grok-4")).toEqual({ provider: "x-ai", model: "grok-4" })
    expect(listed("google.vertex.chat", "gemini-3").provider).toBe("google")
    expect(listed("constructor", "m").provider).toBe("constructor")
  })
})

describe("an error is free", () => {
  it("by its status, by a connection that was never made, or before it was sent", () => {
    const refused = { code: "ECONNREFUSED" }
    for (const error of [
      { statusCode: 400 },
      { statusCode: 429 },
      { statusCode: 503 },
      { name: "AI_LoadAPIKeyError" },
      { name: "AI_APICallError", cause: { cause: refused } },
    ])
      expect(isFreeError(error)).toBe(true)
    for (const error of [
      { statusCode: 500 },
      { statusCode: 200 },
      { name: "AbortError" },
      new Error("socket hang up"),
      "text",
      null,
    ])
      expect(isFreeError(error)).toBe(false)
  })
})
