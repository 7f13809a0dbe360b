import fc from "fast-check"
import { type Command, type Line, periodAt, type Terms, type Window } from "../../../src/domain.ts"
import { HOUR, termsOf, tierOf } from "../make.ts"

const trip = (probed: boolean) =>
  ({
    kind: "trip",
    coolDownMs: 600_000,
    maxCoolDownMs: 1_800_000,
    probation: probed ? { allow: 2, forMs: 900_000 } : null,
  }) as const
const latch = { kind: "latch" } as const
const block = { kind: "block" } as const

export interface Kind {
  readonly window: Window
  readonly terms: Terms
}
const hour: Window = { kind: "hour", timeZone: "UTC" }
const KINDS: Readonly<Record<string, readonly Kind[]>> = {
  plain: [
    {
      window: hour,
      terms: termsOf([
        tierOf(2, { repeat: 1, notify: ["log"] }),
        tierOf(4, { notify: ["slack"] }),
        tierOf(6, { repeat: 6, effect: trip(false), notify: ["page"] }),
      ]),
    },
    { window: hour, terms: termsOf([tierOf(4, { repeat: 4, effect: block })]) },
  ],
  meet: [
    {
      window: hour,
      terms: termsOf([
        tierOf(3, { degrade: ["cheap", "later"], notify: ["log"] }),
        tierOf(6, { repeat: 6, effect: trip(true), notify: ["page"] }),
        tierOf(6, { repeat: 3, effect: block }),
        tierOf(6, { notify: ["slack"] }),
        tierOf(12, { repeat: 6, effect: latch, notify: ["oncall"] }),
      ]),
    },
  ],
  slide: [
    {
      window: { kind: "sliding", lengthMs: HOUR, buckets: 4 },
      terms: termsOf(
        [
          tierOf(3, { repeat: 1, notify: ["log"] }),
          tierOf(6, {
            repeat: 6,
            effect: latch,
            notify: ["page", "second"],
            escalateAfterMs: 5 * 60_000,
          }),
        ],
        { window: "sliding", slidingMs: HOUR, bucketMs: HOUR / 4 },
      ),
    },
  ],
  life: [
    {
      window: { kind: "lifetime", idleMs: 2 * HOUR },
      terms: termsOf(
        [
          tierOf(4, { degrade: ["later"], notify: ["log"] }),
          tierOf(6, { repeat: 6, effect: block }),
        ],
        { window: "life", idleMs: 2 * HOUR },
      ),
    },
  ],
  watch: [true, false].map((observe) => ({
    window: hour,
    terms: termsOf(
      [tierOf(3, { repeat: 3, effect: trip(false) }), tierOf(6, { repeat: 6, effect: latch })],
      { observe },
    ),
  })),
  wide: [
    {
      window: hour,
      terms: termsOf([tierOf(20, { repeat: 20, effect: trip(false), notify: ["page"] })]),
    },
  ],
  calls: [
    {
      window: hour,
      terms: termsOf([tierOf(3, { repeat: 3, effect: block })], { unit: "requests" }),
    },
  ],
  pages: [
    {
      window: hour,
      terms: termsOf([
        tierOf(3, {
          repeat: 3,
          effect: latch,
          notify: ["first", "second", "third"],
          escalateAfterMs: 10 * 60_000,
        }),
        tierOf(6, { repeat: 3, effect: trip(true), notify: ["slack"] }),
        tierOf(9, {
          repeat: 0,
          effect: latch,
          notify: ["second", "fourth"],
          escalateAfterMs: 5 * 60_000,
        }),
      ]),
    },
  ],
  tell: [{ window: hour, terms: termsOf([tierOf(2, { repeat: 2, notify: ["log"] })]) }],
}
const NAMES = Object.keys(KINDS)

/** The same list for the same line, as an engine has it: so that what is at hand is used. */
const lists = new Map<string, readonly Line[]>()
export const linesOf = (
  names: readonly string[],
  variant: number,
  atMs: number,
): readonly Line[] => {
  const made = names.flatMap((name): Line[] => {
    const kinds = KINDS[name] ?? []
    const kind = kinds[variant % kinds.length]
    if (kind === undefined) return []
    return [
      {
        account: `${name}/k`,
        division: "*",
        period: periodAt(kind.window, atMs),
        terms: kind.terms,
      },
    ]
  })
  const key = JSON.stringify([variant, made.map(({ account, period }) => [account, period])])
  const known = lists.get(key) ?? made
  lists.set(key, known)
  return known
}

