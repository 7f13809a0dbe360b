import { LogBroken } from "./badRow.ts"

/** How a CSV is laid out. */
export interface CsvLayout {
  /** What stands between its cells. */
  readonly delimiter: string
  /** The line of its head: the second where the first says the delimiter, as `sep=;`. */
  readonly headLine: number
}

/**
 * Told by the head: the delimiter is what it has most of outside of quotes, a comma where it has none. The rows are not
 * asked: their cells may hold JSON, instants and decimal commas.
 */
export const csvLayoutOf = (beginning: string): CsvLayout => {
  const said = SAID.exec(beginning)?.[1]
  if (said !== undefined) return { delimiter: said, headLine: 2 }
  const counts = new Map<string, number>(DELIMITERS.map((one) => [one, 0]))
  let isQuoted = false
  for (const sign of beginning.replace(BLANK, "")) {
    if (sign === '"') isQuoted = !isQuoted
    if (isQuoted) continue
    if (sign === "\n" || sign === "\r") break
    const count = counts.get(sign)
    if (count !== undefined) counts.set(sign, count + 1)
  }
  const most = Math.max(...counts.values())
  const delimiter = DELIMITERS.find((one) => counts.get(one) === most) ?? ","
  return { delimiter, headLine: 1 }
}

const DELIMITERS = [",", ";", "\t", "|"]
const BLANK = /^[\uFEFF\r\n]+/
const SAID = /^\uFEFF?sep=([^\r\n"])\r?\n/i

/**
 * The names of columns, each once: of two of one name neither is read before it is mapped, and one without a name is
 * named by its place.
 *
 * @throws LogBroken where there are too many
 */
export const csvColumnsOf = (head: readonly string[]): readonly string[] => {
  if (head.length > COLUMNS_MAX)
    throw new LogBroken(
      `line 1: the head has ${head.length.toLocaleString("en-US")} columns, and at most ${COLUMNS_MAX.toLocaleString("en-US")} are read; leave out those that do not matter`,
    )
  const names = head.map((cell, at) => cell.trim() || `column ${at + 1}`)
  const all = new Map<string, number>()
  for (const name of names) all.set(name, (all.get(name) ?? 0) + 1)
  const met = new Map<string, number>()
  return names.map((name) => {
    const count = all.get(name) ?? 1
    if (count === 1) return name
    const nth = (met.get(name) ?? 0) + 1
    met.set(name, nth)
    return `${name} (${nth} of ${count})`
  })
}

const COLUMNS_MAX = 10_000
