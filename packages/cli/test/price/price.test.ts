import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { libraryPrices } from "@spendfuse/core/prices"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { LINE_MAX, type PriceAnswer, priceLine } from "../../src/price/priceLine.ts"
import { splitLines } from "../../src/splitLines.ts"
import { run } from "../fakeIo.ts"

const prices = libraryPrices()
const at = "2026-11-01T12:00:00Z"
const gpt5 = { provider: "openai", model: "gpt-5", at }
const price = (call: object): PriceAnswer => priceLine(JSON.stringify(call), prices)

const answers = async (input: string, ...options: readonly string[]) => {
  const { code, out } = await run(["price", ...options], { "-": input })
  return {
    code,
    lines: out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line)),
  }
}

describe("spendfuse price", () => {
  it("answers each line, in order, an empty one too", async () => {
    const lines = [
      JSON.stringify({ ...gpt5, usage: { inputTokens: 1 } }),
      "",
      "{not json",
      "null",
      JSON.stringify({ ...gpt5, usage: { outputTokens: 2 } }),
    ]
    const { code, lines: told } = await answers(`${lines.join("\n")}\n`)
    expect(code).toBe(0)
    expect(told.map(({ nanoUsd, error }) => nanoUsd ?? error)).toEqual([
      "1250",
      "the line is empty",
      "the line is not a JSON object",
      "the line is not a JSON object",
      "20000",
    ])
  })

  it("writes { nanoUsd, lines, source }, amounts as decimal strings", async () => {
    const usage = { inputTokens: 2, outputTokens: 1 }
    const { lines } = await answers(JSON.stringify({ ...gpt5, usage }), "--json")
    expect(lines).toEqual([
      {
        nanoUsd: "12500",
        lines: [
          { component: "inputTokens", count: 2, nanoUsdPerMillion: "1250000000" },
          { component: "outputTokens", count: 1, nanoUsdPerMillion: "10000000000" },
        ],
        source: {
          kind: "library",
          name: expect.stringMatching(/^@pydantic\/genai-prices \d/),
          asOf: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
        },
      },
    ])
  })

  it("exits 1 with --strict where a line has an error, 2 where a file cannot be read", async () => {
    expect((await answers("{}", "--strict")).code).toBe(1)
    expect((await answers("{}")).code).toBe(0)
    const { code, err, out } = await run(["price", "none.ndjson"])
    expect({ code, out }).toEqual({ code: 2, out: "" })
    expect(err).toContain("none.ndjson: cannot be read: there is no such file")
  })

  it("reads a file by its name, with CRLF and a byte-order mark", async () => {
    const line = JSON.stringify({ ...gpt5, usage: { inputTokens: 1 } })
    const { out } = await run(["price", "a"], { a: `\uFEFF${line}\r\n${line}` })
    expect(out.match(/"nanoUsd":"1250"/g)).toHaveLength(2)
  })
})

