import { type Columns, hasValue, type LogRecord, sourceOf } from "./formats/format.ts"

/** The columns that no field was read from, by the first 100 records of a log. */
export class Unread {
  readonly #filled = new Set<string>()
  readonly #read = new Set<string>()
  #left = RECORDS_SEEN

  /** One record more, with the columns of its fields. @returns the names so far; null where enough were seen */
  see(record: LogRecord, columns: Columns, map: Columns): readonly string[] | null {
    if (this.#left === 0) return null
    this.#left -= 1
    for (const name in record)
      if (this.#filled.size < NAMES_KEPT && hasValue(record[name])) this.#filled.add(name)
    for (const field in { ...columns, ...map }) {
      const source = sourceOf(record, map[field] ?? []) ?? sourceOf(record, columns[field] ?? [])
      if (source !== null) this.#read.add(topOf(record, source))
    }
    return [...this.#filled].filter((name) => !this.#read.has(name))
  }
}

const RECORDS_SEEN = 100
const NAMES_KEPT = 10_000

/** A name with dots is a column's own, or a path that begins in one. */
const topOf = (record: LogRecord, source: string): string =>
  Object.hasOwn(record, source) ? source : (source.split(".")[0] ?? source)
