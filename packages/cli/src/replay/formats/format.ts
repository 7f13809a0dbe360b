/** A record of a log: a line's object, or a row's cells by their column. */
export type LogRecord = Readonly<Record<string, unknown>>

/** What a call's field is read from: the first of these columns that a record has. Dots go into objects. */
export type Columns = Readonly<Record<string, readonly string[]>>

/** Calls that a record stands for, as fields by the names of `FIELDS`, and dimensions of the subject. */
export type Fields = Readonly<Record<string, unknown>>

/** One form of logs. */
export interface Format {
  readonly name: string
  /** Whether a record is of this form. */
  readonly fits: (record: LogRecord) => boolean
  /** The calls of a record; a form of columns alone has none of its own. */
  readonly expand?: (record: LogRecord) => readonly Fields[]
  readonly columns: Columns
}

/** Fields of a call; every other name is a dimension of the subject. */
export const FIELDS = [
  "time",
  "endTime",
  "durationMs",
  "provider",
  "model",
  "serviceTier",
  "inputTokens",
  "allInputTokens",
  "cacheReadTokens",
  "cacheWriteTokens",
  "cacheWrite1hTokens",
  "outputTokens",
  "webSearches",
  "maxOutputTokens",
  "usd",
  "calls",
  "legitimate",
] as const

/** The value at a path of names. */
export const valueAt = (record: LogRecord, path: string): unknown => {
  if (Object.hasOwn(record, path)) return record[path]
  let value: unknown = record
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as LogRecord)[name]
  }
  return value
}

/** A list of objects, where it is one. */
export const listOf = (value: unknown): readonly LogRecord[] =>
  Array.isArray(value)
    ? value.filter((one): one is LogRecord => typeof one === "object" && one !== null)
    : []

/** The buckets of a page of a usage report; a record without `data` is one itself. */
export const bucketsOf = (record: LogRecord): readonly LogRecord[] =>
  Array.isArray(record.data) ? listOf(record.data) : [record]
