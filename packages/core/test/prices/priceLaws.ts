import fc from "fast-check"
import { type Bounds, USAGE_COMPONENTS, type Usage, type UsageComponent } from "../../src/domain.ts"
import type { Core, Law } from "../laws/prove.ts"
import { allRates, anyRates, anyUsage, ceiling, check, exactly } from "./rationals.ts"

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what)
}

/** P1 exact: a cost equals its rational value, and what has no rate is unknown. */
const exact = ({ costOf }: Core): void => {
  check(
    fc.property(anyRates, anyUsage, (rates, usage) => {
      // A million times as many, and the service tier's divisor: the exact cost is whole.
      const whole = Object.fromEntries(
        Object.entries({ calls: 0, ...usage }).map(([name, count]) => [
          name,
          (count % 9) * 1_000_000 * rates.factor.by,
        ]),
      )
      const value = exactly(rates, whole)
      const cost = costOf(rates, whole)
      if (value === null) return must(cost.kind === "unknown-rate", "what has no rate has a price")
      must(value.over % value.under === 0n, "the law's own sum is not whole")
      if (cost.kind !== "cost") return must(cost.kind === "invalid-usage", "it has no price")
      must(BigInt(cost.nanoUsd) === value.over / value.under, "it is not exact")
      for (const { component, count } of cost.lines)
        must(count === (whole[component] ?? 0), "a line counts what was not used")
    }),
  )
  check(
    fc.property(
      allRates,
      anyUsage,
      badCount,
      fc.constantFrom(...USAGE_COMPONENTS),
      (rates, usage, bad, name) => {
        const cost = costOf(rates, { ...usage, [name]: bad })
        must(cost.kind === "invalid-usage", "what is no count has a price")
        must(
          costOf(rates, { ...usage, reasoning: 1 } as Usage).kind === "invalid-usage",
          "unknown is free",
        )
      },
    ),
  )
}

const badCount = fc.constantFrom(-1, 0.5, Number.NaN, 1e300, 2 ** 53, "5" as unknown as number)

/** P2 rounds up once: the least whole nano-USD that is not below the exact cost. */
const roundsUpOnce = ({ costOf }: Core): void =>
  check(
    fc.property(anyRates, anyUsage, (rates, usage) => {
      const value = exactly(rates, usage)
      const cost = costOf(rates, usage)
      if (value === null || cost.kind !== "cost") return
      must(BigInt(cost.nanoUsd) === ceiling(value), "it is not rounded up once")
    }),
  )

const INPUT = USAGE_COMPONENTS.filter((name) => /^(?:input|cache|.*(?:Input|CacheRead))/.test(name))
const OUTPUT = USAGE_COMPONENTS.filter((name) => /utput/.test(name))

const isHeard = (name: string): boolean => name.startsWith("audio")
const isSeen = (name: string): boolean => name.startsWith("image")

/** All of it of one kind, or one half each of two: what the dearest rate has to cover. */
const spread = (names: readonly UsageComponent[], most: number, at: number): Usage => {
  const one = names[at % names.length]
  const other = names[Math.floor(at / names.length) % names.length]
  if (one === undefined || other === undefined || one === other || at % 2 === 0)
    return one === undefined ? {} : { [one]: most }
  return { [one]: Math.ceil(most / 2), [other]: Math.floor(most / 2) }
}

const anyBounds: fc.Arbitrary<Bounds> = fc.record({
  inputTokens: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(1_000, 200_001)),
  choices: fc.integer({ min: 1, max: 3 }),
  audio: fc.boolean(),
  images: fc.boolean(),
  imageCount: fc.integer({ min: 0, max: 2 }),
  searches: fc.integer({ min: 0, max: 3 }),
})

/** P3 worst case: never below the cost of anything that the call can use. */
const worstCase = ({ costOf, worstCaseOf }: Core): void => {
  const kinds = fc.record({ input: fc.nat(200), output: fc.nat(200), search: fc.nat(1) })
  const outputs = fc.oneof(fc.nat(3), fc.constantFrom(500, 100_000))
  check(
    fc.property(allRates, anyBounds, kinds, outputs, (rates, bounds, kind, n) => {
      const can = (name: string): boolean =>
        (bounds.audio || !isHeard(name)) && (bounds.images || !isSeen(name) || /utput/.test(name))
      const usage: Usage = {
        ...spread(INPUT.filter(can), bounds.inputTokens, kind.input),
        ...spread(OUTPUT.filter(can), n * bounds.choices, kind.output),
        ...spread(["webSearches", "fileSearches"], bounds.searches, 2 * kind.search),
        images: bounds.imageCount,
      }
      const cost = costOf(rates, usage)
      const worst = worstCaseOf(rates, bounds)
      if (cost.kind !== "cost" || worst.kind !== "worst") return
      const most = BigInt(worst.baseNanoUsd) + BigInt(n) * BigInt(worst.perOutputTokenNanoUsd)
      must(most >= BigInt(cost.nanoUsd), "a call can cost more than its worst case")
    }),
    3,
  )
}

/** P4 more usage: never costs less. */
const moreUsage = ({ costOf }: Core): void =>
  check(
    fc.property(anyRates, anyUsage, anyUsage, (rates, usage, more) => {
      const both = Object.fromEntries(
        USAGE_COMPONENTS.map((name) => [name, (usage[name] ?? 0) + (more[name] ?? 0)]),
      )
      const less = costOf(rates, { calls: 0, ...usage })
      const all = costOf(rates, both)
      if (less.kind !== "cost" || all.kind !== "cost") return
      must(all.nanoUsd >= less.nanoUsd, "more usage costs less")
    }),
  )

export const priceLaws: readonly Law[] = [
  { id: "P1", name: "exact", holds: exact },
  { id: "P2", name: "rounds up once", holds: roundsUpOnce },
  { id: "P3", name: "worst case", holds: worstCase },
  { id: "P4", name: "more usage", holds: moreUsage },
]
