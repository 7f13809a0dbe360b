import type { Prices } from "../../ports/Prices.ts"

/** Prices of one model at one time, as numbers: what plain input and output cost at most, and do cost. */
export interface Rates {
  /** At most, all but the output, of so many input tokens; NaN where the price list must be asked. */
  readonly base: (inputTokens: number) => number
  /** At most, of one output token. */
  readonly perOutput: (inputTokens: number) => number
  /** Exactly, rounded up once; NaN where the price list must be asked. */
  readonly cost: (inputTokens: number, outputTokens: number) => number
  /** The model's own maximum of output tokens. */
  readonly maxOutputTokens: number | null
}

/**
 * The price list, asked once for each count of input tokens and not for each call. A history has the same counts
 * again and again, and a rate is a rate: what a call costs is input × rate + output × rate, exactly. The list is
 * compared anew for each quarter of an hour that a history enters.
 */
export class RateTable {
  readonly #prices: Prices
  readonly #known = new Map<string, Known>()
  #lastModel: string | undefined
  #lastProvider: string | undefined
  #last: Known | null = null

  constructor(prices: Prices) {
    this.#prices = prices
  }

  /** Null where the model has no plain price: then the price list itself is asked, call by call. */
  of(model: string, provider: string | undefined, atMs: number): Rates | null {
    const quarter = Math.floor(atMs / QUARTER_MS)
    let known = this.#last
    if (known === null || model !== this.#lastModel || provider !== this.#lastProvider) {
      const key = `${provider === undefined ? "" : provider.length}/${provider ?? ""}/${model}`
      known = this.#known.get(key) ?? null
      if (known === null) {
        if (this.#known.size >= MODELS_KEPT) this.#known.clear()
        known = { quarter: Number.NaN, probe: "", table: null }
        this.#known.set(key, known)
      }
      this.#lastModel = model
      this.#lastProvider = provider
      this.#last = known
    }
    if (known.quarter !== quarter) this.#renew(known, model, provider, quarter)
    return known.table
  }

  #renew(known: Known, model: string, provider: string | undefined, quarter: number): void {
    const ask = { model, ...(provider !== undefined && { provider }) }
    const startMs = quarter * QUARTER_MS
    const ends = [startMs, startMs + QUARTER_MS - 1].map((atMs) =>
      JSON.stringify(PROBES.map((tokens) => probed(this.#prices, { ...ask, atMs }, tokens))),
    )
    const [probe = "", last] = ends
    known.quarter = quarter
    if (probe === known.probe && probe === last) return
    known.probe = probe === last ? probe : ""
    const isPlain = probe === last && !probe.includes("null")
    known.table = isPlain ? new Table(this.#prices, { ...ask, atMs: startMs }) : null
  }
}

interface Known {
  quarter: number
  probe: string
  table: Rates | null
}

interface Asked {
  readonly model: string
  readonly provider?: string
  readonly atMs: number
}

const QUARTER_MS = 900_000
const MODELS_KEPT = 32
/** Counts between which the known lists change their rates. */
const PROBES = [1, 1_000, 100_000, 150_000, 250_000, 600_000, 2_000_000]

/** Rates of input and output, the worst case of both; null where there is none. */
const probed = (prices: Prices, model: Asked, inputTokens: number): readonly number[] | null => {
  const cost = prices.cost(model, { inputTokens, outputTokens: 1 })
  const worst = prices.worstCase(model, { ...BOUNDS, inputTokens })
  if (cost.kind !== "priced" || worst.kind !== "bounded") return null
  const rates = ratesIn(cost.lines)
  return rates === null ? null : [...rates, worst.baseNanoUsd, worst.perOutputTokenNanoUsd]
}

const BOUNDS = {
  inputTokens: 0,
  choices: 1,
  audio: false,
  images: false,
  imageCount: 0,
  searches: 0,
  hasOutput: true,
} as const

/** Nano-USD per million of input and of output tokens; null where the price has other parts, as one per call. */
const ratesIn = (
  lines: readonly { readonly component: string; readonly nanoUsdPerMillion: number }[],
): readonly [number, number] | null => {
  const [input, output, ...others] = lines
  const isPlain = input?.component === "inputTokens" && output?.component === "outputTokens"
  return isPlain && others.length === 0 ? [input.nanoUsdPerMillion, output.nanoUsdPerMillion] : null
}

/** By count of input tokens: four numbers each, asked for when they are first needed. */
class Table implements Rates {
  readonly maxOutputTokens: number | null
  readonly #prices: Prices
  readonly #model: Asked
  readonly #four: Float64Array = new Float64Array(4 * COUNTS).fill(Number.NaN)

  constructor(prices: Prices, model: Asked) {
    this.#prices = prices
    this.#model = model
    this.maxOutputTokens = prices.maxOutputTokens(model)
  }

  base(inputTokens: number): number {
    return this.#four[this.#at(inputTokens)] ?? Number.NaN
  }

  perOutput(inputTokens: number): number {
    return this.#four[this.#at(inputTokens) + 1] ?? Number.NaN
  }

  cost(inputTokens: number, outputTokens: number): number {
    const at = this.#at(inputTokens)
    const input = this.#four[at + 2] ?? Number.NaN
    const output = this.#four[at + 3] ?? Number.NaN
    const sum = inputTokens * input + outputTokens * output
    return sum <= EXACT_MAX ? Math.floor((sum + MILLION - 1) / MILLION) : Number.NaN
  }

  /** Beyond the table: a place that holds nothing. */
  #at(inputTokens: number): number {
    if (inputTokens >= COUNTS) return 4 * COUNTS
    const at = 4 * inputTokens
    if (Number.isNaN(this.#four[at])) {
      const [input = Number.NaN, output = Number.NaN, base = Number.NaN, per = Number.NaN] =
        probed(this.#prices, this.#model, inputTokens) ?? []
      this.#four.set([base, per, input, output], at)
    }
    return at
  }
}

const MILLION = 1_000_000
/** Up to here a quotient by a million is cut right. */
const EXACT_MAX = 2 ** 52
const COUNTS = 65_536
