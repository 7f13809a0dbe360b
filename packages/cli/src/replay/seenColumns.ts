import {
  type Columns,
  type Format,
  hasValue,
  type LogRecord,
  sourceOf,
  valueAt,
} from "./formats/format.ts"

/** What the first 100 records of a log tell of its columns. */
export class SeenColumns {
  readonly #filled = new Set<string>()
  readonly #read = new Set<string>()
  readonly #absent: Set<string>
  readonly #map: Columns
  #left = RECORDS_SEEN

  /** @param map columns by field, which somebody named */
  constructor(map: Columns) {
    this.#map = map
    this.#absent = new Set(Object.values(map).flat())
  }

  /** Columns with values that no field was read from; of forms that are columns and nothing else. */
  get unread(): readonly string[] {
    return [...this.#filled].filter((name) => !this.#read.has(name))
  }

  /** Columns that somebody named and that no record has. */
  get absent(): readonly string[] {
    return [...this.#absent]
  }

  /** One record more. @returns false where enough were seen */
  see(format: Format, record: LogRecord): boolean {
    if (this.#left === 0) return false
    this.#left -= 1
    if (format.expand === undefined) this.#seeColumns(record, format.columns)
    this.#find(record)
    if (this.#absent.size > 0) for (const one of format.expand?.(record) ?? []) this.#find(one)
    return true
  }

  #seeColumns(record: LogRecord, columns: Columns): void {
    for (const name in record)
      if (this.#filled.size < NAMES_KEPT && hasValue(record[name])) this.#filled.add(name)
    const fed = new Set<string>()
    for (const [field, names] of [...Object.entries(this.#map), ...Object.entries(columns)]) {
      const source = fed.has(field) ? null : sourceOf(record, names)
      if (source === null) continue
      fed.add(field)
      this.#read.add(topOf(record, source))
    }
  }

  #find(record: LogRecord): void {
    for (const name of this.#absent)
      if (valueAt(record, name) !== undefined) this.#absent.delete(name)
  }
}

const RECORDS_SEEN = 100
const NAMES_KEPT = 10_000

/** A name with dots is a column's own, or a path that begins in one. */
const topOf = (record: LogRecord, source: string): string =>
  Object.hasOwn(record, source) ? source : (source.split(".")[0] ?? source)
