import fc from "fast-check"
import type {
  Amounts,
  BlockingEffect,
  Command,
  Decision,
  Ledger,
  Line,
  Meter,
  Terms,
} from "../../src/domain.ts"
import type { Core } from "./prove.ts"

/** What a history's lines may be made of. */
export const CAP = 6
export const PERIOD_MS = 10

const noTier = {
  repeat: 0,
  effect: null,
  degrade: null,
  notify: [],
  escalateAfterMs: 0,
  message: "",
  percent: null,
}

export const termsOf = (effect: BlockingEffect, budget = "b"): Terms => ({
  id: `${budget}-${effect.kind}`,
  budget,
  unit: "usd",
  limit: CAP,
  observe: false,
  window: "hour UTC",
  slidingMs: 0,
  bucketMs: 0,
  idleMs: 0,
  tiers: [
    { ...noTier, at: 2, repeat: 1, notify: ["log"] },
    { ...noTier, at: 4, notify: ["slack"] },
    { ...noTier, at: CAP, repeat: CAP, effect, notify: ["page"], percent: 100 },
  ],
})

export const BLOCK = termsOf({ kind: "block" })
export const LATCH = termsOf({ kind: "latch" })
export const TRIP = termsOf({ kind: "trip", coolDownMs: 3, maxCoolDownMs: 12, probation: null })
export const PROBED = termsOf({
  kind: "trip",
  coolDownMs: 3,
  maxCoolDownMs: 12,
  probation: { allow: 2, forMs: 3 },
})

/** A latch that goes on from `first` to `second` and `third`, each so long after the one before. */
export const EVERY_MS = 3
export const PAGES: Terms = {
  ...LATCH,
  id: "b-pages",
  tiers: LATCH.tiers.map((tier) =>
    tier.effect === null
      ? tier
      : { ...tier, notify: ["first", "second", "third"], escalateAfterMs: EVERY_MS },
  ),
}

export const lineOf = (account: string, period: number, terms: Terms): Line => ({
  account: `${terms.budget}/${account}`,
  division: "*",
  period: {
    startMs: period * PERIOD_MS,
    endMs: (period + 1) * PERIOD_MS,
    keptUntilMs: (period + 2) * PERIOD_MS,
  },
  terms,
})

export const usd = (amount: number): Amounts => ({ usd: amount, tokens: 0, requests: 0 })

const small = fc.integer({ min: 0, max: 4 })
const of = fc.integer({ min: 1, max: 10 })
const accounts = fc.subarray(["a", "__proto__", "c"], { minLength: 1, maxLength: 2 })

export const anyReserve = fc.record({
  kind: fc.constant("reserve" as const),
  accounts,
  base: small,
  most: small,
  per: fc.constantFrom(1, 2),
  life: fc.constantFrom(1, 5, 50),
})
export const anySettle = fc.record({
  kind: fc.constant("settle" as const),
  of,
  actual: fc.integer({ min: 0, max: 7 }),
  final: fc.boolean(),
  seq: fc.integer({ min: 1, max: 3 }),
})
export const anyRelease = fc.record({ kind: fc.constant("release" as const), of })
export const anyExtend = fc.record({ kind: fc.constant("extend" as const), of, more: small })
export const anyCharge = fc.record({
  kind: fc.constant("charge" as const),
  accounts,
  amount: small,
})
export const anyAdjust = fc.record({
  kind: fc.constant("adjust" as const),
  account: fc.constantFrom("a", "c"),
  amount: fc.integer({ min: -4, max: 4 }),
})
export const anyAcknowledge = fc.record({
  kind: fc.constant("acknowledge" as const),
  account: fc.constantFrom("a", "__proto__", "c"),
  upTo: fc.constantFrom(0, 6, 12, 100),
})
export const anyTrip = fc.record({
  kind: fc.constant("trip" as const),
  account: fc.constantFrom("a", "c"),
})
export const anySwitch = fc.record({
  kind: fc.constant("switch" as const),
  state: fc.constantFrom("on" as const, "off" as const),
})
export const anyExpire = fc.record({ kind: fc.constant("expire" as const) })

type Made<T> = T extends fc.Arbitrary<infer Value> ? Value : never

