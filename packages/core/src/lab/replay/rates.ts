import type { EpochMs } from "../../domain/time.ts"
import type { Usage } from "../../domain/usage.ts"
import type { Prices } from "../../ports/Prices.ts"

/** Input and output alone: what rates are of. */
export const isPlain = (usage: Usage): boolean => {
  for (const name in usage)
    if (name !== "inputTokens" && name !== "outputTokens" && usage[name as "images"] !== 0)
      return false
  return true
}

/** Prices of one model at one time. */
export interface Rates {
  /** The rates of a call with so many input tokens. */
  readonly at: (inputTokens: number) => Step
  /** The model's own maximum of output tokens. */
  readonly maxOutputTokens: number | null
}

/** Nano-USD per million of input and of output tokens, and at most. NaN: the price list must be asked. */
export interface Step {
  readonly input: number
  readonly output: number
  readonly mostInput: number
  /** Nano-USD of one token. */
  readonly mostOutput: number
}

/** Nano-USD, rounded up; NaN where the price list must be asked. */
export const costAt = (count: number, perMillion: number): number => rounded(count * perMillion)

/** What a call cost: rounded up once. */
export const costOfCall = (
  { input, output }: Step,
  inputTokens: number,
  outputTokens: number,
): number => rounded(inputTokens * input + outputTokens * output)

/**
 * The price list as rates, asked once for each model and quarter of an hour, and not for each call. Rates change by
 * steps of the input's count and of time: where both ends of a step agree, what lies between is taken to agree, and
 * elsewhere there is no rate. A law holds it to the price list.
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

  /** Where the model has no plain price all its figures are NaN: then the price list is asked, call by call. */
  of(model: string, provider: string | undefined, atMs: EpochMs): Rates {
    let known = this.#last
    if (known === null || model !== this.#lastModel || provider !== this.#lastProvider) {
      known = this.#find(model, provider)
      this.#lastModel = model
      this.#lastProvider = provider
      this.#last = known
    }
    const { rates, fromMs } = known
    if (rates !== null && atMs >= fromMs && atMs < fromMs + QUARTER_MS) return rates
    known.fromMs = atMs - (atMs % QUARTER_MS)
    known.rates = new Stepped(this.#prices, known.model, known.fromMs)
    return known.rates
  }

  #find(model: string, provider: string | undefined): Known {
    const key = JSON.stringify([model, provider])
    let known = this.#known.get(key)
    if (known === undefined) {
      if (this.#known.size >= MODELS_KEPT) this.#known.clear()
      const named = { model, ...(provider !== undefined && { provider }) }
      known = { model: named, fromMs: 0, rates: null }
      this.#known.set(key, known)
    }
    return known
  }
}

interface Known {
  readonly model: Named
  fromMs: EpochMs
  rates: Rates | null
}

interface Named {
  readonly model: string
  readonly provider?: string
}

const QUARTER_MS = 900_000
const MODELS_KEPT = 1_000

/** Steps of the input's count; the known lists change their rates at 128,000, 200,000, 256,000 and 272,000 tokens. */
const EDGES = [0, 1_000, 32_000, 100_000, 127_000, 201_000, 250_000, 280_000, 500_000, 1_000_000]

/** Of counts that do not share their rates. */
const NO_STEP: Step = {
  input: Number.NaN,
  output: Number.NaN,
  mostInput: Number.NaN,
  mostOutput: Number.NaN,
}

type Priced = Named & { readonly atMs: number }

const stepOf = (prices: Prices, models: readonly Priced[], counts: readonly number[]): Step => {
  let step: Step | null = null
  for (const model of models)
    for (const inputTokens of counts) {
      const found = probed(prices, model, inputTokens, step?.mostInput)
      if (found === null) return NO_STEP
      if (step === null) step = found
      else if (!isSame(step, found)) return NO_STEP
    }
  return step ?? NO_STEP
}

const isSame = (one: Step, other: Step): boolean =>
  one.input === other.input &&
  one.output === other.output &&
  one.mostInput === other.mostInput &&
  one.mostOutput === other.mostOutput

/** The rates at one count; the dearest input rate is one of the list's, the one that gives the worst case. */
const probed = (
  prices: Prices,
  model: Priced,
  inputTokens: number,
  expected: number | undefined,
): Step | null => {
  const cost = prices.cost(model, { inputTokens, outputTokens: 1 })
  const worst = prices.worstCase(model, { ...BOUNDS, inputTokens })
  if (cost.kind !== "priced" || worst.kind !== "bounded") return null
  const [first, second, ...others] = cost.lines
  if (first?.component !== "inputTokens" || second?.component !== "outputTokens") return null
  if (others.length > 0) return null
  const gives = (rate: number): boolean => costAt(inputTokens, rate) === worst.baseNanoUsd
  const mostInput =
    expected !== undefined && gives(expected)
      ? expected
      : INPUTS.map((name) => rateOf(prices, model, name, inputTokens)).find(
          (rate) => rate !== null && gives(rate),
        )
  if (mostInput === undefined || mostInput === null) return null
  const [input, output] = [first.nanoUsdPerMillion, second.nanoUsdPerMillion]
  return { input, output, mostInput, mostOutput: worst.perOutputTokenNanoUsd }
}

/** The components that input may turn out to be, the dearest first as a rule. */
const INPUTS = ["cacheWrite1hTokens", "cacheWriteTokens", "inputTokens", "cacheReadTokens"] as const

const rateOf = (
  prices: Prices,
  model: Priced,
  component: (typeof INPUTS)[number],
  count: number,
): number | null => {
  const cost = prices.cost(model, { [component]: count })
  if (cost.kind !== "priced" || cost.lines.length !== 1) return null
  return cost.lines[0]?.nanoUsdPerMillion ?? null
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

/** Each step is asked about when a call first falls into it. */
class Stepped implements Rates {
  readonly maxOutputTokens: number | null
  readonly #prices: Prices
  readonly #ends: readonly Priced[]
  readonly #steps: (Step | undefined)[] = []

  constructor(prices: Prices, model: Named, startMs: number) {
    const first = { ...model, atMs: startMs }
    this.#prices = prices
    this.#ends = [first, { ...model, atMs: startMs + QUARTER_MS - 1 }]
    this.maxOutputTokens = prices.maxOutputTokens(first)
  }

  at(inputTokens: number): Step {
    // Without input there is nothing that the steps were asked about.
    if (inputTokens === 0) return NO_STEP
    let at = 1
    while (at < EDGES.length && inputTokens > (EDGES[at] ?? 0)) at += 1
    return this.#steps[at] ?? this.#find(at)
  }

  #find(at: number): Step {
    const [from = 0, to] = [EDGES[at - 1], EDGES[at]]
    const counts = to === undefined ? [] : [from + 1, Math.floor((from + to) / 2) + 1, to]
    const step = stepOf(this.#prices, this.#ends, counts)
    this.#steps[at] = step
    return step
  }
}

/** Up, to whole nano-USD; NaN where a number is not exact any more. */
const rounded = (millionths: number): number =>
  millionths <= EXACT_MAX ? Math.floor((millionths + MILLION - 1) / MILLION) : Number.NaN

const MILLION = 1_000_000
/** Up to here a quotient by a million is cut right. */
const EXACT_MAX = 2 ** 52
