import type { ReplayRow } from "@spendfuse/core/lab"

/**
 * Logs are written when calls end, so rows stand a little out of order: of 10,000 rows at hand the older half goes
 * on, sorted.
 */
export const inOrder = async function* (
  batches: AsyncIterable<readonly ReplayRow[]>,
): AsyncIterable<readonly ReplayRow[]> {
  let waiting: ReplayRow[] = []
  for await (const batch of batches) {
    waiting.push(...batch)
    if (waiting.length < KEPT) continue
    waiting.sort(byTime)
    yield waiting.slice(0, KEPT / 2)
    waiting = waiting.slice(KEPT / 2)
  }
  if (waiting.length > 0) yield waiting.sort(byTime)
}

const KEPT = 10_000

const byTime = (one: ReplayRow, other: ReplayRow): number => one.atMs - other.atMs
