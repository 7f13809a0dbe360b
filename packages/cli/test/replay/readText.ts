import type { ReplayRow } from "@spendfuse/core/lab"
import { newReading, type Reading, type ReadOptions, readLog } from "../../src/replay/readLog.ts"

/** Reads a log from a text, in small pieces where it is not long. */
export const read = async (
  text: string,
  options: Partial<ReadOptions> = {},
): Promise<{ readonly reading: Reading; readonly rows: readonly ReplayRow[] }> => {
  const reading = newReading()
  const parts = async function* () {
    const piece = text.length < 100_000 ? 37 : 65_536
    for (let at = 0; at < text.length; at += piece) yield text.slice(at, at + piece)
  }
  const rows: ReplayRow[] = []
  for await (const batch of readLog(parts(), { map: {}, set: {}, ...options }, reading))
    rows.push(...batch)
  return { reading, rows }
}
