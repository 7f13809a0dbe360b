import {
  AggregationTemporality,
  type DataPoint,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics"
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace"
import { createSpendfuse, definePolicy, type Notifier, type PolicyJson } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import { describe, expect, it } from "vitest"
import { openTelemetry } from "../../src/otel.ts"

type Measured = number | { readonly count: number; readonly sum?: number }

const CANARY = "sk-canary-1234"

const policy: PolicyJson = {
  budgets: [
    {
      id: "key",
      per: ["apiKey"],
      limit: { usdNano: 1_000_000_000 },
      window: "month",
      tiers: [
        { at: "50%", notify: ["slack"] },
        { at: "100%", trip: { coolDown: "15m" }, notify: ["slack"] },
      ],
    },
  ],
  unknownModel: { price: { inputUsd: "1000", outputUsd: "1000" } },
  onStoreUnavailable: "deny",
}

const open = (ids: boolean, slack: Partial<Notifier> = {}) => {
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter })
  const exporter = new InMemorySpanExporter()
  const tracerProvider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  })
  const otel = openTelemetry({
    meterProvider: new MeterProvider({ readers: [reader] }),
    tracerProvider,
    ids,
  })
  const spendfuse = otel.observe(
    createSpendfuse({
      policy: definePolicy(policy),
      store: memoryStore(),
      notifiers: otel.notifiers({
        slack: { name: "slack", deliver: () => Promise.resolve(), ...slack },
      }),
      onEvent: otel.onEvent,
      onNotice: otel.onNotice,
      waitMs: 0,
      rememberRefusals: false,
    }),
  )
  /** Points of a metric, as `attributes → value` (or the sum of a histogram). */
  const points = async (name: string) => {
    metricExporter.reset()
    await reader.forceFlush()
    const metrics = metricExporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    return metrics
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }): readonly DataPoint<Measured>[] => dataPoints)
      .map(({ attributes, value }) => ({
        ...attributes,
        value: typeof value === "number" ? value : { count: value.count, sum: value.sum },
      }))
  }
  const spans = async () => {
    await tracerProvider.forceFlush()
    return exporter.getFinishedSpans().map(({ name, attributes }) => ({ name, attributes }))
  }
  const everything = async () => {
    await reader.forceFlush()
    return JSON.stringify([metricExporter.getMetrics(), await spans()])
  }
  const call = async () => {
    const decision = await spendfuse.reserve({
      subject: { apiKey: CANARY },
      provider: "google",
      model: "m",
      inputTokens: 100,
      maxOutputTokens: 500,
    })
    if (!decision.allowed) throw new Error(spendfuse.explain(decision))
    return decision
  }
  return { spendfuse, spans, points, everything, call }
}

const usage = { inputTokens: 100, cacheReadTokens: 20, outputTokens: 480 }
const OF_CALL = { "gen_ai.request.model": "m", "gen_ai.provider.name": "gcp.gemini" }

