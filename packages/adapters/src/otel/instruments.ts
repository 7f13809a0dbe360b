import type { Counter, Histogram, Meter, UpDownCounter } from "@opentelemetry/api"

/** What is measured. Money is in USD, time in seconds, as OpenTelemetry wants its units. */
export interface Instruments {
  readonly decisions: Counter
  readonly decisionDuration: Histogram
  readonly spend: Counter
  readonly tokenUsage: Histogram
  readonly held: UpDownCounter
  readonly running: UpDownCounter
  readonly events: Counter
  readonly notices: Counter
  readonly deliveries: Counter
  readonly notifierLag: Histogram
}

/** Makes them once per meter. */
export const instrumentsOf = (meter: Meter): Instruments => ({
  decisions: meter.createCounter("spendfuse.decisions", {
    unit: "{decision}",
    description: "Requests decided, by outcome and reason",
  }),
  decisionDuration: meter.createHistogram("spendfuse.decision.duration", {
    unit: "s",
    description: "Time to a decision, waiting for a busy budget included",
    advice: { explicitBucketBoundaries: [...DECISION_SECONDS] },
  }),
  spend: meter.createCounter("spendfuse.spend", {
    unit: "USD",
    description: "Cost that was settled",
  }),
  tokenUsage: meter.createHistogram("gen_ai.client.token.usage", {
    unit: "{token}",
    description: "Number of input and output tokens used",
    advice: { explicitBucketBoundaries: [...TOKENS] },
  }),
  held: meter.createUpDownCounter("spendfuse.held", {
    unit: "USD",
    description: "Held by calls of this process that run",
  }),
  running: meter.createUpDownCounter("spendfuse.running", {
    unit: "{call}",
    description: "Calls of this process that were admitted and have not ended",
  }),
  events: meter.createCounter("spendfuse.events", {
    unit: "{event}",
    description: "Tiers, circuits and what else the ledger tells",
  }),
  notices: meter.createCounter("spendfuse.notices", {
    unit: "{notice}",
    description: "What the engine tells its host",
  }),
  deliveries: meter.createCounter("spendfuse.notifier.deliveries", {
    unit: "{message}",
    description: "Messages given to a notifier, by whether it took them",
  }),
  notifierLag: meter.createHistogram("spendfuse.notifier.lag", {
    unit: "s",
    description: "From an event to its delivery",
    advice: { explicitBucketBoundaries: [...LAG_SECONDS] },
  }),
})

/** From a decision in memory to one that waits for a busy budget. */
const DECISION_SECONDS = [
  0.000_01, 0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 10, 30,
] as const

/** Powers of 4, as the GenAI conventions advise for this metric. */
const TOKENS = [
  1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
  67_108_864,
] as const

/** From at once to a day, after which a message is a dead letter. */
const LAG_SECONDS = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 21_600, 86_400] as const
