import fc from "fast-check"
import type { Policy } from "../../domain/policy.ts"
import { STANDARD } from "../../domain/price.ts"
import type { Subject } from "../../domain/subject.ts"
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../domain/time.ts"
import type { Actor, Fault, Fleet, FleetModel, Pace, Spread } from "../../edge/fleet/fleet.ts"
import { anySubject, exampleOf } from "./story.ts"
import { STORY_START_MS } from "./world.ts"

/** What may go wrong with the machines of a fleet. */
export interface FleetFaults {
  readonly crashes?: boolean
  readonly skews?: boolean
  readonly outages?: boolean
}

/**
 * Whole fleets under a policy, of a few hundred calls each: every kind of actor, for subjects of the policy's own
 * dimensions, at prices that bring them to its limits.
 *
 * @example
 * fc.assert(fc.property(anyFleet(policy), (fleet) => simulate(fleet).ways[0] !== undefined))
 */
export const anyFleet = (policy: Policy, faults: FleetFaults = {}): fc.Arbitrary<Fleet> =>
  fc
    .tuple(anyModels(policy), fc.integer({ min: 1, max: 3 }), fc.constantFrom(2, 7, 30))
    .chain(([models, hosts, hours]) =>
      fc.record({
        title: fc.constant("a fleet"),
        why: fc.constant(null),
        source: fc.constant(null),
        startMs: fc.constant(STORY_START_MS),
        endMs: fc.constant(STORY_START_MS + hours * HOUR_MS),
        hosts: fc.constant(hosts),
        policy: fc.constant(policy),
        models: fc.constant(models),
        actors: fc
          .array(anyActor(policy, models, hours), { minLength: 1, maxLength: 3 })
          .map((all) => all.map((actor, at) => ({ ...actor, name: `${actor.kind} ${at + 1}` }))),
        faults: fc.array(anyFault(hosts, hours, faults), { maxLength: 3 }).map((all) => all.flat()),
        people: fc.constant(null),
        alertAtNanoUsd: fc.constant(null),
        counter: fc.constant(PLAIN_COUNTER),
        expect: fc.constant({ spentAtMost: null, pagesAtLeast: null, refusedAtMost: new Map() }),
      }),
    )

const PLAIN_COUNTER: Fleet["counter"] = {
  delayMs: 0,
  perHost: false,
  addsPerHost: false,
  resetsLateMs: 0,
  renews: false,
  resumesMs: null,
  leaksHolds: false,
  storeDown: "allow",
}

/** Models that a policy names, and one more: a thousand tokens cost from a thousandth of the lowest limit in USD to twice as much as it. */
export const anyModels = (policy: Policy): fc.Arbitrary<ReadonlyMap<string, FleetModel>> => {
  const limits = policy.budgets.filter(({ unit }) => unit === "usd").map(({ limit }) => limit)
  const lowest = Math.min(1_000_000_000_000, ...limits)
  const anyRate = fc
    .integer({ min: 1, max: 2_000 })
    .map((thousandths) => Math.max(1, lowest * thousandths))
  const names = [
    "model-a",
    ...policy.budgets.flatMap(({ match }) => (match?.model ?? []).map(exampleOf)),
    ...[...policy.fallbacks.values()].flatMap((one) => (one.kind === "model" ? [one.model] : [])),
  ]
  const anyModel = (name: string): fc.Arbitrary<FleetModel> =>
    fc.tuple(anyRate, anyRate).map(([input, output]) => {
      const rate = (base: number) => ({ base, tiers: [] })
      const components = { inputTokens: rate(input), outputTokens: rate(output) }
      const rates = { components, factor: STANDARD }
      const dated = [{ fromMs: Number.NEGATIVE_INFINITY, rates }]
      return {
        name,
        provider: null,
        maxOutput: 2_000,
        billed: dated,
        listed: dated,
        counted: dated,
      }
    })
  return fc
    .tuple(...[...new Set(names)].map(anyModel))
    .map((all) => new Map(all.map((model) => [model.name, model])))
}