describe("openTelemetry", () => {
  it("tells what runs and is held, then what it did cost", async () => {
    const { call, points } = open(false)
    const held = await call()
    expect(await points("spendfuse.running")).toEqual([{ ...OF_CALL, value: 1 }])
    expect(await points("spendfuse.held")).toEqual([{ ...OF_CALL, value: 0.6 }])
    await held.settle({ usage })
    await held.settle({ usage })
    await held.release()
    expect(await points("spendfuse.running")).toEqual([{ ...OF_CALL, value: 0 }])
    expect((await points("spendfuse.held"))[0]?.value).toBeCloseTo(0, 12)
    expect(await points("spendfuse.spend")).toEqual([
      { ...OF_CALL, "spendfuse.assumed": false, value: expect.closeTo(0.6, 9) },
    ])
    expect(await points("gen_ai.client.token.usage")).toEqual([
      { ...OF_CALL, "gen_ai.token.type": "input", value: { count: 1, sum: 120 } },
      { ...OF_CALL, "gen_ai.token.type": "output", value: { count: 1, sum: 480 } },
    ])
  })

  it("adds up parts once, and takes back what was released", async () => {
    const { spendfuse, points } = open(false)
    const decision = await spendfuse.reserve({
      subject: { apiKey: "k" },
      amounts: { usd: 400_000_000 },
    })
    if (!decision.allowed) throw new Error("refused")
    await decision.settle({ amounts: { usd: 100_000_000 }, final: false })
    await decision.settle({ amounts: { usd: 250_000_000 }, final: false })
    await decision.settle({ amounts: { usd: 300_000_000 } })
    const other = await spendfuse.reserve({ subject: { apiKey: "k" }, amounts: { usd: 1 } })
    if (!other.allowed) throw new Error("refused")
    await other.release()
    expect(await points("spendfuse.spend")).toEqual([
      { "spendfuse.assumed": false, value: expect.closeTo(0.3, 12) },
    ])
    expect((await points("spendfuse.running"))[0]?.value).toBe(0)
  })

  it("tells refusals by reason and budget, failures by their error, circuits and events", async () => {
    const { spendfuse, call, points } = open(false)
    await (await call()).settle({ amounts: { usd: 1_000_000_000 } })
    const refused = await spendfuse.reserve({ subject: { apiKey: CANARY }, amounts: { usd: 1 } })
    expect(refused.allowed).toBe(false)
    await expect(spendfuse.reserve({ subject: {}, amounts: { usd: 1 } })).rejects.toMatchObject({
      error: "missing-dimension",
    })
    await spendfuse.flush()
    expect(await points("spendfuse.decisions")).toEqual([
      expect.objectContaining({ "spendfuse.outcome": "admitted", value: 1 }),
      {
        "spendfuse.outcome": "refused",
        "spendfuse.reason": "open",
        "spendfuse.budget": "key",
        "spendfuse.without_store": false,
        value: 1,
      },
      { "spendfuse.outcome": "failed", "error.type": "missing-dimension", value: 1 },
    ])
    expect(await points("spendfuse.circuits")).toEqual([
      { "spendfuse.budget": "key", "spendfuse.circuit.state": "open", value: 1 },
    ])
    const events = await points("spendfuse.events")
    expect(events).toContainEqual(
      expect.objectContaining({ "spendfuse.event": "tier", "spendfuse.tier": "50%" }),
    )
    expect(await points("spendfuse.notifier.lag")).toEqual([
      expect.objectContaining({ "spendfuse.channel": "slack" }),
    ])
  })

  it("counts what a notifier refuses", async () => {
    const failing = () => Promise.reject(Object.assign(new Error("no"), { retryable: false }))
    const { spendfuse, call, points } = open(false, { deliver: failing })
    await (await call()).settle({ amounts: { usd: 600_000_000 } })
    await spendfuse.flush()
    expect(await points("spendfuse.notifier.deliveries")).toEqual([
      expect.objectContaining({ "spendfuse.outcome": "final", value: 1 }),
    ])
  })

  it("measures guarded calls, their errors too", async () => {
    const { spendfuse, points } = open(false)
    const request = { subject: { apiKey: "k" }, amounts: { usd: 1_000 } }
    const fine = await spendfuse.guard(request, () =>
      Promise.resolve({ value: 7, amounts: { usd: 900 } }),
    )
    expect(fine).toMatchObject({ allowed: true, value: 7 })
    await expect(spendfuse.guard(request, () => Promise.reject(new Error("cut")))).rejects.toThrow(
      "cut",
    )
    expect(await points("spendfuse.spend")).toEqual([
      { "spendfuse.assumed": false, value: expect.closeTo(9e-7, 15) },
      { "spendfuse.assumed": true, value: expect.closeTo(1e-6, 15) },
    ])
    expect((await points("spendfuse.running"))[0]?.value).toBe(0)
  })

  it("has a span for each decision and each settle, by the names of the conventions", async () => {
    const { call, spans } = open(false)
    await (await call()).settle({ usage, model: "m-2026" })
    const [reserve, settle] = await spans()
    expect(reserve).toMatchObject({
      name: "spendfuse.reserve",
      attributes: {
        ...OF_CALL,
        "gen_ai.request.max_tokens": 500,
        "spendfuse.outcome": "admitted",
        "spendfuse.held_usd": 0.6,
      },
    })
    expect(settle).toMatchObject({
      name: "spendfuse.settle",
      attributes: {
        ...OF_CALL,
        "gen_ai.response.model": "m-2026",
        "gen_ai.usage.input_tokens": 120,
        "gen_ai.usage.output_tokens": 480,
        "spendfuse.final": true,
      },
    })
  })

  it("has subjects and reservations on spans only where it was asked to, and never on metrics", async () => {
    const quiet = open(false)
    await (await quiet.call()).settle({ usage })
    expect(await quiet.spans()).toHaveLength(2)
    expect(await quiet.everything()).not.toContain(CANARY)
    const asked = open(true)
    await (await asked.call()).settle({ usage })
    const [reserve] = await asked.spans()
    expect(reserve?.attributes).toMatchObject({ "spendfuse.subject.apiKey": CANARY })
    expect(JSON.stringify(await asked.points("spendfuse.decisions"))).not.toContain(CANARY)
  })

  it("keeps working where no SDK is set up", async () => {
    const otel = openTelemetry()
    const spendfuse = otel.observe(
      createSpendfuse({
        policy: definePolicy(policy),
        store: memoryStore(),
        notifiers: { slack: { name: "slack", deliver: () => Promise.resolve() } },
        onNotice: otel.onNotice,
      }),
    )
    const decision = await spendfuse.reserve({ subject: { apiKey: "k" }, amounts: { usd: 5 } })
    if (!decision.allowed) throw new Error("refused")
    expect(await decision.settle({ amounts: { usd: 4 } })).toMatchObject({ amounts: { usd: 4 } })
    await spendfuse.close()
  })
})
