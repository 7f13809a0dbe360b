import fc from "fast-check"
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../domain/time.ts"
import type { History, Move, Time } from "./history.ts"
import { KIND_NAMES, SCALES } from "./kinds.ts"
import { ODD_TEXTS } from "./names.ts"

const small = fc.integer({ min: 0, max: 4 })
/** Mostly one of the latest. */
const of = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3, 6, 10)
const off = fc.constantFrom(0, 0, 0, 1, -1)
const picks = fc.subarray([0, 1, 2, 3], { minLength: 1, maxLength: 3 })
const pick = fc.integer({ min: 0, max: 3 })
/** What is seldom of use, one time in twenty. */
const rarely = <Value>(seldom: Value, ...often: readonly Value[]): fc.Arbitrary<Value> =>
  fc.oneof(
    { weight: 19, arbitrary: fc.constantFrom(...often) },
    { weight: 1, arbitrary: fc.constant(seldom) },
  )
const kind = <const Name extends string>(name: Name) => fc.constant(name)

/** One arbitrary for each thing that a caller may do; small domains, so that they meet. */
const anyMove: { readonly [K in Move["kind"]]: fc.Arbitrary<Extract<Move, { kind: K }>> } = {
  reserve: fc.record({
    kind: kind("reserve"),
    picks,
    variant: fc.constantFrom(0, 0, 0, 1),
    base: small,
    off,
    requests: fc.constantFrom(0, 1),
    per: fc.constantFrom(0, 1, 2),
    least: fc.constantFrom(0, 0, 1),
    more: fc.constantFrom(0, 1, 2, 3, 4, 100_000),
    lifeMs: rarely(8 * DAY_MS, 1_000, MINUTE_MS, 20 * MINUTE_MS, 20 * MINUTE_MS, 5 * HOUR_MS),
    via: fc.constantFrom(null, null, "cheap", "later"),
    issuedMs: rarely(700_000, 0, 0, 0, 0, 30_000, -30_000, 10 * MINUTE_MS),
    swallowed: fc.constantFrom(0, 0, 4, 9),
  }),
  settle: fc.record({
    kind: kind("settle"),
    of,
    actual: fc.integer({ min: 0, max: 8 }),
    off,
    requests: fc.constantFrom(0, 1),
    final: fc.boolean(),
    seq: fc.integer({ min: 1, max: 3 }),
  }),
  extend: fc.record({
    kind: kind("extend"),
    of,
    base: fc.constantFrom(0, 0, 1, 3),
    off,
    per: fc.constantFrom(0, 1),
    most: fc.constantFrom(0, 0, 2),
    lifeMs: rarely(8 * DAY_MS, null, MINUTE_MS, HOUR_MS),
  }),
  release: fc.record({ kind: kind("release"), of: fc.integer({ min: 1, max: 14 }) }),
  charge: fc.record({
    kind: kind("charge"),
    picks,
    variant: fc.constantFrom(0, 0, 1),
    amount: fc.integer({ min: 0, max: 9 }),
    off,
    backMs: fc.constantFrom(0, 0, HOUR_MS, 3 * HOUR_MS),
    ends: fc.option(fc.integer({ min: 1, max: 12 }), { freq: 3 }),
  }),
  adjust: fc.record({
    kind: kind("adjust"),
    pick,
    amount: fc.integer({ min: -5, max: 5 }),
    backMs: fc.constantFrom(0, HOUR_MS, 3 * HOUR_MS),
  }),
  acknowledge: fc.record({
    kind: kind("acknowledge"),
    pick,
    upTo: fc.constantFrom(0, 3, 6, 12, 100),
    allow: fc.constantFrom(null, null, 0, 1, 3, 20),
    generation: fc.constantFrom(1_000, 1_000, 1, 2),
  }),
  trip: fc.record({
    kind: kind("trip"),
    pick,
    coolDownMs: rarely(8_640_000_000_000_000, MINUTE_MS, HOUR_MS),
  }),
  switch: fc.record({
    kind: kind("switch"),
    state: fc.constantFrom("on" as const, "off" as const),
    untilMs: fc.constantFrom(null, MINUTE_MS, MINUTE_MS),
  }),
  expire: fc.record({ kind: kind("expire") }),
  again: fc.record({
    kind: kind("again"),
    of: fc.integer({ min: 0, max: 20 }),
    other: fc.constantFrom(false, false, true),
  }),
  stranger: fc.record({ kind: kind("stranger"), pick }),
}

