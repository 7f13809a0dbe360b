/** What a script says of the log of one outbox. */
export interface LogAnswer {
  /** The number of the last event that was heard before. */
  readonly heard: string
  /** The number of the oldest entry; 0 where there is none. */
  readonly oldest: string
  readonly entries: readonly LogEntry[]
}

/** An entry of a log, under the number that it has for ever. */
export interface LogEntry {
  readonly number: string
  /** When it was written, epoch milliseconds. */
  readonly atMs: number
  /** Names and values by turns. */
  readonly fields: readonly unknown[]
}

/** `oldest, entries`, and before them what was heard where the script tells it; undefined for what is none. */
export const logOf = (answer: unknown): LogAnswer | undefined => {
  if (!Array.isArray(answer)) return undefined
  const [entries, oldest, heard = "0"]: unknown[] = answer.toReversed()
  if (!Array.isArray(entries)) return undefined
  return {
    heard: String(heard),
    oldest: placed(oldest)[0] ?? "",
    entries: entries.map((entry: readonly unknown[]) => {
      const [number = "", atMs] = placed(entry[0])
      const [, fields] = entry
      return { number, atMs: Number(atMs), fields: Array.isArray(fields) ? fields : [] }
    }),
  }
}

/** The number and the instant of an entry's place. */
const placed = (place: unknown): readonly string[] => String(place).split("-")
