import { describe, expect, it } from "vitest"
import { read } from "./readText.ts"

const AT_MS = Date.UTC(2026, 0, 15, 10)

const csvOf = (record: Readonly<Record<string, unknown>>): string => {
  const cell = (value: unknown): string => {
    const text =
      value === null ? "" : typeof value === "object" ? JSON.stringify(value) : `${value}`
    return `"${text.replaceAll('"', '""')}"`
  }
  return `${Object.keys(record).join(",")}\n${Object.values(record).map(cell).join(",")}\n`
}

describe("LiteLLM's spend logs", () => {
  // Shape: BerriAI/litellm, tests/logging_callback_tests/test_spend_logs.py (SpendLogsPayload) and schema.prisma.
  const usage = {
    completion_tokens: 40,
    prompt_tokens: 1_000,
    completion_tokens_details: null,
    prompt_tokens_details: { audio_tokens: null, cached_tokens: 700 },
    cache_creation_input_tokens: 100,
    cache_read_input_tokens: 700,
  }
  const log = {
    request_id: "chatcmpl-1",
    call_type: "acompletion",
    api_key: "88dc28d0",
    spend: 3.4e-5,
    total_tokens: 1_040,
    prompt_tokens: 1_000,
    completion_tokens: 40,
    startTime: "2026-01-15 10:00:00+00:00",
    endTime: "2026-01-15 10:00:01.250000+00:00",
    completionStartTime: null,
    model: "anthropic/claude-haiku-4-5",
    model_group: "haiku",
    custom_llm_provider: "anthropic",
    api_base: "",
    user: "",
    end_user: "customer-7",
    team_id: null,
    metadata: JSON.stringify({ applied_guardrails: [], usage_object: usage }),
    cache_hit: "None",
    request_tags: "[]",
    session_id: null,
    status: "success",
  }
  const row = {
    atMs: AT_MS,
    subject: { apiKey: "88dc28d0", user: "customer-7" },
    provider: "anthropic",
    model: "claude-haiku-4-5",
    usage: { inputTokens: 200, cacheReadTokens: 700, cacheWriteTokens: 100, outputTokens: 40 },
    chargeNanoUsd: 34_000,
    durationMs: 1_250,
  }

  it("have cached tokens in their metadata, an object or a text of it", async () => {
    const { metadata, ...rest } = log
    for (const text of [
      JSON.stringify([log]),
      JSON.stringify({ data: [log], total: 1, page: 1, page_size: 50, total_pages: 1 }),
      JSON.stringify({ ...rest, metadata: JSON.parse(metadata) }),
      csvOf(log),
    ]) {
      const { reading, rows } = await read(text)
      expect([reading.format, reading.bad.count]).toEqual(["litellm", 0])
      expect(rows).toEqual([row])
    }
  })

  it("may count prompts without what was cached, as older ones do", async () => {
    // Shape: BerriAI/litellm, the request to return `cache_creation_input_tokens_1hr` in its usage object.
    const cached = { cache_creation_input_tokens: 1_253, cache_read_input_tokens: 0 }
    const metadata = { additional_usage_values: { ...cached, prompt_tokens_details: null } }
    const { rows } = await read(JSON.stringify([{ ...log, prompt_tokens: 31, metadata }]))
    expect(rows[0]?.usage).toEqual({ inputTokens: 31, cacheWriteTokens: 1_253, outputTokens: 40 })
  })

  it("have calls that failed or were answered from its own cache, at no cost", async () => {
    const failed = { ...log, spend: 0, prompt_tokens: 0, completion_tokens: 0, metadata: "{}" }
    const { rows } = await read(JSON.stringify([{ ...failed, status: "failure", model: "" }]))
    expect(rows[0]).toMatchObject({ chargeNanoUsd: 0, usage: { inputTokens: 0, outputTokens: 0 } })
  })
})