const small = fc.integer({ min: 0, max: 4 })
const of = fc.integer({ min: 1, max: 10 })
export const any = {
  reserve: fc.record({
    kind: fc.constant("reserve" as const),
    picks: fc.subarray([0, 1, 2], { minLength: 1 }),
    variant: fc.constantFrom(0, 0, 0, 1),
    base: small,
    requests: fc.constantFrom(0, 1),
    per: fc.constantFrom(0, 1, 2),
    least: fc.constantFrom(0, 0, 1),
    more: small,
    life: fc.constantFrom(1_000, 60_000, 20 * 60_000, 5 * HOUR),
    via: fc.constantFrom(null, null, "cheap", "later"),
    off: fc.constantFrom(0, 0, 0, 30_000, -30_000, 700_000),
    swallowed: fc.constantFrom(0, 0, 4, 9),
  }),
  settle: fc.record({
    kind: fc.constant("settle" as const),
    of,
    actual: fc.integer({ min: 0, max: 8 }),
    requests: fc.constantFrom(0, 1),
    final: fc.boolean(),
    seq: fc.integer({ min: 1, max: 3 }),
  }),
  extend: fc.record({
    kind: fc.constant("extend" as const),
    of,
    base: fc.constantFrom(0, 0, 1, 3),
    per: fc.constantFrom(0, 1),
    most: fc.constantFrom(0, 0, 2),
    life: fc.constantFrom(null, 60_000, HOUR),
  }),
  release: fc.record({
    kind: fc.constant("release" as const),
    of: fc.integer({ min: 1, max: 12 }),
  }),
  charge: fc.record({
    kind: fc.constant("charge" as const),
    picks: fc.subarray([0, 1, 2], { minLength: 1 }),
    variant: fc.constantFrom(0, 0, 1),
    amount: fc.integer({ min: 0, max: 9 }),
    back: fc.constantFrom(0, 0, HOUR, 3 * HOUR),
    ends: fc.option(fc.integer({ min: 1, max: 12 }), { freq: 3 }),
  }),
  adjust: fc.record({
    kind: fc.constant("adjust" as const),
    pick: fc.constantFrom(0, 1, 2),
    amount: fc.integer({ min: -5, max: 5 }),
    back: fc.constantFrom(0, HOUR, 3 * HOUR),
  }),
  acknowledge: fc.record({
    kind: fc.constant("acknowledge" as const),
    pick: fc.constantFrom(0, 1, 2),
    upTo: fc.constantFrom(0, 3, 6, 12, 100),
    allow: fc.constantFrom(null, null, 0, 1, 3, 20),
    generation: fc.constantFrom(1_000, 1_000, 1, 2),
  }),
  trip: fc.record({
    kind: fc.constant("trip" as const),
    pick: fc.constantFrom(0, 1, 2),
    coolDown: fc.constantFrom(60_000, HOUR),
  }),
  switch: fc.record({
    kind: fc.constant("switch" as const),
    state: fc.constantFrom("on" as const, "off" as const),
    until: fc.constantFrom(null, 60_000),
  }),
  expire: fc.record({ kind: fc.constant("expire" as const) }),
  again: fc.record({
    kind: fc.constant("again" as const),
    of: fc.integer({ min: 1, max: 20 }),
    other: fc.boolean(),
  }),
}
type Value<T> = T extends fc.Arbitrary<infer V> ? V : never
export type Any = { [K in keyof typeof any]: Value<(typeof any)[K]> }[keyof typeof any]

const LATER = [
  0,
  0,
  0,
  0,
  100,
  1_000,
  1_000,
  20_000,
  61_000,
  5 * 60_000,
  11 * 60_000,
  16 * 60_000,
  HOUR,
  HOUR,
  4 * HOUR,
]

export interface History {
  /** The accounts of this history: few, so that they meet. */
  readonly pool: readonly string[]
  readonly steps: readonly Step[]
}