export type Any =
  | Made<typeof anyReserve>
  | Made<typeof anySettle>
  | Made<typeof anyRelease>
  | Made<typeof anyExtend>
  | Made<typeof anyCharge>
  | Made<typeof anyAdjust>
  | Made<typeof anyAcknowledge>
  | Made<typeof anyTrip>
  | Made<typeof anySwitch>
  | Made<typeof anyExpire>

/** A command with the instant of the store's clock. */
export interface At {
  readonly any: Any
  readonly atMs: number
}

/** Histories of these commands; time goes on by a little each, over the edge of a period. */
export const historyOf = (...kinds: readonly fc.Arbitrary<Any>[]): fc.Arbitrary<readonly At[]> =>
  fc
    .array(fc.tuple(fc.oneof(...kinds), fc.constantFrom(0, 0, 1, 3)), {
      minLength: 1,
      maxLength: 14,
    })
    .map((items) => {
      let atMs = 0
      return items.map(([any, later]) => {
        atMs += later
        return { any, atMs }
      })
    })

export const commandOf = ({ any, atMs }: At, n: number, terms: Terms): Command => {
  const head = { id: { source: "s", n }, done: 0, division: "*" }
  const person = { by: "ann", why: "law" }
  const period = Math.floor(atMs / PERIOD_MS)
  const line = (account: string): Line => lineOf(account, period, terms)
  switch (any.kind) {
    case "reserve":
      return {
        ...head,
        kind: "reserve",
        issuedAtMs: atMs,
        lines: any.accounts.map(line),
        switches: ["apiKey=k"],
        base: usd(any.base),
        perUnit: usd(any.per),
        units: { least: 0, most: any.most },
        expiresAtMs: atMs + any.life,
        via: null,
        swallowed: 0,
      }
    case "settle":
      return {
        ...head,
        kind: "settle",
        reservation: { source: "s", n: any.of },
        seq: any.seq,
        actual: usd(any.actual),
        final: any.final,
      }
    case "release":
      return { ...head, kind: "release", reservation: { source: "s", n: any.of } }
    case "extend":
      return {
        ...head,
        kind: "extend",
        reservation: { source: "s", n: any.of },
        issuedAtMs: atMs,
        base: usd(any.more),
        perUnit: usd(0),
        units: { least: 0, most: 0 },
        expiresAtMs: null,
      }
    case "charge":
      return {
        ...head,
        kind: "charge",
        lines: any.accounts.map(line),
        amounts: usd(any.amount),
        ends: null,
      }
    case "adjust":
      return { ...head, ...person, kind: "adjust", line: line(any.account), amount: any.amount }
    case "acknowledge":
      return {
        ...head,
        ...person,
        kind: "acknowledge",
        account: `b/${any.account}`,
        generation: 1_000,
        upTo: any.upTo,
        allow: null,
        line: line(any.account),
      }
    case "trip":
      return { ...head, ...person, kind: "trip", account: `b/${any.account}`, coolDownMs: 2 }
    case "switch":
      return {
        ...head,
        ...person,
        kind: "switch",
        switch: "apiKey=k",
        state: any.state,
        untilMs: null,
      }
    case "expire":
      return { ...head, kind: "expire" }
  }
}

/** One step of a walk: the ledger before and after it are copies. */
export interface Walked {
  readonly command: Command
  readonly atMs: number
  readonly before: Ledger
  readonly after: Ledger
  readonly decision: Decision
}

/** Walks a history through the core; each step sees the ledger as it was. */
export const walk = (core: Core, history: readonly At[], terms: Terms): readonly Walked[] => {
  let ledger = core.emptyLedger()
  return history.map((at, index) => {
    const command = commandOf(at, index + 1, terms)
    const before = ledger
    const { ledger: after, ...decision } = core.step(before, command, at.atMs)
    ledger = after
    return { command, atMs: at.atMs, before, after, decision }
  })
}

export const metersOf = (ledger: Ledger): readonly (Meter & { readonly account: string })[] =>
  [...ledger.accounts.values()].flatMap(({ key, meters }) =>
    meters.map((meter) => ({ ...meter, account: key })),
  )

export const amountsIn = (ledger: Ledger): readonly unknown[] =>
  metersOf(ledger)
    .filter(({ settled, held }) => settled > 0 || held > 0)
    .map(({ account, period, settled, held }) => [account, period.startMs, settled, held])
    .sort()
