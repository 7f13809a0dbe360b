import type { ReplayRow } from "@spendfuse/core/lab"
import { newReading, type Reading, type ReadOptions, readLog } from "../../src/replay/readLog.ts"

/** Reads a log from a text, in small pieces. */
export const read = async (
  text: string,
  options: Partial<ReadOptions> = {},
): Promise<{ readonly reading: Reading; readonly rows: readonly ReplayRow[] }> => {
  const reading = newReading()
  const parts = async function* () {
    for (let at = 0; at < text.length; at += 37) yield text.slice(at, at + 37)
  }
  const rows: ReplayRow[] = []
  for await (const batch of readLog(parts(), { map: {}, set: {}, ...options }, reading))
    rows.push(...batch)
  return { reading, rows }
}
