/** What is usual: the middle, and how far values lie from it. */
export interface Usual {
  readonly median: number
  /** One deviation. */
  readonly spread: number
}

/**
 * The median, and the median distance to it as one deviation of a normal spread. It is never taken below
 * `median / sigma`: less than twice the usual is never unusual, however even the traffic is.
 *
 * @param values at least one; their order does not matter
 */
export const usualOf = (values: readonly number[], sigma: number): Usual => {
  const median = medianOf(values)
  const distance = medianOf(values.map((value) => Math.abs(value - median)))
  return { median, spread: Math.max(MAD_TO_SIGMA * distance, median / sigma) }
}

/** The amount above which something is unusual. */
export const thresholdOf = ({ median, spread }: Usual, sigma: number): number =>
  median + sigma * spread

/** The value in the middle; of an even number the mean of both. */
const medianOf = (values: readonly number[]): number => {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}

/** Of a normal spread the median distance is this part of one deviation: 1 / 0.6745. */
const MAD_TO_SIGMA = 1.4826
