import { describe, expect, it } from "vitest"
import { compile } from "../../src/domain/compile.ts"
import {
  decodePolicy,
  definePolicy,
  formatProblem,
  policyChanges,
  seedPolicy,
} from "../../src/index.ts"

const tier = { at: "100%", block: true }
const budget = { id: "a", per: ["apiKey"], limit: { usd: 50 }, window: "hour", tiers: [tier] }
const policy = { budgets: [budget], unknownModel: "refuse", onStoreUnavailable: "deny" }

const problemsOf = (input: unknown): readonly string[] => {
  const decoded = decodePolicy(input)
  return decoded.ok ? [] : decoded.problems.map(formatProblem)
}

const withBudget = (change: object) => ({ ...policy, budgets: [{ ...budget, ...change }] })
const withTier = (change: object) => withBudget({ tiers: [{ ...tier, ...change }] })
const withTiers = (...tiers: object[]) => withBudget({ tiers })
const trip = (change: object) => withTiers({ at: "100%", trip: { coolDown: "1h", ...change } })

const at = "budgets[0].tiers[0].at"
const wrong: readonly (readonly [name: string, input: unknown, problem: string])[] = [
  ["no object", 7, "`7` is not an object"],
  ["nothing", null, "`null` is not an object"],
  ["no budgets", { ...policy, budgets: [] }, "budgets: the policy has no budget; add one"],
  ["budgets that are no list", { ...policy, budgets: {} }, "budgets: this object is not a list"],
  [
    "nothing said about a silent store",
    { ...policy, onStoreUnavailable: undefined },
    'onStoreUnavailable: nothing is not known; write "deny", "allow" or { "degrade": "10%", "hosts": 8 }',
  ],
  [
    "a store rule left out",
    { budgets: [budget], unknownModel: "refuse" },
    'onStoreUnavailable: is missing; add e.g. "onStoreUnavailable": "deny"',
  ],
  [
    "unknown models left out",
    { budgets: [budget], onStoreUnavailable: "deny" },
    'unknownModel: is missing; add e.g. "unknownModel": "refuse"',
  ],
  ["0 %", withTier({ at: "0%" }), `${at}: \`"0%"\` is not above 0 %; write e.g. "80%"`],
  ["a bare number", withTier({ at: 0 }), `${at}: \`0\` has no unit; write e.g. "80%" or "5usd"`],
  ["a negative", withTier({ at: "-5%" }), `${at}: \`"-5%"\` is not a percentage; write e.g. "80%"`],
  [
    "five decimals",
    withTier({ at: "1.00001%" }),
    `${at}: \`"1.00001%"\` is not a percentage; write e.g. "80%"`,
  ],
  [
    "an amount of another unit",
    withTier({ at: "5tokens" }),
    `${at}: \`"5tokens"\` is not in the budget's unit; write it in usd`,
  ],
  [
    "a threshold that no meter counts",
    withBudget({ limit: { usd: 9_000_000 }, tiers: [{ ...tier, at: "999%" }] }),
    `${at}: \`"999%"\` of the limit is more than a meter counts; write a lower one`,
  ],
  [
    "tiers out of order",
    withTiers({ ...tier, at: "90%" }, { at: "80%", notify: ["x"] }),
    'budgets[0].tiers[1].at: `"80%"` is below the tier before it; write tiers in rising order',
  ],
  [
    "two effects",
    withTier({ latch: true }),
    "budgets[0].tiers[0]: it blocks in two ways; keep one of `block`, `trip` and `latch`",
  ],
  [
    "a tier without effect",
    withTiers(tier, { at: "200%" }),
    "budgets[0].tiers[1]: it does nothing; add `notify`, `degrade`, `block`, `trip` or `latch`",
  ],
  [
    "an effect that is false",
    withTier({ block: false }),
    "budgets[0].tiers[0].block: `false` is not `true`; leave the field out to not have it",
  ],
  [
    "a policy that can never block",
    withTiers({ at: "80%", notify: ["slack"] }),
    'budgets: no tier of any budget ever blocks; add e.g. { "at": "100%", "block": true }, or "mode": "observe"',
  ],
  [
    "a limit of zero",
    withBudget({ limit: { usd: 0 } }),
    "budgets[0].limit.usd: `0` is not above 0; write an amount above 0",
  ],
  [
    "a negative limit",
    withBudget({ limit: { usd: -1 } }),
    'budgets[0].limit.usd: `-1` is not USD with at most nine decimals; write e.g. 50 or "0.25"',
  ],
  [
    "a limit above 9,000,000 USD",
    withBudget({ limit: { usd: 9_000_001 } }),
    "budgets[0].limit.usd: `9000001` is more than 9,000,000 USD, the most that one meter counts exactly; split the budget",
  ],
  [
    "part of a token",
    withBudget({ limit: { tokens: 1.5 } }),
    "budgets[0].limit.tokens: `1.5` is not an integer; write e.g. 1000",
  ],
  [
    "two units",
    withBudget({ limit: { usd: 1, tokens: 5 } }),
    'budgets[0].limit: it takes exactly one unit; write e.g. { "usd": 50 }',
  ],
  [
    "a limit of one subject that is none",
    withBudget({ limit: { usd: 1, overrides: { acme: "x" } } }),
    'budgets[0].limit.overrides.acme: `"x"` is not USD with at most nine decimals; write e.g. 50 or "0.25"',
  ],
  [
    "NaN in code",
    withBudget({ limit: { usd: Number.NaN } }),
    'budgets[0].limit.usd: `NaN` is not an amount; write e.g. 50 or "0.25"',
  ],
  ["a dimension twice", withBudget({ per: ["a", "a"] }), 'budgets[0].per[1]: `"a"` is there twice'],
  [
    "no dimension",
    withBudget({ per: [] }),
    'budgets[0].per: it names no dimension; write e.g. ["apiKey"], or ["platform"] for all together',
  ],
  [
    "an id twice",
    { ...policy, budgets: [budget, budget] },
    'budgets[1].id: `"a"` is there twice; ids are unique',
  ],
  [
    "an id with a slash",
    withBudget({ id: "a/b" }),
    'budgets[0].id: `"a/b"` is not a name of 1 to 64 characters without "/" and spaces; write e.g. "key-hour"',
  ],
  [
    "33 budgets",
    { ...policy, budgets: Array.from({ length: 33 }, (_, n) => ({ ...budget, id: `b${n}` })) },
    "budgets: it has 33; at most 32 bind one request",
  ],
  [
    "an unknown fallback of a tier",
    withTiers(tier, { at: "200%", degrade: "cheap" }),
    'budgets[0].tiers[1].degrade: `"cheap"` is not a fallback; add it under `fallbacks`',
  ],
  [
    "an unknown first fallback",
    { ...policy, onRefused: "x", fallbacks: { a: { answer: "no" } } },
    'onRefused: `"x"` is not a fallback; there are `"a"`',
  ],
  [
    "a fallback that loops",
    { ...policy, fallbacks: { a: { model: "m", next: "b" }, b: { wait: "1s", next: "a" } } },
    'fallbacks.a: it loops: `"a"` → `"b"` → `"a"`; end the chain',
  ],
  [
    "a typo",
    { ...policy, onStoreUnavailble: "deny" },
    "onStoreUnavailble: is not a known field; did you mean `onStoreUnavailable`?",
  ],
  [
    "a typo that is near two fields",
    withBudget({ tier: [] }),
    "budgets[0].tier: is not a known field; did you mean `tiers`?",
  ],
  ["a stranger", { ...policy, zzzzzz: 1 }, "zzzzzz: is not a known field; remove it"],
  [
    "a lease that is none",
    withBudget({ lease: "1%" }),
    'budgets[0].lease: `"1%"` is not a lease; write e.g. { "share": "1%", "for": "30s" }',
  ],
  [
    "a lease without a life",
    withBudget({ lease: { share: "1%" } }),
    'budgets[0].lease.for: is missing; add e.g. "for": "30s"',
  ],
  [
    "a lease of nothing",
    withBudget({ lease: { share: "0%", for: "30s" } }),
    'budgets[0].lease.share: `"0%"` is not above 0 %; write e.g. "80%"',
  ],
  [
    "a lease of half",
    withBudget({ lease: { share: "50%", for: "30s" } }),
    'budgets[0].lease.share: `"50%"` is more than 25 %, which few hosts would use up; write e.g. "1%"',
  ],
  [
    "a lease for a moment",
    withBudget({ lease: { share: "1%", for: "999ms" } }),
    'budgets[0].lease.for: `"999ms"` is not a duration from 1s to 1h; write e.g. "30s"',
  ],
  [
    "a lease for a day",
    withBudget({ lease: { share: "1%", for: "1d" } }),
    'budgets[0].lease.for: `"1d"` is not a duration from 1s to 1h; write e.g. "30s"',
  ],
  [
    "a repeat of nothing",
    withTier({ repeat: "0%" }),
    'budgets[0].tiers[0].repeat: `"0%"` is not above 0 %; write e.g. "80%"',
  ],
  [
    "a repeat that is true",
    withTier({ repeat: true }),
    'budgets[0].tiers[0].repeat: `true` is not a repeat; write e.g. "100%" or false',
  ],
  [
    "an unknown window",
    withBudget({ window: "fortnight" }),
    'budgets[0].window: `"fortnight"` is not a window; write e.g. "hour", { "day": { "timeZone": "Europe/Paris" } }, { "every": "6h" }, { "sliding": "1h" } or { "lifetime": { "idle": "24h" } }',
  ],
  [
    "a typo inside a window",
    withBudget({ window: { day: { timezone: "UTC" } } }),
    "budgets[0].window.day.timezone: is not a known field; did you mean `timeZone`?",
  ],
  [
    "a duration that is a number",
    withBudget({ window: { every: 5 } }),
    'budgets[0].window.every: `5` is not a duration; write e.g. "1h30m"',
  ],
  [
    "a typo inside a match",
    withBudget({ match: { modle: ["x"] } }),
    "budgets[0].match.modle: is not a known field; did you mean `model`?",
  ],
  [
    "a fallback of no kind",
    { ...policy, fallbacks: { a: { modle: "x" } } },
    'fallbacks.a: this object is not a fallback; write e.g. { "model": "gpt-5-mini" }, { "wait": "30s" }, { "answer": "…" } or { "custom": true }',
  ],
  [
    "tokens that are no number",
    { ...policy, maxOutputTokens: "many" },
    'maxOutputTokens: `"many"` is not a number',
  ],
  [
    "an unknown time zone",
    withBudget({ window: { day: { timeZone: "Mars/Phobos" } } }),
    'budgets[0].window.day.timeZone: `"Mars/Phobos"` is not an IANA time zone; write e.g. "America/New_York"',
  ],
  [
    "an offset in a zone's place",
    withBudget({ window: { day: { timeZone: "+05:30" } } }),
    'budgets[0].window.day.timeZone: `"+05:30"` is not an IANA time zone; write e.g. "America/New_York"',
  ],
  [
    "the 29th of each month",
    withBudget({ window: { month: { startsOn: 29 } } }),
    "budgets[0].window.month.startsOn: `29` is not an integer from 1 to 28",
  ],
  [
    "an eighth weekday",
    withBudget({ window: { week: { startsOn: 8 } } }),
    "budgets[0].window.week.startsOn: `8` is not an integer from 1 to 7",
  ],
  [
    "13 buckets",
    withBudget({ window: { sliding: "1h", buckets: 13 } }),
    "budgets[0].window.buckets: `13` is not an integer from 1 to 12",
  ],
  [
    "a duration of nothing",
    withBudget({ window: { every: "0s" } }),
    'budgets[0].window.every: `"0s"` is not a duration above 0; write e.g. "1h30m"',
  ],
  [
    "eleven years",
    withBudget({ window: { every: "5000d" } }),
    'budgets[0].window.every: `"5000d"` is longer than ten years; write e.g. "1h30m"',
  ],
  [
    "an anchor without an offset",
    withBudget({ window: { every: "6h", anchor: "2026-01-01T06:00:00" } }),
    'budgets[0].window.anchor: `"2026-01-01T06:00:00"` is not an instant; write e.g. "2026-01-01T06:00:00Z"',
  ],
  [
    "a cool-down that is none",
    trip({ coolDown: "soon" }),
    'budgets[0].tiers[0].trip.coolDown: `"soon"` is not a duration above 0; write e.g. "1h30m"',
  ],
  [
    "a longest cool-down that is shorter",
    trip({ maxCoolDown: "1m" }),
    'budgets[0].tiers[0].trip.maxCoolDown: `"1m"` is shorter than `coolDown`',
  ],
  [
    "probation of a bare number",
    trip({ probation: { allow: 5, for: "1m" } }),
    'budgets[0].tiers[0].trip.probation.allow: `5` has no unit; write e.g. "80%" or "5usd"',
  ],
  [
    "an unknown whenMissing",
    withBudget({ whenMissing: "ignore" }),
    'budgets[0].whenMissing: `"ignore"` is not known; write "refuse" or "skip"',
  ],
  [
    "an unknown mode",
    withBudget({ mode: "dry-run" }),
    'budgets[0].mode: `"dry-run"` is not known; write "enforce" or "observe"',
  ],
  [
    "a match of nothing",
    withBudget({ match: { model: [] } }),
    'budgets[0].match.model: it is empty and matches nothing; write e.g. ["gpt-5*"]',
  ],
  [
    "a match of everything",
    withBudget({ match: {} }),
    "budgets[0].match: it matches everything; leave it out, or name `model`, `provider` or `subject`",
  ],
  [
    "a share above all",
    { ...policy, onStoreUnavailable: { degrade: "110%", hosts: 2 } },
    'onStoreUnavailable.degrade: `"110%"` is more than all; write e.g. "10%"',
  ],
  [
    "no hosts",
    { ...policy, onStoreUnavailable: { degrade: "10%", hosts: 0 } },
    "onStoreUnavailable.hosts: `0` is not an integer from 1 to 100000",
  ],
  [
    "division by platform",
    { ...policy, partitionBy: "platform" },
    'partitionBy: `"platform"` does not divide anything; name a dimension, e.g. "org"',
  ],
  [
    "a channel named as the hook",
    withTier({ notify: ["events"] }),
    "budgets[0].tiers[0].notify[0]: `events` is the hook's own name; name the channel otherwise",
  ],
  [
    "an escalation of what waits for nobody",
    withTier({ notify: ["slack", "pager"], escalateAfter: "15m" }),
    "budgets[0].tiers[0].escalateAfter: only a latch waits for a person; add `latch`, or leave it out",
  ],
  [
    "an escalation to nobody else",
    withTiers({ at: "100%", latch: true, notify: ["pager", "pager"], escalateAfter: "15m" }),
    'budgets[0].tiers[0].escalateAfter: there is no next channel; name two or more in `notify`, as in ["slack", "pagerduty"]',
  ],
  [
    "an escalation after no time",
    withTiers({ at: "100%", latch: true, notify: ["slack", "pager"], escalateAfter: "soon" }),
    'budgets[0].tiers[0].escalateAfter: `"soon"` is not a duration above 0; write e.g. "1h30m"',
  ],
  [
    "an output of no tokens",
    { ...policy, maxOutputTokens: 0 },
    "maxOutputTokens: `0` is not an integer from 1 to 100000000",
  ],
]

