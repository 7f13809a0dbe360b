import { definePolicy, type Policy, type PolicyJson } from "@spendfuse/core"
import type { ReplayRow } from "@spendfuse/core/lab"
import type { PriceOverride } from "@spendfuse/core/prices"
import fc from "fast-check"

/** Rates with fractions of a nano-USD for each token: what a call costs is rounded up. */
export const ODD_RATES: readonly PriceOverride[] = [
  { provider: "own", model: "odd", rates: { inputTokens: "1.2500007", outputTokens: "9.9999" } },
]

const MODELS = [
  { provider: "openai", model: "gpt-5" },
  { provider: "openai", model: "gpt-5-mini" },
  { provider: "anthropic", model: "claude-sonnet-4-5" },
  { provider: "own", model: "odd" },
] as const
const SUBJECTS = ["a", "b", "c"].map((apiKey, at) => ({ apiKey, org: at === 2 ? "y" : "x" }))

/** Not at a minute's tick: what must happen between two of them shows. */
const START_MS = Date.UTC(2026, 0, 15, 23, 50) + 17_123
const COOL_DOWN_MS = 420_000
const HOUR_MS = 3_600_000

/** Once in so many; else null. */
const rarely = <Value>(once: number, some: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> =>
  fc.oneof({ weight: once - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: some })

const anyRow = fc.record({
  afterMs: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 400_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: -90_000, max: -1 }) },
  ),
  who: fc.constantFrom(...SUBJECTS),
  which: fc.constantFrom(...MODELS),
  input: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 3_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(199_999, 200_001, 70_000) },
  ),
  output: fc.integer({ min: 0, max: 1_200 }),
  durationMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 900_000 })),
  charge: rarely(4, fc.integer({ min: 0, max: 20_000_000 })),
  most: rarely<number>(4, fc.constantFrom(0, 50, 700, 5_000)),
  calls: rarely(12, fc.integer({ min: 1, max: 3 })),
})

type AnyRow = typeof anyRow extends fc.Arbitrary<infer Row> ? Row : never

/**
 * One payer spends at once, which opens its circuit, is refused, and comes back when a cool-down that began at one
 * of these instants ends: just before, at it, and just after.
 */
const anyBurst = fc
  .record({
    who: fc.constantFrom(...SUBJECTS),
    which: fc.constantFrom(MODELS[0], MODELS[2], MODELS[3]),
    beforeMs: fc.integer({ min: 1, max: 200_000 }),
    rows: fc.array(anyRow, { minLength: 3, maxLength: 12 }),
    back: fc.constantFrom(COOL_DOWN_MS, COOL_DOWN_MS + 300_000, HOUR_MS),
    charge: fc.constantFrom(null, null, 9_000_000, 60_000_000),
    isSlow: fc.boolean(),
  })
  .map(({ who, which, beforeMs, rows, back, charge, isSlow }) => {
    const always = { who, which, input: 200, most: null, calls: null, durationMs: 0 }
    const burst = rows.map((row, at) => ({
      ...row,
      ...always,
      afterMs: at === 0 ? beforeMs : isSlow ? 1 : 0,
      durationMs: isSlow ? row.durationMs : 0,
      output: 1_200,
      charge,
    }))
    const sinceMs = isSlow ? rows.length : 0
    const comeBack = [10, back - sinceMs - 11, 1, 1, 25_000].map((afterMs) => ({
      ...always,
      afterMs,
      output: 40,
      charge: null,
    }))
    return [...burst, ...comeBack]
  })

/** Rows of some hours, in bursts and scattered, some of them late. */
export const anyHistory: fc.Arbitrary<readonly ReplayRow[]> = fc
  .array(fc.oneof(anyBurst, fc.array(anyRow, { maxLength: 20 })), { maxLength: 6 })
  .map((parts) => rowsOf(parts.flat()))

/** Bursts alone. */
export const anyBursts: fc.Arbitrary<readonly ReplayRow[]> = fc
  .array(anyBurst, { minLength: 1, maxLength: 3 })
  .map((parts) => rowsOf(parts.flat()))

/** Many calls at once, each a small part of what is left: most run far from every edge. */
export const anyCrowd: fc.Arbitrary<readonly ReplayRow[]> = fc
  .array(
    fc.record({
      afterMs: fc.oneof(
        { weight: 30, arbitrary: fc.integer({ min: 0, max: 2_500 }) },
        { weight: 1, arbitrary: fc.integer({ min: 10_000, max: 60_000 }) },
      ),
      who: fc.constantFrom(...SUBJECTS),
      which: fc.constantFrom(MODELS[0], MODELS[0], MODELS[3]),
      input: fc.integer({ min: 1, max: 2_000 }),
      output: fc.integer({ min: 0, max: 1_100 }),
      durationMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 90_000 })),
      charge: rarely(40, fc.integer({ min: 0, max: 20_000_000 })),
      most: rarely<number>(4, fc.constantFrom(50, 300)),
      calls: fc.constant(null),
    }),
    { minLength: 100, maxLength: 260 },
  )
  .map((rows) => rowsOf(rows))

