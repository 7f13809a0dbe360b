import type { CostCase } from "./costCase.ts"

/*
 * Nano-USD per token, from Anthropic's price page as the price list of 2026-09-23 has it, as input, cache write of
 * 5 minutes, of an hour, cache read, output: haiku-4-5 1000, 1250, 2000, 100, 5000; sonnet-4-5 3000, 3750, 6000,
 * 300, 15000, and beyond 200,000 tokens 6000, 7500, 12000, 600, 22500; opus-4-1 15000, 18750, 30000, 1500, 75000;
 * opus-5 5000, 6250, 10000, 500, 25000; haiku-3 250, 300, 500, 30, 1250. A web search is 10,000,000. Batch: half.
 * Fast mode of opus-5: twice. US only: 1.1 ("Fast mode", "Data residency", read 2026-11).
 */
const message = (usage: object, more: object = {}): object => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  content: [{ type: "text", text: "hi" }],
  stop_reason: "end_turn",
  usage,
  ...more,
})
const start = (usage: object, model: string): object => ({
  type: "message_start",
  message: { id: "msg_1", type: "message", model, content: [], usage },
})
const delta = (usage: object): object => ({
  type: "message_delta",
  delta: { stop_reason: "end_turn" },
  usage,
})

const at = { shape: "anthropic-messages", provider: "anthropic" } as const

export const anthropicCases: readonly CostCase[] = [
  {
    ...at,
    name: "message, plain",
    model: "claude-haiku-4-5-20251001",
    body: message({ input_tokens: 2095, output_tokens: 503 }),
    sum: "2095 × 1000 + 503 × 5000",
    nano: 4_610_000,
  },
  {
    ...at,
    name: "message, cache write and read beside the input, not in it",
    model: "claude-sonnet-4-5",
    body: message({
      input_tokens: 50,
      cache_creation_input_tokens: 1000,
      cache_read_input_tokens: 2000,
      output_tokens: 100,
    }),
    sum: "50 × 3000 + 1000 × 3750 + 2000 × 300 + 100 × 15000",
    nano: 6_000_000,
  },
  {
    ...at,
    name: "message, cache writes of 5 minutes and of an hour, and two searches",
    model: "claude-sonnet-4-5",
    body: message({
      input_tokens: 100,
      cache_creation_input_tokens: 3000,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 1000, ephemeral_1h_input_tokens: 2000 },
      output_tokens: 10,
      server_tool_use: { web_search_requests: 2, web_fetch_requests: 5 },
      service_tier: "standard",
    }),
    sum: "100 × 3000 + 1000 × 3750 + 2000 × 6000 + 10 × 15000 + 2 × 10000000",
    nano: 36_200_000,
  },
  {
    ...at,
    name: "message, long context reprices the whole prompt, cached tokens included",
    model: "claude-sonnet-4-5",
    body: message({
      input_tokens: 100_000,
      cache_read_input_tokens: 100_001,
      cache_creation_input_tokens: 0,
      output_tokens: 10,
    }),
    sum: "100000 × 6000 + 100001 × 600 + 10 × 22500",
    nano: 660_225_600,
  },
  {
    ...at,
    name: "message, exactly 200,000 tokens is not long",
    model: "claude-sonnet-4-5",
    body: message({ input_tokens: 200_000, output_tokens: 10 }),
    sum: "200000 × 3000 + 10 × 15000",
    nano: 600_150_000,
  },
  {
    ...at,
    name: "message, batch",
    model: "claude-opus-4-1",
    body: message({ input_tokens: 11, output_tokens: 3, service_tier: "batch" }),
    sum: "11 × 15000 + 3 × 75000 / 2",
    nano: 195_000,
  },
  {
    ...at,
    name: "message, priority is counted at standard rates",
    model: "claude-haiku-4-5",
    body: message({ input_tokens: 11, output_tokens: 3, service_tier: "priority" }),
    sum: "11 × 1000 + 3 × 5000",
    nano: 26_000,
  },
  {
    ...at,
    name: "message, fast",
    model: "claude-opus-5",
    body: message({ input_tokens: 11, output_tokens: 3, service_tier: "standard", speed: "fast" }),
    sum: "11 × 10000 + 3 × 50000",
    nano: 260_000,
  },
  {
    ...at,
    name: "message, fast and only in the US",
    model: "claude-opus-5",
    body: message({ input_tokens: 11, output_tokens: 3, speed: "fast", inference_geo: "us" }),
    sum: "11 × 11000 + 3 × 55000",
    nano: 286_000,
  },
  {
    ...at,
    name: "message, only in the US, rounded up once",
    model: "claude-3-haiku-20240307",
    body: message({ input_tokens: 1, output_tokens: 0, inference_geo: "us" }),
    sum: "1 × 275",
    nano: 275,
  },
  {
    ...at,
    name: "message, compaction: the iterations are what is billed",
    model: "claude-opus-5",
    body: message({
      input_tokens: 23_000,
      output_tokens: 1000,
      iterations: [
        { type: "compaction", input_tokens: 180_000, output_tokens: 3500 },
        { type: "message", input_tokens: 23_000, output_tokens: 1000 },
      ],
    }),
    sum: "203000 × 5000 + 4500 × 25000",
    nano: 1_127_500_000,
  },
  {
    ...at,
    name: "stream, output is cumulative",
    model: "claude-haiku-4-5",
    body: [
      start({ input_tokens: 25, output_tokens: 1 }, "claude-haiku-4-5"),
      { type: "ping" },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hi" } },
      delta({ output_tokens: 15 }),
      { type: "message_stop" },
    ],
    sum: "25 × 1000 + 15 × 5000",
    nano: 100_000,
  },
  {
    ...at,
    name: "stream, cache writes told twice are counted once",
    model: "claude-sonnet-4-5",
    body: [
      start(
        {
          input_tokens: 10,
          cache_creation_input_tokens: 4000,
          cache_read_input_tokens: 500,
          output_tokens: 1,
        },
        "claude-sonnet-4-5",
      ),
      delta({
        input_tokens: 10,
        cache_creation_input_tokens: 4000,
        cache_read_input_tokens: 500,
        output_tokens: 20,
      }),
    ],
    sum: "10 × 3000 + 4000 × 3750 + 500 × 300 + 20 × 15000",
    nano: 15_480_000,
  },
  {
    ...at,
    name: "stream, a server tool raises the input at the end; nulls change nothing",
    model: "claude-opus-5",
    body: [
      start({ input_tokens: 300, cache_read_input_tokens: 100, output_tokens: 1 }, "claude-opus-5"),
      delta({ input_tokens: null, output_tokens: 5 }),
      delta({
        input_tokens: 9300,
        cache_read_input_tokens: 100,
        output_tokens: 50,
        server_tool_use: { web_search_requests: 1 },
      }),
    ],
    sum: "9300 × 5000 + 100 × 500 + 50 × 25000 + 1 × 10000000",
    nano: 57_800_000,
  },
]