describe("a policy that cannot be used", () => {
  for (const [name, input, problem] of wrong)
    it(`says where and how to mend it: ${name}`, () => {
      expect(problemsOf(input)).toContain(problem)
    })

  it("is told that it has no budget, whatever else it lacks", () => {
    expect(problemsOf({ budgets: [] })).toEqual([
      'unknownModel: is missing; add e.g. "unknownModel": "refuse"',
      'onStoreUnavailable: is missing; add e.g. "onStoreUnavailable": "deny"',
      "budgets: the policy has no budget; add one",
    ])
  })

  it("has the sense of one budget told beside its shape, and nothing that comes of that alone", () => {
    const odd = { id: "a b", limit: { usd: 0 }, tiers: [{ at: "0%", block: true, notfy: [] }] }
    expect(problemsOf({ budgets: [odd] }).map((line) => line.split(": ")[0])).toEqual([
      "budgets[0].per",
      "budgets[0].window",
      "budgets[0].tiers[0].notfy",
      "unknownModel",
      "onStoreUnavailable",
      "budgets[0].id",
      "budgets[0].limit.usd",
      "budgets[0].tiers[0].at",
    ])
    const blurred = {
      ...policy,
      budgets: [
        // The unit is not known, so that no threshold can be in another one.
        { ...budget, limit: { euro: 5 }, tiers: [{ at: "5tokens", block: true }] },
        { ...budget, id: 7, tiers: [{ at: "100%", blok: true }] },
        { ...budget, id: 7, tiers: [{ at: null, notify: ["x"] }, tier] },
      ],
      fallbacks: { cheap: { modle: "m" }, ["__proto__"]: 7, last: { model: "m", next: "cheap" } },
      onRefused: "cheap",
      partitionBy: "platform",
    }
    expect(problemsOf(blurred).map((line) => line.split(": ")[0])).toEqual([
      "budgets[0].limit.euro",
      "budgets[1].id",
      "budgets[1].tiers[0].blok",
      "budgets[2].id",
      "budgets[2].tiers[0].at",
      "fallbacks.cheap",
      "fallbacks.__proto__",
      "partitionBy",
    ])
    const nameless = { ...policy, budgets: [{ ...budget, tiers: [{ ...tier, degrade: "a" }] }] }
    expect(problemsOf({ ...nameless, fallbacks: 7 })).toEqual(["fallbacks: `7` is not an object"])
  })

  it("has all its problems told at once, of shape and of sense", () => {
    const input = {
      ...policy,
      unknwonModel: "refuse",
      budgets: [
        { ...budget, limit: { usd: 0 }, tiers: [{ at: "0%", block: true }] },
        { ...budget, per: "apiKey" },
        { ...budget, window: "fortnight" },
        { ...budget, tiers: [{ at: "90%", degrade: "cheap" }] },
      ],
      fallbacks: { a: { model: "m", next: "a" } },
      onRefused: "b",
    }
    expect(problemsOf(input).map((line) => line.slice(0, line.indexOf(": ")))).toEqual(
      expect.arrayContaining([
        "unknwonModel",
        "budgets[0].limit.usd",
        "budgets[0].tiers[0].at",
        "budgets[1].per",
        "budgets[2].window",
        "budgets[3].id",
        "budgets[3].tiers[0].degrade",
        "fallbacks.a",
        "onRefused",
      ]),
    )
  })

  it("says each thing once", () => {
    const lines = problemsOf(withBudget({ window: { day: { timezone: "UTC" } } }))
    expect(lines).toHaveLength(1)
  })

  it("never shows what may be a secret", () => {
    const secret = `https://hooks.example/${"x".repeat(60)}`
    const shown = problemsOf(withBudget({ window: secret, mode: { token: secret } })).join("\n")
    expect(shown).not.toContain("hooks.example")
  })
})

