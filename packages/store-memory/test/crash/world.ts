import {
  type Amounts,
  type Budget,
  type BudgetPolicy,
  type Command,
  type CommandId,
  compile,
  type Line,
  type Tier,
} from "@spendfuse/core/domain"

/** Commands that one life may send at once. */
export const BATCH_MAX = 4
/** Answers that a source has not yet confirmed: what may be sent again. */
export const UNCONFIRMED = 8

/** The day changes midway; what is of the first day is kept to the end. */
const BEGIN_MS = Date.UTC(2026, 0, 15, 23, 15)

/** The store's clock in a life, at its `i`-th command. */
export const instantOf = (life: number, i: number): number => BEGIN_MS + life * 100_000 + i * 10

/** What a life sends together from its `i`-th command on: a function of its arguments alone, so that both sides know it. */
export const batchAt = (seed: number, life: number, i: number): readonly Command[] => {
  const size = 1 + (die(seed, life, i, 99) % 8 === 0 ? die(seed, life, i, 98) % BATCH_MAX : 0)
  return Array.from({ length: size }, (_, at) => commandAt(seed, life, i + at))
}

export const commandAt = (seed: number, life: number, i: number): Command => {
  const roll = (salt: number, sides: number): number => die(seed, life, i, salt) % sides
  const n = i + 1
  const source = `life-${life}`
  const head = { id: { source, n }, done: Math.max(0, n - UNCONFIRMED), division: "*" }
  const atMs = instantOf(life, i)
  const lines = linesAt(roll(1, 1_000), atMs)
  const line = lines[0] as Line
  const earlier: CommandId = { source, n: Math.max(1, n - 1 - roll(2, 6)) }
  const kind = roll(3, 100)
  const person = { by: "ann", why: "a drill" }
  if (kind < 42)
    return {
      ...head,
      kind: "reserve",
      issuedAtMs: atMs,
      lines,
      switches: pick([["s1"], ["s2"], []], roll(4, 3)),
      base: amounts(roll(5, 30)),
      perUnit: amounts(roll(6, 3)),
      units: { least: 0, most: roll(7, 6) },
      expiresAtMs: atMs + pick([20, 400, 100_000], roll(8, 3)),
      via: null,
      swallowed: 0,
    }
  const settle = { ...head, kind: "settle" as const, reservation: earlier, seq: n }
  if (kind < 72) return { ...settle, actual: amounts(roll(9, 34)), final: roll(10, 5) > 0 }
  if (kind < 76)
    return {
      ...settle,
      reservation: { source: `life-${life - 1}`, n: 1 + roll(11, 60) },
      actual: amounts(roll(12, 30)),
      final: true,
    }
  if (kind < 84)
    return { ...head, kind: "charge", lines, amounts: amounts(roll(13, 20)), ends: null }
  if (kind < 89) return { ...head, kind: "release", reservation: earlier }
  if (kind < 91) return { ...head, ...person, kind: "trip", account: line.account, coolDownMs: 200 }
  if (kind < 94)
    return {
      ...head,
      ...person,
      kind: "switch",
      switch: pick(["s1", "s2"], roll(14, 2)),
      state: roll(15, 3) === 0 ? "off" : "on",
      untilMs: null,
    }
  if (kind < 97)
    return {
      ...head,
      ...person,
      kind: "acknowledge",
      account: line.account,
      generation: Number.MAX_SAFE_INTEGER,
      upTo: roll(16, 3_000),
      allow: null,
      line,
    }
  return { ...head, kind: "expire" }
}

const budget = (id: string, limit: number, effect: NonNullable<Tier["effect"]>): Budget => ({
  id,
  per: ["apiKey"],
  unit: "usd",
  limit,
  window: { kind: "day", timeZone: "UTC" },
  tiers: [
    { at: { amount: 50 }, repeatPercent: 5_000 / limit, notify: ["log"] },
    { at: { percent: 100 }, effect, notify: ["page"] },
  ],
})

/** A budget that trips, one that latches, one that blocks far away. */
const POLICY: BudgetPolicy = {
  budgets: [
    budget("trips", 500, { kind: "trip", coolDownMs: 300, maxCoolDownMs: 1_200 }),
    budget("latches", 300, { kind: "latch" }),
    budget("blocks", 1_000_000, { kind: "block" }),
  ],
}

/** Of one of three keys, one to three of its lines. */
const linesAt = (rolled: number, atMs: number): readonly Line[] => {
  const plan = compile(POLICY, { apiKey: pick(["a", "__proto__", ""], rolled % 3) }, atMs)
  if ("missing" in plan) throw new Error(plan.missing)
  return plan.lines.filter((_, at) => ((1 + (rolled % 7)) >> at) % 2 === 1)
}

const pick = <Item>(items: readonly [Item, ...Item[]], at: number): Item => items[at] ?? items[0]

const amounts = (usd: number): Amounts => ({ usd, tokens: 0, requests: 1 })

/** A number of 31 bits from four. */
const die = (seed: number, life: number, i: number, salt: number): number => {
  let mixed = seed ^ 0x9e3779b9
  for (const part of [life, i, salt]) {
    mixed = Math.imul(mixed ^ part, 0x85ebca6b)
    mixed ^= mixed >>> 13
    mixed = Math.imul(mixed, 0xc2b2ae35)
    mixed ^= mixed >>> 16
  }
  return mixed >>> 1
}
