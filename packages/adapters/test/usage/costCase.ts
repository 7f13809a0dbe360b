import type { Shape } from "../../src/fetch.ts"

/** One answer of a provider, and what it costs. */
export interface CostCase {
  readonly name: string
  readonly shape: Shape
  readonly provider: string
  readonly model: string
  /** 2026-11-01 unless given. */
  readonly at?: string
  /** A JSON body, or the data of each event of a stream. */
  readonly body: object | readonly (object | string)[]
  /** By hand: count × nano-USD each, summed; a fraction is rounded up once. */
  readonly sum: string
  /** What that makes. */
  readonly nano: number
}

/** Works the sum out, exactly: nothing of it is the product's arithmetic. */
export const worked = (sum: string): bigint => {
  const [products = "", divisor = "1"] = sum.split(" / ")
  let all = 0n
  for (const term of products.split(" + ")) {
    let product = SCALE
    for (const factor of term.split(" × ")) {
      const [whole = "0", fraction = ""] = factor.split(".")
      product = (product * BigInt(whole + fraction)) / 10n ** BigInt(fraction.length)
    }
    all += product
  }
  const under = SCALE * BigInt(divisor)
  return all / under + (all % under === 0n ? 0n : 1n)
}

const SCALE = 1_000_000_000_000n