export interface Step {
  readonly any: Any
  readonly later: number
  readonly back: boolean
  readonly done: boolean
  readonly division: string
}
export const historyOf = (kinds: readonly (keyof typeof any)[]): fc.Arbitrary<History> =>
  fc.record({
    pool: fc.shuffledSubarray(NAMES, { minLength: 1, maxLength: 3 }),
    steps: stepsOf(kinds),
  })

const stepsOf = (kinds: readonly (keyof typeof any)[]): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc.record({
      any: fc.oneof(...kinds.map((kind) => any[kind] as fc.Arbitrary<Any>)),
      later: fc.constantFrom(...LATER),
      back: fc.constantFrom(false, false, false, false, true),
      done: fc.constantFrom(false, false, false, true),
      division: fc.constantFrom("*", "*", "*", "*", "a"),
    }),
    { minLength: 4, maxLength: 30 },
  )

const person = { by: "ann", why: "law" }
export const amounts = (usd: number, requests = 0) => ({ usd, tokens: 0, requests })

export const commandOf = (
  any: Exclude<Any, { kind: "again" }>,
  pool: readonly string[],
  n: number,
  done: number,
  atMs: number,
  division = "*",
  reserves: readonly number[] = [],
): Command => {
  // An operator's command about an account belongs to the account's division.
  const own = any.kind === "trip" || any.kind === "acknowledge" ? "*" : division
  const head = { id: { source: "s", n }, done, division: own }
  const meant = "of" in any ? any.of : 0
  const isOld = any.kind === "release" || reserves.length === 0
  const reservation = {
    source: "s",
    n: isOld ? meant : (reserves.at(-1 - (meant % reserves.length)) ?? meant),
  }
  const nameOf = (pick: number): string => pool[pick % pool.length] ?? ""
  const namesOf = (picks: readonly number[]): readonly string[] => [...new Set(picks.map(nameOf))]
  const line = (pick: number, back = 0): Line => {
    const [one] = linesOf([nameOf(pick)], 0, atMs - back)
    if (one === undefined) throw new Error("no line")
    return one
  }
  switch (any.kind) {
    case "reserve":
      return {
        ...head,
        kind: "reserve",
        issuedAtMs: atMs + any.off,
        lines: linesOf(namesOf(any.picks), any.variant, atMs + any.off),
        switches: ["k=1"],
        base: amounts(any.base, any.requests),
        perUnit: amounts(any.per),
        units: { least: any.least, most: any.least + any.more },
        expiresAtMs: atMs + any.life,
        via: any.via,
        swallowed: any.swallowed,
      }
    case "settle":
      return {
        ...head,
        kind: "settle",
        reservation,
        seq: any.seq,
        actual: amounts(any.actual, any.requests),
        final: any.final,
      }
    case "extend":
      return {
        ...head,
        kind: "extend",
        reservation,
        issuedAtMs: atMs,
        base: amounts(any.base),
        perUnit: amounts(any.per),
        units: { least: 0, most: any.most },
        expiresAtMs: any.life === null ? null : atMs + any.life,
      }
    case "release":
      return { ...head, kind: "release", reservation }
    case "charge":
      return {
        ...head,
        kind: "charge",
        lines: linesOf(namesOf(any.picks), any.variant, atMs - any.back),
        amounts: amounts(any.amount, 1),
        ends: any.ends === null ? null : { source: "s", n: any.ends },
      }
    case "adjust":
      return {
        ...head,
        ...person,
        kind: "adjust",
        line: line(any.pick, any.back),
        amount: any.amount,
      }
    case "acknowledge":
      return {
        ...head,
        ...person,
        kind: "acknowledge",
        account: `${nameOf(any.pick)}/k`,
        generation: any.generation,
        upTo: any.upTo,
        allow: any.allow,
        line: line(any.pick),
      }
    case "trip":
      return {
        ...head,
        ...person,
        kind: "trip",
        account: `${nameOf(any.pick)}/k`,
        coolDownMs: any.coolDown,
      }
    case "switch":
      return {
        ...head,
        ...person,
        kind: "switch",
        switch: "k=1",
        state: any.state,
        untilMs: any.until === null ? null : atMs + any.until,
      }
    case "expire":
      return { ...head, kind: "expire" }
  }
}
