import { metrics } from "@opentelemetry/api"
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics"
import { consoleNotifier } from "@spendfuse/adapters/console"
import { openTelemetry } from "@spendfuse/adapters/otel"
import { createSpendfuse, seedPolicy } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"

// #region use
// As your SDK sets it up; an OTLP exporter in the place of this one.
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const reader = new PeriodicExportingMetricReader({ exporter })
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))

const otel = openTelemetry()
const spendfuse = otel.observe(
  createSpendfuse({
    policy: seedPolicy({ hourlyUsd: 1, dailyUsd: 5 }),
    store: memoryStore(),
    notifiers: otel.notifiers({
      slack: consoleNotifier(),
      pagerDuty: consoleNotifier(),
      oncall: consoleNotifier(),
    }),
    onEvent: otel.onEvent,
  }),
)
// #endregion use

// #region call
const decision = await spendfuse.reserve({
  subject: { apiKey: "key-1" },
  amounts: { usd: 30_000_000 },
})
if (decision.allowed) await decision.settle({ amounts: { usd: 20_000_000 } })

await reader.forceFlush()
for (const { scopeMetrics } of exporter.getMetrics())
  for (const metric of scopeMetrics.flatMap((scope) => scope.metrics))
    if (metric.descriptor.name === "spendfuse.spend")
      console.log(`${metric.dataPoints[0]?.value} ${metric.descriptor.unit}`)
// => 0.02 USD
// #endregion call

await spendfuse.close()
