/**
 * Quantiles of amounts in constant memory: counts in bins whose edges grow by 1 %, so an answer is at most 1 %
 * above the true one, and never below it. The idea is that of DDSketch (Masson, Rim and Lee, VLDB 2019).
 */
export class Sketch {
  #weights: Float64Array = new Float64Array(0)
  #from = 0
  #total = 0
  #zero = 0

  /** Sum of the weights. */
  get total(): number {
    return this.#total
  }

  /** @param amount at least 0, at most 2^53 − 1 */
  add(amount: number, weight = 1): void {
    this.addAt(binOf(amount), weight)
  }

  /** The same, where the bin is at hand. */
  addAt(bin: number, weight: number): void {
    this.#total += weight
    if (bin < 0) this.#zero += weight
    else this.#at(bin, weight)
  }

  /** An amount that at least this share of the weight is not above; 0 where nothing was added. */
  quantile(share: number): number {
    const wanted = share * this.#total
    let sum = this.#zero
    if (sum >= wanted) return 0
    for (let at = 0; at < this.#weights.length; at += 1) {
      sum += this.#weights[at] ?? 0
      if (sum >= wanted - TINY * this.#total) return upperEdge(this.#from + at)
    }
    return upperEdge(this.#from + this.#weights.length - 1)
  }

  /**
   * Above it lies what is out of the ordinary: so many deviations above the median, both of the logarithms, as
   * spend is spread by factors. The deviation is the median of the distances from the median, so that outliers do
   * not move the fence that finds them; it is taken for a quarter at least.
   */
  fence(deviations: number): number {
    const median = Math.max(1, this.quantile(0.5))
    const distances = new Sketch()
    for (let at = 0; at < this.#weights.length; at += 1) {
      const weight = this.#weights[at] ?? 0
      if (weight === 0) continue
      const away = Math.abs(Math.log(upperEdge(this.#from + at) / median))
      distances.add(1 + away * FINE, weight)
    }
    const deviation = Math.max(1 / 4, NORMAL * (Math.max(0, distances.quantile(0.5) - 1) / FINE))
    return Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(median * Math.exp(deviations * deviation)))
  }

  /** The share of the weight that may lie above an amount. */
  shareAbove(amount: number): number {
    if (this.#total === 0) return 0
    let sum = 0
    for (let at = this.#weights.length - 1; at >= 0; at -= 1) {
      if (upperEdge(this.#from + at) <= amount) break
      sum += this.#weights[at] ?? 0
    }
    return sum / this.#total
  }

  #at(bin: number, weight: number): void {
    const at = bin - this.#from
    if (at >= 0 && at < this.#weights.length) this.#weights[at] = (this.#weights[at] ?? 0) + weight
    else this.#grow(bin, weight)
  }

  #grow(bin: number, weight: number): void {
    const old = this.#weights
    const spare = Math.max(SPARE, old.length >> 1)
    const first = old.length === 0 ? bin : bin < this.#from ? bin - spare : this.#from
    const end = this.#from + old.length - 1
    const last = old.length === 0 ? bin : bin > end ? bin + spare : end
    const grown = new Float64Array(last - first + 1)
    if (old.length > 0) grown.set(old, this.#from - first)
    this.#weights = grown
    this.#from = first
    this.#at(bin, weight)
  }
}

/** Where an amount is counted; below 0 where it is nothing. */
export const binOf = (amount: number): number =>
  amount < 1 ? -1 : Math.ceil(Math.log(amount) * BINS_PER_E)

/** The same as `binOf`, for an amount above those of a bin: mostly it lies in the next one. */
export const binAfter = (bin: number, amount: number): number => {
  for (let next = bin + 1; next <= bin + STEPS && next < sure.until.length; next += 1)
    if (amount <= (sure.until[next] as number))
      return amount >= (sure.from[next] as number) ? next : binOf(amount)
  return binOf(amount)
}

/** Up to here all amounts from one of this bin on are surely in it; the edge itself may be rounded either way. */
export const sureUntil = (bin: number): number => (bin < 0 ? 0 : (sure.until[bin] ?? 0))

const GROWTH = 1.01
const BINS_PER_E = 1 / Math.log(GROWTH)
const SPARE = 64
/** Distances of logarithms, as whole numbers that the bins tell apart. */
const FINE = 1_000_000
/** A median distance of a normal distribution, as its standard deviation. */
const NORMAL = 1.4826
/** Sums of shares are rounded. */
const TINY = 1e-12

const upperEdge = (bin: number): number => Math.floor(GROWTH ** bin * (1 + 1e-12))

const STEPS = 4
/** Of all bins of safe integers: a power costs more than all else that a call needs here. */
const BINS = binOf(Number.MAX_SAFE_INTEGER)
/** Up to which amount a bin's own are surely in it, and from which on none is in one below. */
const sure = {
  until: Float64Array.from(
    { length: BINS },
    (_, bin) => Math.floor(GROWTH ** bin * (1 - 1e-9)) - 1,
  ),
  from: Float64Array.from(
    { length: BINS },
    (_, bin) => Math.ceil(GROWTH ** (bin - 1) * (1 + 1e-9)) + 1,
  ),
}