describe("what a line may hold", () => {
  const usage = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 }
  const chunks = [{ choices: [{ delta: {} }] }, { choices: [], usage }]
  const sse = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("")

  it.each([
    ["an object", { choices: [], usage }],
    ["its text", JSON.stringify({ choices: [], usage })],
    ["a stream's text", sse],
    ["a stream's events", chunks],
  ])("a body as %s", (_, body) => {
    expect(price({ ...gpt5, body })).toMatchObject({ nanoUsd: "32500" })
  })

  it.each([
    [
      "anthropic",
      "claude-haiku-4-5",
      { type: "message", usage: { input_tokens: 3, output_tokens: 1 } },
      "8000",
    ],
    [
      "anthropic",
      "claude-haiku-4-5",
      [
        { type: "message_start", message: { usage: { input_tokens: 3, output_tokens: 1 } } },
        { type: "message_delta", usage: { output_tokens: 1 } },
      ],
      "8000",
    ],
    [
      "anthropic",
      "claude-haiku-4-5",
      { choices: [], usage: { prompt_tokens: 3, completion_tokens: 1 } },
      "8000",
    ],
    [
      "openai",
      "gpt-5",
      { type: "response.completed", response: { usage: { input_tokens: 3, output_tokens: 1 } } },
      "13750",
    ],
    [
      "google",
      "gemini-2.5-flash",
      { usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1 } },
      "3400",
    ],
    [
      "google",
      "gemini-2.5-flash",
      `[{"candidates":[{}],"usageMetadata":{"promptTokenCount":3}},\n{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1}}]`,
      "3400",
    ],
  ] as const)("%s's %s body", (provider, model, body, nanoUsd) => {
    expect(price({ provider, model, at, body })).toMatchObject({ nanoUsd })
  })

  it("takes model and tier from the answer, where it says them", () => {
    const body = { model: "gpt-5-2025-08-07", service_tier: "default", usage }
    expect(price({ at, provider: "openai", serviceTier: "flex", body })).toMatchObject({
      nanoUsd: "32500",
    })
    const silent = { model: "gpt-5", usage }
    expect(price({ at, provider: "openai", serviceTier: "flex", body: silent })).toMatchObject({
      nanoUsd: "16250",
    })
  })

  it("takes the provider's own charge first, and says so", () => {
    const body = { usage: { ...usage, cost: 0.0001 } }
    expect(price({ provider: "openrouter", model: "any/thing", at, body })).toEqual({
      nanoUsd: "100000",
      lines: [],
      source: { kind: "provider", name: "openrouter", asOf: null },
    })
  })

  it.each([
    [{ ...gpt5, at: undefined, usage: {} }, "at: is missing"],
    [{ ...gpt5, at: "soon", usage: {} }, 'at: `"soon"` is not an instant'],
    [{ ...gpt5, at: "2026-01-01T10:00:00", usage: {} }, "is not an instant"],
    [{ ...gpt5, at: 1_760_000_000, usage: {} }, "is not an instant"],
    [{ ...gpt5, at: 1e300, usage: {} }, "is not an instant"],
    [{ ...gpt5, provider: 7, usage: {} }, 'provider: `7` is not a text; write e.g. "openai"'],
    [{ ...gpt5, model: ["x"], usage: {} }, "model: this list is not a text"],
    [{ provider: "openai", at, usage: {} }, "model: is missing"],
    [gpt5, "usage: is missing"],
    [{ ...gpt5, usage: [] }, "usage: is missing"],
    [{ ...gpt5, usage: { prompt_tokens: 1 } }, "usage.prompt_tokens: is not a component"],
    [{ ...gpt5, usage: { inputTokens: -1 } }, "usage.inputTokens: `-1` is not an integer"],
    [{ ...gpt5, usage: { inputTokens: 0.5 } }, "usage.inputTokens: `0.5` is not an integer"],
    [{ ...gpt5, usage: { inputTokens: "5" } }, "usage.inputTokens:"],
    [{ ...gpt5, usage: { outputTokens: 1e300 } }, "usage.outputTokens:"],
    [{ ...gpt5, usage: { outputTokens: 9e15 } }, "invalid-usage: "],
    [{ ...gpt5, usage: { videoInputTokens: 1 } }, "unknown-rate: "],
    [{ ...gpt5, model: "gpt-99", usage: { inputTokens: 1 } }, "unknown-model: "],
    [{ ...gpt5, serviceTier: "gold", usage: { inputTokens: 1 } }, "unknown-rate: "],
    [{ ...gpt5, body: {} }, "body: it has no final usage"],
    [{ ...gpt5, body: 5 }, "body: it has no final usage"],
    [{ ...gpt5, body: "garbage" }, "body: it has no final usage"],
    [
      { ...gpt5, body: { usage: { prompt_tokens: -1 } } },
      "body: `usage.prompt_tokens` is not a count",
    ],
    [{ ...gpt5, body: { usage: { cost: "much" } } }, "body: `usage.cost` is not a charge in USD"],
  ])("%j is an error that names the field", (call, error) => {
    expect(price(call)).toEqual({ error: expect.stringContaining(error) })
  })

  it("may be nested as deep as JSON can be, and have a field named __proto__", () => {
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`
    for (const field of ["provider", "model", "at", "usage", "body"])
      expect(priceLine(`{"at":"${at}","${field}":${deep}}`, prices)).toHaveProperty("error")
    const proto = `{"provider":"openai","model":"gpt-5","at":"${at}","usage":{"__proto__":5}}`
    expect(priceLine(proto, prices)).toEqual({ error: expect.stringContaining("usage.__proto__") })
  })

  it("has one answer whatever it is: a price that is an amount, or an error", () => {
    const calls = fc
      .record(
        {
          provider: fc.oneof(fc.constantFrom("openai", "anthropic", "google"), fc.anything()),
          model: fc.oneof(fc.constantFrom("gpt-5", "claude-haiku-4-5"), fc.anything()),
          at: fc.oneof(fc.constant(at), fc.anything()),
          usage: fc.oneof(
            fc.dictionary(fc.constantFrom("inputTokens", "images"), fc.anything()),
            fc.anything(),
          ),
          body: fc.anything(),
          serviceTier: fc.anything(),
        },
        { requiredKeys: [] },
      )
      .map((call) => {
        try {
          return JSON.stringify(call)
        } catch {
          return "{}"
        }
      })
    fc.assert(
      fc.property(fc.oneof(calls, fc.json(), fc.string()), (line) => {
        const answer = priceLine(line, prices)
        if ("error" in answer) expect(answer.error).not.toContain("\n")
        else expect(answer.nanoUsd).toMatch(/^\d+$/)
      }),
      {
        numRuns: Number(process.env.LAW_RUNS ?? 500),
        seed: Number(process.env.LAW_SEED ?? 20261125),
      },
    )
  })
})

describe("long input", () => {
  it("is cut into lines, however it comes", async () => {
    const bytes = new TextEncoder().encode("ä\r\n\nb☕\n\nlast")
    for (let size = 1; size <= bytes.length; size += 1) {
      const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.slice(at * size, (at + 1) * size),
      )
      const lines: string[] = []
      for await (const line of splitLines(parts)) lines.push(line)
      expect(lines).toEqual(["ä", "", "b☕", "", "last"])
    }
  })

  it("keeps the beginning of a line that is too long, and goes on", async () => {
    const part = "x".repeat(8 * 1_048_576)
    const parts = function* () {
      for (let at = 0; at < 10; at += 1) yield part
      yield "\nnext"
    }
    const lines: string[] = []
    for await (const line of splitLines(parts())) lines.push(line)
    expect(lines.map(({ length }) => length)).toEqual([LINE_MAX + 1, 4])
    expect(priceLine(lines[0] ?? "", prices)).toEqual({ error: "the line is longer than 64 MiB" })
  })

  it("is answered line by line, as it comes", async () => {
    let asked = 0
    let told = 0
    const out = (): void => {
      told += 1
    }
    const lines = async function* () {
      for (; asked < 100; asked += 1) {
        expect(told).toBe(asked)
        yield JSON.stringify({ ...gpt5, usage: { inputTokens: 1 } })
      }
    }
    await run(["price"], {}, { lines, out })
    expect(told).toBe(100)
  })

  it("of 60 MB goes through a heap that could not hold it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "price-"))
    const file = join(folder, "calls.ndjson")
    const body = { usage: { prompt_tokens: 10, completion_tokens: 1 }, text: "x".repeat(300_000) }
    writeFileSync(file, `${JSON.stringify({ ...gpt5, body })}\n`.repeat(200))
    try {
      // The program by itself takes 42 MB.
      const lines = await spawned(80, ["price", file])
      expect(lines).toEqual({ code: 0, count: 200 })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

/** The command line in a process of its own: how many lines it wrote. */
const spawned = (heapMb: number, argv: readonly string[]) =>
  new Promise<{ code: number | null; count: number }>((resolve, reject) => {
    const bin = join(import.meta.dirname, "../../bin/spendfuse.js")
    const child = spawn(process.execPath, [bin, ...argv], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, NODE_OPTIONS: `--max-old-space-size=${heapMb}` },
    })
    let count = 0
    child.stdout.on("data", (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 10) count += 1
    })
    child.on("error", reject)
    child.on("close", (code) => resolve({ code, count }))
  })
