import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { compile } from "../../src/domain/compile.ts"
import { decodePolicy, formatProblem } from "../../src/index.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 300)
const SEED = Number(process.env.LAW_SEED ?? 20_260_115)
const with_ = { seed: SEED, numRuns: RUNS }

const name = fc.constantFrom("a", "b", "apiKey", "platform", "__proto__", "constructor", "", "x y")
const at = fc.constantFrom(
  "0%",
  "50%",
  "80%",
  "100%",
  "250%",
  "999999%",
  "5usd",
  "3tokens",
  0,
  7,
  "x",
)
const duration = fc.constantFrom("0s", "1ms", "1h30m", "2d", "99999d", "soon")
const tier = fc.record(
  {
    at,
    block: fc.constantFrom(true, false),
    latch: fc.constant(true),
    trip: fc.record({ coolDown: duration, maxCoolDown: duration }, { requiredKeys: ["coolDown"] }),
    notify: fc.array(name, { maxLength: 2 }),
    degrade: name,
    repeat: fc.constantFrom("100%", "0%", false, "33.3333%"),
    message: fc.string(),
  },
  { requiredKeys: ["at"] },
)
const amount = fc.constantFrom(
  0,
  1,
  50,
  "0.25",
  9_000_000,
  9_000_001,
  -1,
  1e-9,
  1e21,
  "1e5",
  Number.NaN,
)
const window = fc.oneof(
  fc.constantFrom("hour", "day", "week", "month", "lifetime", "year"),
  fc.record({ every: duration, anchor: fc.constantFrom("2026-01-01", "yesterday") }),
  fc.record({ sliding: duration, buckets: fc.constantFrom(1, 12, 13, 0.5) }),
  fc.record({ day: fc.record({ timeZone: fc.constantFrom("UTC", "Asia/Kathmandu", "Mars") }) }),
)
const budget = fc.record(
  {
    id: name,
    per: fc.array(name, { maxLength: 2 }),
    limit: fc.oneof(
      fc.record({ usd: amount }),
      fc.record({ tokens: amount, overrides: fc.dictionary(name, amount, { maxKeys: 2 }) }),
    ),
    window,
    tiers: fc.array(tier, { maxLength: 3 }),
    whenMissing: fc.constantFrom("skip", "refuse"),
    mode: fc.constantFrom("observe", "enforce"),
  },
  { requiredKeys: ["id", "per", "limit", "window", "tiers"] },
)
const nearly = fc.record(
  {
    budgets: fc.array(budget, { maxLength: 3 }),
    unknownModel: fc.constantFrom("refuse", "count-tokens-only", "free"),
    onStoreUnavailable: fc.constantFrom("deny", "allow", { degrade: "10%", hosts: 2 }),
    fallbacks: fc.dictionary(
      name,
      fc.record({ model: name, next: name }, { requiredKeys: ["model"] }),
    ),
    partitionBy: name,
  },
  { requiredKeys: ["budgets", "unknownModel", "onStoreUnavailable"] },
)
/** Each field good on its own, so that most of them decode. */
const good = fc.record({
  budgets: fc.array(
    fc.record({
      id: fc.constant("a"),
      per: fc.constantFrom(["apiKey"], ["__proto__"], ["platform"], ["org", "apiKey"]),
      limit: fc.oneof(
        fc.record({ usd: fc.constantFrom(1, "0.000000001", 9_000_000) }),
        fc.record({ tokens: fc.integer({ min: 1 }) }),
      ),
      window: fc.constantFrom("hour", "month", { sliding: "1h" }, { every: "6h" }, "lifetime"),
      tiers: fc.constantFrom(
        [{ at: "100%", block: true }],
        [
          { at: "0.0001%", notify: [] },
          { at: "33.3333%", trip: { coolDown: "1h" } },
        ],
      ),
    }),
    { minLength: 1, maxLength: 1 },
  ),
  unknownModel: fc.constant("refuse"),
  onStoreUnavailable: fc.constant("deny"),
})

const subject = { apiKey: "k1", org: "o1", a: "1", b: "2", "x y": "3", "": "4" }

describe("decodePolicy", () => {
  it("never crashes, whatever it is given, and says something of each problem", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.jsonValue(), nearly), (input) => {
        const decoded = decodePolicy(input)
        if (decoded.ok) return
        expect(decoded.problems.length).toBeGreaterThan(0)
        for (const problem of decoded.problems) {
          const line = formatProblem(problem)
          expect(line).not.toMatch(/[\n\r]/)
          expect(problem.message.length).toBeGreaterThan(3)
        }
      }),
      with_,
    )
  })

  it("takes nothing that cannot be compiled, at any instant, into whole amounts above 0", () => {
    let taken = 0
    const atMs = fc.integer({ min: 0, max: Date.UTC(2100, 0) })
    fc.assert(
      fc.property(fc.oneof(good, nearly), atMs, (input, issuedAtMs) => {
        const decoded = decodePolicy(input)
        if (!decoded.ok) return
        taken += 1
        const plan = compile(decoded.policy, subject, issuedAtMs)
        if ("missing" in plan) return
        for (const { period, terms } of plan.lines) {
          expect(period.startMs).toBeLessThanOrEqual(issuedAtMs)
          expect(period.endMs).toBeGreaterThan(issuedAtMs)
          expect(Number.isSafeInteger(period.keptUntilMs)).toBe(true)
          expect(terms.limit).toBeGreaterThan(0)
          for (const { at: amountAt, repeat } of terms.tiers) {
            expect(Number.isSafeInteger(amountAt) && amountAt > 0).toBe(true)
            expect(Number.isSafeInteger(repeat) && repeat >= 0).toBe(true)
          }
        }
      }),
      with_,
    )
    expect(taken).toBeGreaterThan(RUNS / 10)
  })

  it("says the same of the same, and of its JSON", () => {
    fc.assert(
      fc.property(good, (input) => {
        const twice = decodePolicy(JSON.parse(JSON.stringify(input)))
        expect(twice).toEqual(decodePolicy(input))
      }),
      with_,
    )
  })
})