/**
 * How a history moves through time. `mixed`: now and then; `crowd`: nearly everything at one instant, so that
 * many commands go together; `rush`: all at one instant; `edges`: mostly to an instant at which something ends, to the millisecond.
 */
export type Pace = "mixed" | "crowd" | "rush" | "edges"

/** Mostly just before, so that the next steps are at the edge and after it. */
const beside = fc.constantFrom(-1, -1, 0, 1)
const at = (...ms: readonly number[]): fc.Arbitrary<Time> =>
  fc.constantFrom(...ms.map((one): Time => ({ kind: "later", ms: one })))
const later = at(1, 1_000, 20_000, MINUTE_MS + 1_000, 11 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS)

/** Ends of periods, of what is kept, of holds; of cool-downs, probations, switches, silent sources. */
const edge: fc.Arbitrary<Time> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("named" as const, "named" as const, "period" as const),
    ms: beside,
  }),
  fc.record({ kind: kind("kept"), ms: beside }),
  fc.record({
    kind: kind("since"),
    lengthMs: fc.constantFrom(
      MINUTE_MS,
      10 * MINUTE_MS,
      15 * MINUTE_MS,
      HOUR_MS,
      2 * HOUR_MS,
      3 * HOUR_MS,
      DAY_MS,
    ),
    ms: beside,
  }),
)

const TIMES: Readonly<Record<Pace, fc.Arbitrary<Time>>> = {
  mixed: fc.oneof(
    { weight: 12, arbitrary: at(0) },
    { weight: 8, arbitrary: later },
    { weight: 1, arbitrary: at(25 * HOUR_MS) },
    { weight: 3, arbitrary: edge },
    { weight: 2, arbitrary: at(-1, -MINUTE_MS, -10 * MINUTE_MS) },
  ),
  crowd: fc.oneof(
    { weight: 60, arbitrary: at(0) },
    { weight: 1, arbitrary: later },
    { weight: 1, arbitrary: edge },
  ),
  rush: at(0),
  edges: fc.oneof(
    { weight: 6, arbitrary: at(0) },
    { weight: 6, arbitrary: at(1) },
    { weight: 5, arbitrary: edge },
    { weight: 1, arbitrary: at(-1, -10 * MINUTE_MS) },
  ),
}

const WEIGHTS: Readonly<Partial<Record<Move["kind"], number>>> = {
  reserve: 7,
  settle: 5,
  charge: 3,
  again: 3,
  extend: 2,
  acknowledge: 2,
}

/** What has an end, and what finds out whether it has come. */
const WEIGHTS_OF_EDGES: typeof WEIGHTS = {
  reserve: 12,
  settle: 3,
  charge: 3,
  switch: 4,
  trip: 3,
  expire: 2,
}

/** Histories of every move. */
export const historyOf = (
  how: { readonly pace?: Pace; readonly stepsMin?: number; readonly stepsMax?: number } = {},
): fc.Arbitrary<History> => {
  const { pace = "mixed", stepsMin = 1, stepsMax = 40 } = how
  const weights = pace === "edges" ? WEIGHTS_OF_EDGES : WEIGHTS
  return fc.record({
    odd: fc.oneof({ weight: 2, arbitrary: fc.constant("") }, fc.constantFrom(...ODD_TEXTS)),
    scale: fc.constantFrom(...SCALES),
    pool: fc.shuffledSubarray([...KIND_NAMES], { minLength: 4, maxLength: 4 }),
    startMs: fc.constantFrom(5 * MINUTE_MS, HOUR_MS - 1),
    steps: fc.array(
      fc.record({
        move: fc.oneof(
          ...Object.entries(anyMove).map(([name, arbitrary]) => ({
            weight: weights[name as Move["kind"]] ?? 1,
            arbitrary: arbitrary as fc.Arbitrary<Move>,
          })),
        ),
        source: fc.constantFrom(0, 0, 0, 1),
        division: fc.constantFrom(0, 0, 0, 1, 2),
        time: TIMES[pace],
        flush: pace === "crowd" || pace === "rush" ? fc.constant(false) : fc.boolean(),
        done: fc.constantFrom(false, false, false, true),
        skip: fc.oneof(
          { weight: 60, arbitrary: fc.constant(0) },
          { weight: 5, arbitrary: fc.constant(1) },
          { weight: 1, arbitrary: fc.constant(1_024) },
        ),
      }),
      { minLength: stepsMin, maxLength: stepsMax, size: "max" },
    ),
  })
}
