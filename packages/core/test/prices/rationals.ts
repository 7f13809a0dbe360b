import fc from "fast-check"
import type { Rate, Rates, Usage, UsageComponent } from "../../src/domain.ts"
import { USAGE_COMPONENTS } from "../../src/domain.ts"

/** Seeds and runs of all price laws; a nightly raises them. */
export const check = <T>(property: fc.IProperty<T>, times = 1): void =>
  fc.assert(property, {
    numRuns: times * Number(process.env.LAW_RUNS ?? 300),
    seed: Number(process.env.LAW_SEED ?? 20261125),
  })

/** A fraction, as taught at school: nothing of the price's own arithmetic. */
interface Fraction {
  readonly over: bigint
  readonly under: bigint
}

const plus = (one: Fraction, other: Fraction): Fraction => ({
  over: one.over * other.under + other.over * one.under,
  under: one.under * other.under,
})

const product = (...factors: readonly (readonly [number, number])[]): Fraction => ({
  over: factors.reduce((all, [over]) => all * BigInt(over), 1n),
  under: factors.reduce((all, [, under]) => all * BigInt(under), 1n),
})

/** What is input: by the meaning of each name, not by a list of the source. */
const isInput = (name: string): boolean =>
  name.endsWith("Tokens") && !name.toLowerCase().includes("output")

export const inputOf = (usage: Usage): number =>
  USAGE_COMPONENTS.filter(isInput).reduce((sum, name) => sum + (usage[name] ?? 0), 0)

/** The dearer rate holds for the whole call, where its input is longer than the threshold. */
const rateFor = (rate: Rate, input: number): number =>
  [...rate.tiers].reverse().find(({ above }) => above < input)?.rate ?? rate.base

/** The exact cost in nano-USD; null where a rate is missing. */
export const exactly = ({ components, factor }: Rates, usage: Usage): Fraction | null => {
  let sum: Fraction = { over: 0n, under: 1n }
  for (const name of USAGE_COMPONENTS) {
    const rate = components[name]
    const count = usage[name] ?? (name === "calls" && rate !== undefined ? 1 : 0)
    if (count === 0) continue
    if (rate === undefined) return null
    const counted = name.endsWith("Tokens")
      ? ([factor.times, factor.by] as const)
      : ([1, 1] as const)
    sum = plus(sum, product([count, 1], [rateFor(rate, inputOf(usage)), 1_000_000], counted))
  }
  return sum
}

/** The least whole number that is not below a fraction. */
export const ceiling = ({ over, under }: Fraction): bigint => {
  let whole = over / under
  while (whole * under < over) whole += 1n
  return whole
}

const ABOVE = [3, 7] as const
const rate = fc.oneof(
  fc.constantFrom(0, 1, 37_500, 1_000_000, 2_500_000),
  fc.integer({ min: 0, max: 20_000_000_000 }),
)

/** A rate whose longer calls are never cheaper. */
const anyRate: fc.Arbitrary<Rate> = fc
  .tuple(rate, fc.array(rate, { maxLength: 2 }))
  .map(([base, more]) => {
    const all = [base, ...more].sort((one, other) => one - other)
    return {
      base: all[0] ?? 0,
      tiers: all.slice(1).map((dearer, at) => ({ above: ABOVE[at] ?? 9, rate: dearer })),
    }
  })

const recordOf = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Partial<Record<UsageComponent, T>>> =>
  fc.record(
    Object.fromEntries(USAGE_COMPONENTS.map((name) => [name, value])) as Record<
      UsageComponent,
      fc.Arbitrary<T>
    >,
    { requiredKeys: [] },
  ) as fc.Arbitrary<Partial<Record<UsageComponent, T>>>

const factors = fc.constantFrom(
  { times: 1, by: 1 },
  { times: 1, by: 2 },
  { times: 17, by: 10 },
  { times: 6, by: 1 },
)

export const anyRates: fc.Arbitrary<Rates> = fc.record({
  components: recordOf(anyRate),
  factor: factors,
})

/** Counts around the thresholds, and great ones. */
export const anyUsage: fc.Arbitrary<Usage> = recordOf(
  fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom(7, 8, 1_000_000, 123_457)),
)

/** Rates for all, so that only the arithmetic decides. */
export const allRates: fc.Arbitrary<Rates> = fc.record({
  components: fc.record(
    Object.fromEntries(USAGE_COMPONENTS.map((name) => [name, anyRate])) as Record<
      UsageComponent,
      fc.Arbitrary<Rate>
    >,
  ),
  factor: factors,
})