describe("Langfuse's observations", () => {
  // Shape: langfuse.com, "Blob Storage Export Field Reference", enriched observations and its notes on CSV.
  const observation = {
    id: "o",
    trace_id: "t",
    project_id: "p",
    environment: "default",
    type: "GENERATION",
    parent_observation_id: "",
    start_time: "2026-01-15 10:00:00.000000",
    end_time: "2026-01-15 10:00:02.000000",
    provided_model_name: "claude-haiku-4-5",
    model_parameters: '{"max_tokens":512,"temperature":0.7}',
    usage_details: {
      input: 100,
      input_cached_tokens: 20,
      input_cache_creation: 5,
      output: 30,
      total: 155,
    },
    cost_details: { input: 0.001, output: 0.002, total: 0.003 },
    total_cost: 0.003,
    latency: 2,
    user_id: "u",
    session_id: "",
  }
  const row = {
    atMs: AT_MS,
    subject: { user: "u", org: "p" },
    model: "claude-haiku-4-5",
    usage: { inputTokens: 100, cacheReadTokens: 20, cacheWriteTokens: 5, outputTokens: 30 },
    maxOutputTokens: 512,
    chargeNanoUsd: 3_000_000,
    durationMs: 2_000,
  }

  it("have their objects as texts in CSV", async () => {
    for (const text of [`${JSON.stringify(observation)}\n`, csvOf(observation)]) {
      const { reading, rows } = await read(text)
      expect(reading.format).toBe("langfuse")
      expect(rows).toEqual([row])
    }
  })

  it("have a cost of nothing where Langfuse knows no price: it is not taken for free", async () => {
    const unpriced = { ...observation, model_id: "", cost_details: {}, total_cost: 0 }
    const { rows } = await read(`${JSON.stringify(unpriced)}\n`)
    const { chargeNanoUsd: _, ...without } = row
    expect(rows).toEqual([without])
    const free = { ...unpriced, cost_details: { total: 0 } }
    expect((await read(JSON.stringify(free))).rows[0]?.chargeNanoUsd).toBe(0)
  })

  it("come from the API in camel case, with null for what is not there, a page on one line", async () => {
    // Shape: js.reference.langfuse.com, interface ObservationsView.
    const view = {
      id: "o",
      type: "GENERATION",
      startTime: "2026-01-15T10:00:00.000Z",
      endTime: null,
      completionStartTime: null,
      model: "gpt-5",
      modelParameters: null,
      usage: { input: 100, output: 30, total: 130, unit: "TOKENS" },
      usageDetails: { input: 100, output: 30, total: 130 },
      costDetails: {},
      calculatedTotalCost: null,
      latency: null,
    }
    const { rows } = await read(JSON.stringify({ data: [view], meta: { page: 1, totalPages: 1 } }))
    const usage = { inputTokens: 100, outputTokens: 30 }
    expect(rows).toEqual([{ atMs: AT_MS, subject: {}, model: "gpt-5", usage }])
  })
})

describe("Helicone's requests", () => {
  // Shape: Helicone/helicone, schema HeliconeRequest and its query of request_response_rmt.
  const request = {
    response_id: "a",
    response_created_at: "2026-01-15 10:00:01.200",
    response_status: 200,
    request_id: "r",
    request_created_at: "2026-01-15 10:00:00.000",
    request_user_id: "u",
    request_properties: { "Helicone-Session-Id": "s", app: "shop" },
    provider: "OPENAI",
    request_model: "gpt-5",
    delay_ms: 1_200,
    time_to_first_token: null,
    total_tokens: 170,
    prompt_tokens: 100,
    completion_tokens: 40,
    reasoning_tokens: 30,
    prompt_cache_read_tokens: 0,
    prompt_cache_write_tokens: null,
    cost: 0.000825,
  }
  const row = {
    atMs: AT_MS,
    subject: { user: "u", session: "s" },
    provider: "OPENAI",
    model: "gpt-5",
    usage: { inputTokens: 100, outputTokens: 70 },
    chargeNanoUsd: 825_000,
    durationMs: 1_200,
  }

  it("count what was reasoned beside what was written", async () => {
    for (const text of [
      `${JSON.stringify(request)}\n`,
      JSON.stringify({ data: [request], error: null }),
      JSON.stringify([request], null, 2),
    ]) {
      const { reading, rows } = await read(text)
      expect(reading.format).toBe("helicone")
      expect(rows).toEqual([row])
    }
  })

  it("have properties in CSV whose quotes its tool doubled twice", async () => {
    // Shape: Helicone/helicone, examples/export/typescript/index.ts, convertToCSVRow.
    const properties = JSON.stringify(request.request_properties).replaceAll('"', '""')
    const { request_properties: _, reasoning_tokens: __, ...rest } = request
    const { rows } = await read(csvOf({ ...rest, request_properties: properties }))
    expect(rows[0]).toMatchObject({ subject: row.subject, usage: { outputTokens: 40 } })
  })

  it("have no counts where they failed: they are calls of nothing, and none is lost", async () => {
    const empty = {
      prompt_tokens: null,
      completion_tokens: null,
      reasoning_tokens: null,
      cost: null,
    }
    const failed = { ...request, ...empty, response_status: 500 }
    const { reading, rows } = await read(
      JSON.stringify([failed, { ...failed, response_status: 200 }]),
    )
    expect(rows.map(({ usage }) => usage)).toEqual([{ inputTokens: 0, outputTokens: 0 }])
    expect(reading.bad.count).toBe(1)
  })
})