const anyActor = (
  policy: Policy,
  models: ReadonlyMap<string, FleetModel>,
  hours: number,
): fc.Arbitrary<Actor> =>
  fc.record({
    name: fc.constant("somebody"),
    kind: fc.constant("loop" as const),
    count: fc.integer({ min: 1, max: 3 }),
    subject: fc.tuple(anySubject(policy), fc.boolean()).map(numberedIf),
    model: fc.constantFrom(...models.values()),
    input: anyTokens,
    output: anyTokens,
    limit: fc.constantFrom(null, 1, 500),
    takesMs: fc.constantFrom(...[0, SECOND_MS, 7 * MINUTE_MS, 3 * HOUR_MS].map(always)),
    fromMs: fc.constantFrom(0, 20 * MINUTE_MS).map((ms) => STORY_START_MS + ms),
    untilMs: fc.constant(STORY_START_MS + hours * HOUR_MS),
    isWanted: fc.boolean(),
    refused: fc.constantFrom("skip", "stop", "retry", "wait"),
    retryAfterMs: fc.constantFrom(5 * MINUTE_MS, 40 * MINUTE_MS),
    pace: anyPace(hours),
    fails: fc.option(
      fc.record({
        ...during(hours),
        millionths: fc.constant(300_000),
        retries: fc.constantFrom(0, 3),
        afterMs: fc.constantFrom(0, MINUTE_MS),
        bills: fc.constantFrom("nothing", "input", "all"),
      }),
      { nil: null },
    ),
    injected: anyShare(hours, 200_000),
    cancels: anyShare(hours, 200_000),
  })

const numberedIf = ([subject, isNumbered]: readonly [Subject, boolean]): Subject =>
  isNumbered
    ? Object.fromEntries(Object.entries(subject).map(([name, value]) => [name, `${value}{n}`]))
    : subject

const always = (value: number): Spread => ({ least: value, median: value, most: value })

const anyTokens: fc.Arbitrary<Spread> = fc.constantFrom(
  always(1),
  { least: 0, median: 300, most: 2_000 },
  { least: 500, median: 1_000, most: 1_500 },
)

const during = (hours: number) => ({
  fromMs: fc.constant(STORY_START_MS),
  untilMs: fc.constant(STORY_START_MS + hours * HOUR_MS),
})

const anyShare = (hours: number, millionths: number): fc.Arbitrary<Actor["injected"]> =>
  fc.option(fc.record({ ...during(hours), millionths: fc.constant(millionths) }), { nil: null })

/** Some dozens of calls each, however long the fleet lasts. */
const anyPace = (hours: number): fc.Arbitrary<Pace> => {
  const pauseMs = (hours * HOUR_MS) / 30
  return fc.oneof(
    fc.constant<Pace>({ kind: "human", everyMs: pauseMs }),
    fc.constant<Pace>({
      kind: "agent",
      everyMs: pauseMs * 3,
      turns: { least: 1, median: 3, most: 6 },
      grows: 100,
      thinksMs: always(30 * SECOND_MS),
      spawns: { millionths: 300_000, count: { least: 1, median: 1, most: 3 }, depth: 2 },
    }),
    fc.constantFrom(1, 10).map((parallel): Pace => ({ kind: "batch", items: 40, parallel })),
    fc.constantFrom(1, 5).map(
      (parallel): Pace => ({
        kind: "loop",
        parallel,
        thinksMs: always(pauseMs),
        doublesEveryMs: null,
      }),
    ),
  )
}

const anyFault = (
  hosts: number,
  hours: number,
  { crashes = false, skews = false, outages = false }: FleetFaults,
): fc.Arbitrary<readonly Fault[]> => {
  const anyFromMs = fc
    .integer({ min: 0, max: hours * 60 })
    .map((minutes) => STORY_START_MS + minutes * MINUTE_MS)
  const anyHost = fc.integer({ min: 1, max: hosts })
  const lasting = (fromMs: number) => ({ fromMs, untilMs: fromMs + 17 * MINUTE_MS })
  const kinds: fc.Arbitrary<readonly Fault[]>[] = [fc.constant([])]
  if (crashes)
    kinds.push(
      fc
        .tuple(anyHost, anyFromMs)
        .map(([host, fromMs]) => [{ kind: "host-crash", host, ...lasting(fromMs) }]),
    )
  if (skews)
    kinds.push(
      fc
        .tuple(anyHost, anyFromMs, fc.constantFrom(-15, -9, 9, 15))
        .map(([host, fromMs, minutes]) => [
          { kind: "clock-skew", host, byMs: minutes * MINUTE_MS, ...lasting(fromMs) },
        ]),
    )
  if (outages) kinds.push(anyFromMs.map((fromMs) => [{ kind: "store-outage", ...lasting(fromMs) }]))
  return fc.oneof(...kinds)
}