describe("a policy that can be used", () => {
  it("takes every field of the reference", () => {
    const read = definePolicy({
      $schema: "./policy.schema.json",
      budgets: [
        {
          id: "key",
          per: ["org", "apiKey"],
          limit: { usd: "0.25", overrides: { k9: 5 } },
          window: { week: { timeZone: "Europe/Paris", startsOn: 7 } },
          whenMissing: "skip",
          match: { model: ["gpt-5*"], provider: ["openai"], subject: { team: ["research-*"] } },
          tiers: [
            { at: "50%", degrade: "cheap", repeat: "25%" },
            { at: "0.2usd", notify: ["slack"], message: "nearly" },
            {
              at: "100%",
              repeat: false,
              trip: {
                coolDown: "1h",
                maxCoolDown: "1d",
                probation: { allow: "10%", for: "10m" },
              },
            },
          ],
        },
      ],
      unknownModel: { price: { inputUsd: 5, outputUsd: "25" } },
      onStoreUnavailable: { degrade: "10%", hosts: 8 },
      maxOutputTokens: 16_384,
      minOutputTokens: 16,
      fallbacks: { cheap: { model: "gpt-5-mini", next: "later" }, later: { wait: "30s" } },
      onRefused: "cheap",
      partitionBy: "org",
    })
    expect(read.budgets[0]).toMatchObject({ limit: 250_000_000, whenMissing: "skip" })
    expect(read.fallbackChains?.get("cheap")).toEqual(["cheap", "later"])
  })

  it("matches by the subject's own dimensions", () => {
    const read = definePolicy({
      budgets: [
        {
          id: "research",
          per: ["platform"],
          limit: { usd: 1 },
          window: "day",
          match: { subject: { team: ["research-*"] } },
          tiers: [{ at: "100%", block: true }],
        },
      ],
      unknownModel: "refuse",
      onStoreUnavailable: "deny",
    })
    const linesOf = (subject: Record<string, string>) => {
      const plan = compile(read, subject, 0)
      return "missing" in plan ? -1 : plan.lines.length
    }
    expect(linesOf({ team: "research-1" })).toBe(1)
    expect(linesOf({ team: "sales" })).toBe(0)
    expect(linesOf({})).toBe(0)
  })

  it("keeps names that are dangerous elsewhere", () => {
    const json: unknown = JSON.parse(
      '{"budgets":[{"id":"__proto__","per":["__proto__"],"limit":{"usd":1,"overrides":{"__proto__":2,"constructor":3}},"window":"day","tiers":[{"at":"100%","block":true}]}],"unknownModel":"refuse","onStoreUnavailable":"deny","fallbacks":{"__proto__":{"answer":"no"}},"onRefused":"__proto__"}',
    )
    const decoded = decodePolicy(json)
    if (!decoded.ok) throw new Error(decoded.problems.map(formatProblem).join("\n"))
    const subject: Record<string, string> = JSON.parse('{"__proto__":"__proto__"}')
    const plan = compile(decoded.policy, subject, 0)
    if ("missing" in plan) throw new Error("missing")
    expect(plan.lines[0]?.terms.limit).toBe(2_000_000_000)
    expect(decoded.policy.fallbacks.get("__proto__")).toEqual({ kind: "answer", text: "no" })
  })

  it("has a ready form, the seed's", () => {
    const { budgets } = seedPolicy({ hourlyUsd: 50, dailyUsd: 300 })
    expect(budgets.map(({ id, limit }) => [id, limit])).toEqual([
      ["hour", 50_000_000_000],
      ["day", 300_000_000_000],
    ])
    expect(() => seedPolicy({ hourlyUsd: 0, dailyUsd: 300 })).toThrow("budgets[0].limit.usd: `0`")
  })

  it("names what a reload forgets", () => {
    const before = definePolicy({
      budgets: [
        {
          id: "a",
          per: ["k"],
          limit: { usd: 1 },
          window: "hour",
          tiers: [{ at: "100%", block: true }],
        },
        {
          id: "b",
          per: ["k"],
          limit: { usd: 1 },
          window: "hour",
          tiers: [{ at: "100%", block: true }],
        },
        {
          id: "c",
          per: ["k"],
          limit: { usd: 1 },
          window: "hour",
          tiers: [{ at: "100%", block: true }],
        },
      ],
      unknownModel: "refuse",
      onStoreUnavailable: "deny",
    })
    const [a, b] = before.budgets
    if (a === undefined || b === undefined) throw new Error("no budgets")
    const after = {
      ...before,
      budgets: [
        { ...a, limit: 5 },
        { ...b, unit: "tokens" as const },
      ],
    }
    expect(policyChanges(before, after)).toEqual([
      "budget `b` starts fresh meters: unit changed",
      "budget `c` is gone: what it counted is forgotten",
    ])
  })
})