describe("usage reports", () => {
  it("of OpenAI have writes to the cache in their input, and nulls for what was not grouped by", async () => {
    // Shape: OpenAI's API reference, organization usage; openai-client-base, UsageCompletionsResult.
    const result = {
      object: "organization.usage.completions.result",
      input_tokens: 1_000,
      input_cached_tokens: 700,
      input_cache_write_tokens: 200,
      input_audio_tokens: 0,
      output_tokens: 50,
      output_audio_tokens: 0,
      num_model_requests: 1,
      project_id: "p",
      user_id: null,
      api_key_id: null,
      model: "gpt-5",
      batch: null,
      service_tier: "default",
    }
    const start = AT_MS / 1_000
    const bucket = {
      object: "bucket",
      start_time: start,
      end_time: start + 86_400,
      results: [result],
    }
    const empty = { ...bucket, start_time: start + 86_400, end_time: start + 172_800, results: [] }
    const page = { object: "page", data: [bucket, empty], has_more: false, next_page: null }
    const { reading, rows } = await read(JSON.stringify(page))
    expect(reading.format).toBe("openai-usage")
    expect(rows).toEqual([
      {
        atMs: AT_MS,
        subject: { org: "p" },
        provider: "openai",
        model: "gpt-5",
        usage: { inputTokens: 100, cacheReadTokens: 700, cacheWriteTokens: 200, outputTokens: 50 },
        calls: 1,
      },
    ])
  })

  it("of OpenAI are spread without a token more or less, whatever was cached", async () => {
    const result = {
      input_tokens: 1_003,
      input_cached_tokens: 704,
      input_cache_write_tokens: 299,
      output_tokens: 5,
      num_model_requests: 59,
    }
    const bucket = { start_time: AT_MS / 1_000, end_time: AT_MS / 1_000 + 3_600, results: [result] }
    const { reading, rows } = await read(JSON.stringify(bucket))
    expect(reading.bad.count).toBe(0)
    expect(rows.reduce((all, { usage }) => all + (usage.inputTokens ?? 0), 0)).toBe(0)
    const more = { ...bucket, results: [{ ...result, input_tokens: 1_000 }] }
    expect((await read(JSON.stringify(more))).reading.bad.first[0]?.why).toMatch(
      /less than what was read from and written to a cache/,
    )
  })

  it("of Anthropic have nulls for what was not grouped by, and no searches where none were made", async () => {
    // Shape: Anthropic's Admin API, "Get Messages Usage Report".
    const result = {
      uncached_input_tokens: 100,
      cache_read_input_tokens: 40,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 6 },
      output_tokens: 50,
      server_tool_use: { web_search_requests: 0 },
      account_id: null,
      api_key_id: null,
      workspace_id: null,
      model: "claude-sonnet-4-5",
      service_tier: null,
      context_window: null,
      inference_geo: null,
    }
    const bucket = { starting_at: "2026-01-15T10:00:00Z", ending_at: "2026-01-15T10:01:00Z" }
    const data = [{ ...bucket, results: [result] }]
    const { reading, rows } = await read(JSON.stringify({ data, has_more: false, next_page: null }))
    expect(reading.format).toBe("anthropic-usage")
    expect(rows).toEqual([
      {
        atMs: AT_MS,
        subject: {},
        provider: "anthropic",
        model: "claude-sonnet-4-5",
        usage: { inputTokens: 100, cacheReadTokens: 40, cacheWrite1hTokens: 6, outputTokens: 50 },
        calls: 1,
      },
    ])
  })
})

