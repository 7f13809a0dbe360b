import { definePolicy } from "@spendfuse/core"
import { type Command, type CommandId, compile, type Line, NOTHING } from "@spendfuse/core/domain"
import fc from "fast-check"
import { Redis } from "ioredis"
import { expect, inject, it } from "vitest"
import { SCRIPTS } from "../src/scripts.ts"
import { Lockstep, type Quick } from "./lockstep.ts"

/*
 * Calls as an engine makes them, most of them far from any edge, some at one: there the quick answer must
 * leave the decision to the full rules at the very amount and instant.
 */

const RUNS = Number(process.env.LAW_RUNS ?? 60)
const SEED = Number(process.env.LAW_SEED ?? 778)
const T0 = Date.UTC(2026, 0, 15, 10, 20)

const policy = definePolicy({
  budgets: [
    {
      id: "b-org",
      per: ["org"],
      limit: { usd: 0.000_000_3 },
      window: "hour",
      tiers: [
        { at: "50%", notify: ["ops"] },
        { at: "100%", block: true },
      ],
    },
    {
      id: "b-user",
      per: ["user"],
      limit: { tokens: 100 },
      window: { every: "1m" },
      tiers: [
        { at: "20%", degrade: "small" },
        { at: "100%", block: true },
      ],
    },
    {
      id: "b-all",
      per: ["platform"],
      limit: { requests: 8 },
      window: "hour",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  fallbacks: { small: { model: "m" } },
  partitionBy: "org",
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 1_000,
})

const step = fc.record({
  what: fc.constantFrom(
    "reserve",
    "reserve",
    "reserve",
    "reserve",
    "settle",
    "settle",
    "settle",
    "part",
    "again",
    "extend",
    "switch",
    "charge",
  ),
  user: fc.constantFrom("u1", "u2"),
  big: fc.boolean(),
  usd: fc.nat(6),
  each: fc.nat(3),
  most: fc.nat(5),
  over: fc.integer({ min: 0, max: 12 }),
  pick: fc.nat(),
  later: fc.constantFrom(0, 0, 0, 1, 1, 1, 900, 900, 5_000, 31_000, 46_000),
  done: fc.boolean(),
  short: fc.boolean(),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** How commands go to the script: each alone, or those of one moment together. */
type Way = "alone" | "together"

const walk = async (
  redis: Redis,
  steps: readonly Step[],
  quick: Quick,
  way: Way,
  script?: string,
): Promise<void> => {
  const both = new Lockstep(redis, quick, script)
  const lines = new Map<
    string,
    { lines: readonly Line[]; switches: readonly string[]; division: string }
  >()
  const running: CommandId[] = []
  const sent: Command[] = []
  let [atMs, n, done, isOff] = [T0, 0, 0, false]
  let moment: Command[] = []
  const pass = async (): Promise<void> => {
    const commands = moment
    moment = []
    if (commands.length > 0) await both.sendTogether(commands, atMs)
  }
  for (const one of steps) {
    const later = way === "together" && one.later < 900 ? 0 : one.later
    if (later > 0) await pass()
    atMs += later
    if (one.done) done = n
    const key = `${one.user}${Math.floor(atMs / 60_000)}`
    const plan = lines.get(key) ?? planOf(one.user, atMs)
    lines.set(key, plan)
    const head = { id: { source: "s", n: n + 1 }, done: Math.min(done, n), division: plan.division }
    const reservation = running[one.pick % Math.max(1, running.length)]
    const command = commandOf(one, {
      head,
      plan,
      atMs,
      reservation,
      again: sent[one.pick % Math.max(1, sent.length)],
      isOff,
    })
    if (command === undefined) continue
    if (command.kind === "switch") isOff = command.state === "off"
    if (command.id.n === n + 1) {
      n += 1
      sent.push(command)
    }
    if (command.kind === "reserve" && one.what !== "again") running.push(command.id)
    if (command.kind === "settle" && command.final && one.over < 11 && one.what !== "again")
      running.splice(running.indexOf(command.reservation), 1)
    if (way === "alone") await both.send(command, atMs)
    else moment.push(command)
  }
  await pass()
  quick.set("together", (quick.get("together") ?? 0) + both.together)
}

const planOf = (user: string, atMs: number) => {
  const plan = compile(policy, { org: "acme", user }, atMs)
  if ("missing" in plan) throw new Error(plan.missing)
  return plan
}

interface At {
  readonly head: Pick<Command, "id" | "done" | "division">
  readonly plan: ReturnType<typeof planOf>
  readonly atMs: number
  readonly reservation: CommandId | undefined
  readonly again: Command | undefined
  readonly isOff: boolean
}

const commandOf = (
  one: Step,
  { head, plan, atMs, reservation, again, isOff }: At,
): Command | undefined => {
  const actual = { usd: 10 * one.usd, tokens: one.over, requests: 1 }
  const ends = one.short ? 45_000 : 600_000
  switch (one.what) {
    case "reserve":
      return {
        kind: "reserve",
        ...head,
        issuedAtMs: atMs,
        lines: plan.lines,
        switches: plan.switches,
        base: { usd: one.big ? 60 : 30, tokens: 12, requests: 1 },
        perUnit: { ...NOTHING, tokens: one.each },
        units: { least: Math.min(one.most, 2), most: one.most },
        expiresAtMs: atMs + ends,
        via: null,
        swallowed: 0,
      }
    case "settle":
    case "part":
      if (reservation === undefined) return undefined
      return {
        kind: "settle",
        ...head,
        reservation,
        seq: 1 + (one.pick % 2),
        actual,
        final: one.what === "settle",
      }
    case "extend":
      if (reservation === undefined) return undefined
      return {
        kind: "extend",
        ...head,
        reservation,
        issuedAtMs: atMs,
        base: { ...NOTHING, usd: one.over },
        perUnit: NOTHING,
        units: { least: 0, most: 0 },
        expiresAtMs: atMs + ends,
      }
    case "charge":
      return { kind: "charge", ...head, lines: plan.lines, amounts: actual, ends: null }
    case "switch":
      if (one.over > 3 && !isOff) return undefined
      return {
        kind: "switch",
        ...head,
        switch: plan.switches[one.pick % plan.switches.length] ?? "",
        state: isOff ? "on" : "off",
        untilMs: null,
        by: "ann",
        why: "w",
      } as Command
    default:
      return again
  }
}

const check = async (quick: Quick, way: Way, script?: string): Promise<void> => {
  const redis = new Redis(inject("redisUrl"))
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) =>
        walk(redis, steps, quick, way, script),
      ),
      { numRuns: way === "alone" ? RUNS : 4 * RUNS, seed: SEED, endOnFailure: true },
    )
  } finally {
    redis.disconnect()
  }
}

