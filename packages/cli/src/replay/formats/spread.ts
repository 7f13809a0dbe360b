import { type Fields, numberOf } from "./format.ts"

/**
 * A sum of calls, spread evenly over its bucket of time in at most 60 parts: tokens to the last one, calls too. What
 * happened inside the bucket nobody knows; even is the kindest to a policy.
 */
export const spread = (
  call: Fields,
  count: unknown,
  fromMs: number,
  untilMs: number,
): readonly Fields[] => {
  const calls = numberOf(count)
  const isSum = Number.isSafeInteger(calls) && calls > 0
  const parts = Math.min(PARTS_MAX, isSum ? calls : 1)
  return Array.from({ length: parts }, (_, at) => ({
    ...Object.fromEntries(
      Object.entries(call).map(([name, value]) => [
        name,
        COUNTS.test(name) ? partOf(value, at, parts) : value,
      ]),
    ),
    time: Math.floor(fromMs + ((untilMs - fromMs) * at) / parts),
    calls: isSum ? partOf(calls, at, parts) : count,
  }))
}

const PARTS_MAX = 60
const COUNTS = /Tokens$|^webSearches$/

/** What is no count stays as it is, to be named as a bad one. */
const partOf = (value: unknown, at: number, parts: number): unknown => {
  const count = numberOf(value ?? 0)
  if (!Number.isSafeInteger(count) || count < 0) return value
  return Math.floor((count * (at + 1)) / parts) - Math.floor((count * at) / parts)
}