describe("spans of OTLP JSON", () => {
  // Shape: open-telemetry/opentelemetry-proto, examples/trace.json; semantic-conventions, gen-ai attributes.
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const count = (key: string, intValue: string | number) => ({ key, value: { intValue } })
  const spanOf = (operation: string, attributes: readonly object[]) => ({
    traceId: "5B8EFFF798038103D269B633813FC60C",
    spanId: "EEE19B7EC3C1B174",
    parentSpanId: "EEE19B7EC3C1B173",
    name: operation,
    kind: 3,
    startTimeUnixNano: `${AT_MS}000000`,
    endTimeUnixNano: AT_MS * 1e6 + 9e8,
    attributes: [
      text("gen_ai.operation.name", operation),
      {
        key: "gen_ai.response.finish_reasons",
        value: { arrayValue: { values: [{ stringValue: "stop" }] } },
      },
      ...attributes,
    ],
  })
  const call = spanOf("chat", [
    text("gen_ai.provider.name", "openai"),
    text("gen_ai.request.model", "gpt-5"),
    count("gen_ai.usage.input_tokens", "900"),
    count("gen_ai.usage.cache_read.input_tokens", 600),
    count("gen_ai.usage.output_tokens", "40"),
  ])
  const agent = spanOf("invoke_agent", [
    text("gen_ai.request.model", "gpt-5"),
    count("gen_ai.usage.input_tokens", "900"),
    count("gen_ai.usage.output_tokens", "40"),
  ])
  const resource = { attributes: [text("service.name", "shop")] }
  const resourceOf = (...spans: readonly object[]) => [
    { resource, scopeSpans: [{ scope: {}, spans }] },
  ]
  const row = {
    atMs: AT_MS,
    subject: { apiKey: "shop" },
    provider: "openai",
    model: "gpt-5",
    usage: { inputTokens: 300, cacheReadTokens: 600, outputTokens: 40 },
    durationMs: 900,
  }

  it("have 64 bits as texts or numbers, and what was cached in their input", async () => {
    for (const log of [{ resourceSpans: resourceOf(call) }, { batches: resourceOf(call) }])
      for (const text of [JSON.stringify(log), JSON.stringify(log, null, 2)]) {
        const { reading, rows } = await read(text)
        expect([reading.format, reading.bad.count]).toEqual(["otlp", 0])
        expect(rows).toEqual([row])
      }
  })

  it("may leave out of the input what was cached, as those of Bedrock's and older ones do", async () => {
    // Shape: traceloop/openllmetry, how its Bedrock and its Anthropic instrumentation count one call.
    const bedrock = spanOf("chat", [
      text("gen_ai.request.model", "gpt-5"),
      count("gen_ai.usage.input_tokens", 12),
      count("gen_ai.usage.cache_read.input_tokens", "1000"),
      count("gen_ai.usage.output_tokens", 40),
    ])
    const { rows } = await read(JSON.stringify({ resourceSpans: resourceOf(bedrock) }))
    expect(rows.map(({ usage }) => usage)).toEqual([
      { inputTokens: 12, cacheReadTokens: 1_000, outputTokens: 40 },
    ])
  })

  it("have agents that sum up the calls below them: they are not counted twice", async () => {
    const both = await read(JSON.stringify({ resourceSpans: resourceOf(agent, call) }))
    expect(both.rows).toEqual([row])
    const alone = await read(JSON.stringify({ resourceSpans: resourceOf(agent) }))
    expect(alone.rows.map(({ usage }) => usage)).toEqual([{ inputTokens: 900, outputTokens: 40 }])
  })
})