it("what is answered quickly is what the core answers (I12)", async () => {
  const quick: Quick = new Map()
  await check(quick, "alone")
  expect(quick.get("reserve") ?? 0).toBeGreaterThan(RUNS / 2)
  expect(quick.get("settle") ?? 0).toBeGreaterThan(RUNS / 2)
})

it("what is answered together is what the core answers one by one (I12)", async () => {
  const quick: Quick = new Map()
  await check(quick, "together")
  expect(quick.get("together") ?? 0).toBeGreaterThan(2 * RUNS)
})

const MUTANTS: Readonly<Record<string, readonly [string, string, Way?]>> = {
  "a level that is passed in silence": [
    "settled + actual[unit] >= level",
    "settled + actual[unit] > level",
  ],
  "a cap that is one too high": ["local room = cap - settled", "local room = cap + 1 - settled"],
  "a hold that is not freed": ["its[2] - hold[its[9]]", "its[2] - hold[its[9]] + 1"],
  "a number that counts twice": [
    'source:find("\\254" .. n .. "=", from or #source, true)',
    "false",
  ],
  "an overdue hold that is not ended": ["tonumber(nextMs) <= now", "false"],
  "a switch that is not looked at": [
    "if off then\n      return true",
    "if false then\n      return true",
  ],
  "a degraded model that is let through": ["settled >= degradeAt", "false"],
  "a number that counts twice in one run": [
    "state.fresh[number], state.taken[key] = true, true",
    "",
    "together",
  ],
  "a Reserve that the next in its run does not see": [
    "its[2] = its[2] + base[its[9]]",
    "its[2] = shape.isLater and its[2] or its[2] + base[its[9]]; shape.isLater = true",
    "together",
  ],
  "a run that goes on after what it may not decide": [
    "numbers, place) then\n        break",
    'numbers, place) then\n        state.answers[#state.answers + 1] = ";0;S"',
    "together",
  ],
}

it.each(Object.entries(MUTANTS))(
  "a script with %s is convicted",
  async (_, [from, to, way = "alone"]) => {
    expect(SCRIPTS.step.includes(from)).toBe(true)
    await expect(check(new Map(), way, SCRIPTS.step.replaceAll(from, to))).rejects.toThrow()
  },
  120_000,
)