/** Calls that reach the level that is told, then some that may outlive the period; others come when all is over. */
export const anyOutliving: fc.Arbitrary<readonly ReplayRow[]> = fc
  .array(
    fc.record({
      afterMs: fc.integer({ min: 1, max: 30_000 }),
      durationMs: fc.integer({ min: 1, max: 150_000 }),
    }),
    { minLength: 1, maxLength: 2 },
  )
  .map((late) => {
    const [who, other] = [SUBJECTS[0], SUBJECTS[2]] as const
    const row = { which: MODELS[0], input: 200, output: 1_000, charge: null, most: null }
    const at = { ...row, who: who ?? {}, calls: null, afterMs: 1, durationMs: 0 } as AnyRow
    const first = [at, at, at]
    const last = { ...at, who: other, afterMs: 240_000 } as AnyRow
    return rowsOf([...first, ...late.map((one) => ({ ...at, ...one })), last])
  })

const rowsOf = (rows: readonly AnyRow[]): readonly ReplayRow[] => {
  let atMs = START_MS
  return rows.map(({ afterMs, who, which, input, output, durationMs, charge, most, calls }) => {
    atMs += afterMs
    return {
      atMs,
      subject: who,
      ...which,
      usage: { inputTokens: input, outputTokens: output },
      durationMs,
      ...(charge !== null && { chargeNanoUsd: charge }),
      ...(most !== null && { maxOutputTokens: most }),
      ...(calls !== null && { calls }),
    }
  })
}

type Tier = PolicyJson["budgets"][number]["tiers"][number]

const TRIPS: readonly Omit<Tier, "at">[] = [
  { trip: { coolDown: "7m" } },
  { trip: { coolDown: "7m", probation: { allow: "10%", for: "5m" } } },
  { trip: { coolDown: "1h" } },
]
const EFFECTS: readonly Omit<Tier, "at">[] = [
  ...TRIPS,
  { block: true },
  { block: true, repeat: "25%" },
  { latch: true },
]
const WINDOWS: readonly PolicyJson["budgets"][number]["window"][] = [
  "hour",
  "day",
  { every: "10m" },
  { sliding: "30m" },
  { lifetime: { idle: "20m" } },
]

/** What differs between policies. */
interface Choice {
  readonly usd: string
  readonly window: PolicyJson["budgets"][number]["window"]
  readonly effect: Omit<Tier, "at">
  readonly tokens: number
  readonly requests: number
  readonly observe: boolean
  readonly least: number
  readonly degrades: boolean
}

/** Budgets per key, per organisation and for all, of every unit. */
const policyOf = (choice: Choice): Policy =>
  definePolicy({
    budgets: [
      {
        id: "key",
        per: ["apiKey"],
        limit: { usd: choice.usd },
        window: choice.window,
        tiers: [
          { at: "50%", notify: ["chat"] },
          ...(choice.degrades ? [{ at: "70%", degrade: "small" }] : []),
          { at: "100%", notify: ["pager"], ...choice.effect },
        ],
      },
      {
        id: "org",
        per: ["org"],
        limit: { tokens: choice.tokens },
        window: "day",
        tiers: [{ at: "100%", block: true }],
        ...(choice.observe && { mode: "observe" as const }),
      },
      {
        id: "all",
        per: ["platform"],
        limit: { requests: choice.requests },
        window: "day",
        tiers: [{ at: "100%", block: true, notify: ["chat"] }],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
    maxOutputTokens: 1_000,
    minOutputTokens: choice.least,
    ...(choice.degrades && {
      fallbacks: { small: { provider: "openai", model: "gpt-5-nano" } },
    }),
  })

/** The first budget of any effect and window. */
export const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    usd: fc.constantFrom("0.05", "0.05", "0.3", "1"),
    window: fc.constantFrom(...WINDOWS),
    effect: fc.constantFrom(...EFFECTS),
    tokens: fc.constantFrom(9_000, 100_000_000, 100_000_000),
    requests: fc.constantFrom(25, 1_000),
    observe: fc.boolean(),
    least: fc.constantFrom(1, 1, 300),
    degrades: fc.constantFrom(false, false, false, true),
  })
  .map(policyOf)

/** Room for a crowd, and edges within its reach. */
export const anyWide: fc.Arbitrary<Policy> = fc
  .record({
    usd: fc.constantFrom("0.2", "0.4", "0.6"),
    window: fc.constantFrom("hour" as const, { every: "2m" }, { every: "95s" }),
    effect: fc.constantFrom(...EFFECTS),
    tokens: fc.constantFrom(60_000, 1e8),
    requests: fc.constantFrom(120, 1_000),
    least: fc.constantFrom(1, 300),
  })
  .map((choice) => policyOf({ ...choice, observe: false, degrades: false }))

/** Periods that end between two ticks, with room beside the level that is told. */
export const anyShort: fc.Arbitrary<Policy> = fc.integer({ min: 61, max: 119 }).map((seconds) =>
  policyOf({
    usd: "0.06",
    window: { every: `${seconds}s` },
    effect: { block: true },
    tokens: 1e8,
    requests: 1_000,
    observe: false,
    least: 1,
    degrades: false,
  }),
)

/** Nothing but trips: what bursts open, and what closes by itself. */
export const anyTrips: fc.Arbitrary<Policy> = fc
  .record({
    usd: fc.constantFrom("0.03", "0.05"),
    window: fc.constantFrom("hour" as const, { every: "10m" }),
    effect: fc.constantFrom(...TRIPS),
    least: fc.constantFrom(1, 300),
  })
  .map((choice) =>
    policyOf({ ...choice, tokens: 1e8, requests: 1_000, observe: false, degrades: false }),
  )
