import { describe, expect, it } from "vitest"
import { read } from "./readText.ts"

const AT_MS = Date.UTC(2026, 0, 15, 10)

describe("logs of others", () => {
  it("reads LiteLLM's spend logs, as a list and as CSV", async () => {
    const log = {
      request_id: "r",
      startTime: "2026-01-15T10:00:00Z",
      endTime: "2026-01-15T10:00:02.500Z",
      model: "gpt-5",
      custom_llm_provider: "openai",
      prompt_tokens: 12,
      completion_tokens: 3,
      spend: 1.25e-5,
      api_key: "hash",
      user: "",
      team_id: "t",
    }
    const row = {
      atMs: AT_MS,
      subject: { apiKey: "hash", org: "t" },
      provider: "openai",
      model: "gpt-5",
      usage: { inputTokens: 12, outputTokens: 3 },
      chargeNanoUsd: 12_500,
      durationMs: 2_500,
    }
    const list = await read(JSON.stringify([log, log], null, 2))
    expect(list.reading.format).toBe("litellm")
    expect(list.rows).toEqual([row, row])
    const head = Object.keys(log).join(",")
    const csv = await read(`${head}\n${Object.values(log).join(",")}\n`)
    expect(csv.rows).toEqual([row])
  })

  it("reads Langfuse's observations, generations alone", async () => {
    const one = {
      type: "GENERATION",
      start_time: "2026-01-15 10:00:00.000000",
      end_time: "2026-01-15 10:00:01.000000",
      provided_model_name: "gpt-5",
      usage_details: { input: 10, output: 2, cache_read_input_tokens: 5 },
      cost_details: { total: "0.5" },
      user_id: "u",
    }
    const span = { ...one, type: "SPAN" }
    const { reading, rows } = await read(`${JSON.stringify(one)}\n${JSON.stringify(span)}\n`)
    expect(reading.format).toBe("langfuse")
    expect(rows).toEqual([
      {
        atMs: AT_MS,
        subject: { user: "u" },
        model: "gpt-5",
        usage: { inputTokens: 10, cacheReadTokens: 5, outputTokens: 2 },
        chargeNanoUsd: 500_000_000,
        durationMs: 1_000,
      },
    ])
  })

  it("reads Helicone's requests", async () => {
    const { reading, rows } = await read(
      "request_created_at,model,prompt_tokens,completion_tokens,cost,request_user_id,delay_ms\n2026-01-15T10:00:00+00:00,gpt-5,4,5,0.001,u,70\n",
    )
    expect(reading.format).toBe("helicone")
    expect(rows).toEqual([
      {
        atMs: AT_MS,
        subject: { user: "u" },
        model: "gpt-5",
        usage: { inputTokens: 4, outputTokens: 5 },
        chargeNanoUsd: 1_000_000,
        durationMs: 70,
      },
    ])
  })

  it("spreads a bucket of OpenAI's usage, to the last token", async () => {
    const result = {
      input_tokens: 1_000,
      input_cached_tokens: 800,
      output_tokens: 500,
      num_model_requests: 7,
      api_key_id: "k",
      project_id: null,
      model: "gpt-5",
      batch: false,
    }
    const bucket = { object: "bucket", start_time: AT_MS / 1_000, end_time: AT_MS / 1_000 + 3_600 }
    const page = { object: "page", data: [{ ...bucket, results: [result] }], has_more: false }
    for (const text of [JSON.stringify(page), JSON.stringify(page, null, 2)]) {
      const { reading, rows } = await read(text)
      expect(reading.format).toBe("openai-usage")
      expect(rows).toHaveLength(7)
      expect(rows[0]).toMatchObject({ atMs: AT_MS, subject: { apiKey: "k" }, calls: 1 })
      const sum = (name: "inputTokens" | "cacheReadTokens" | "outputTokens") =>
        rows.reduce((all, { usage }) => all + (usage[name] ?? 0), 0)
      expect([sum("inputTokens"), sum("cacheReadTokens"), sum("outputTokens")]).toEqual([
        200, 800, 500,
      ])
    }
  })

  it("spreads a bucket of Anthropic's usage report", async () => {
    const result = {
      uncached_input_tokens: 100,
      cache_read_input_tokens: 40,
      cache_creation: { ephemeral_5m_input_tokens: 8, ephemeral_1h_input_tokens: 6 },
      output_tokens: 50,
      server_tool_use: { web_search_requests: 2 },
      api_key_id: "k",
      workspace_id: "w",
      model: "claude-sonnet-4-5",
      service_tier: "standard",
    }
    const data = [
      { starting_at: "2026-01-15T10:00:00Z", ending_at: "2026-01-15T10:01:00Z", results: [result] },
    ]
    const { reading, rows } = await read(JSON.stringify({ data, has_more: false }))
    expect(reading.format).toBe("anthropic-usage")
    expect(rows).toEqual([
      {
        atMs: AT_MS,
        subject: { apiKey: "k", org: "w" },
        provider: "anthropic",
        model: "claude-sonnet-4-5",
        usage: {
          inputTokens: 100,
          cacheReadTokens: 40,
          cacheWriteTokens: 8,
          cacheWrite1hTokens: 6,
          outputTokens: 50,
          webSearches: 2,
        },
        calls: 1,
      },
    ])
  })

  it("reads spans of OTLP JSON, those of models alone", async () => {
    const attribute = (key: string, value: string | number) => ({
      key,
      value: typeof value === "string" ? { stringValue: value } : { intValue: String(value) },
    })
    const span = {
      startTimeUnixNano: `${AT_MS}000000`,
      endTimeUnixNano: `${AT_MS + 900}000000`,
      attributes: [
        attribute("gen_ai.provider.name", "openai"),
        attribute("gen_ai.request.model", "gpt-5"),
        attribute("gen_ai.usage.input_tokens", 9),
        attribute("gen_ai.usage.output_tokens", 4),
        attribute("gen_ai.conversation.id", "c"),
      ],
    }
    const request = {
      resourceSpans: [
        {
          resource: { attributes: [attribute("service.name", "shop")] },
          scopeSpans: [{ spans: [span, { ...span, attributes: [] }] }],
        },
      ],
    }
    for (const text of [JSON.stringify(request), JSON.stringify(request, null, 1)]) {
      const { reading, rows } = await read(text)
      expect(reading.format).toBe("otlp")
      expect(rows).toEqual([
        {
          atMs: AT_MS,
          subject: { apiKey: "shop", session: "c" },
          provider: "openai",
          model: "gpt-5",
          usage: { inputTokens: 9, outputTokens: 4 },
          durationMs: 900,
        },
      ])
    }
  })

  it("puts rows in the order of time, and names every bad one", async () => {
    const { reading, rows } = await read(
      [
        '{"time":"2026-01-15T10:00:05Z","apiKey":"k","usd":1}',
        '{"time":"2026-01-15T10:00:00Z","apiKey":"k","usd":"1e-3"}',
        "not json",
        '{"time":"yesterday","apiKey":"k","usd":1}',
        '{"time":"2026-01-15T10:00:09Z","apiKey":"k","usd":-1}',
        '{"time":"2026-01-15T10:00:09Z","apiKey":"k"}',
      ].join("\n"),
    )
    expect(rows.map(({ atMs, chargeNanoUsd }) => [atMs - AT_MS, chargeNanoUsd])).toEqual([
      [0, 1_000_000],
      [5_000, 1_000_000_000],
    ])
    expect(reading.bad.first).toEqual([
      { line: 3, why: "it is not a JSON object; mend the line" },
      { line: 4, why: "`time` is `yesterday`, not an instant; write 2026-01-15T10:00:00Z" },
      { line: 5, why: "`usd` is `-1`, not an amount of dollars; write 0.0125" },
      {
        line: 6,
        why: "neither tokens nor `usd` are there; name their columns: --map COLUMN=inputTokens",
      },
    ])
  })
})
