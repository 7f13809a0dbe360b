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

/** The value at a path of names; a text that is JSON, as cells of CSV and some columns are, is gone into too. */
export const valueAt = (record: LogRecord, path: string): unknown => {
  if (Object.hasOwn(record, path)) return record[path]
  let value: unknown = record
  for (const name of path.split(".")) {
    if (typeof value === "string") value = objectOf(value)
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as LogRecord)[name]
  }
  return value
}

/** Whether a cell or a property says anything. */
export const hasValue = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== ""

/** The first of these columns in which a record has a value; null where none has. */
export const sourceOf = (record: LogRecord, names: readonly string[]): string | null =>
  names.find((name) => hasValue(valueAt(record, name))) ?? null

let lastText = ""
let lastObject: unknown

/** Several paths are read of one text: the last one is at hand. Some exports double the quotes of JSON twice. */
const objectOf = (text: string): unknown => {
  if (!text.startsWith("{")) return undefined
  if (text === lastText) return lastObject
  lastText = text
  lastObject = parsed(text) ?? parsed(text.replaceAll('""', '"'))
  return lastObject
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A number, or a text that is one; NaN where it is neither. */
export const numberOf = (value: unknown): number =>
  typeof value === "number" || typeof value === "string" ? Number(value) : Number.NaN

/** A count that a record may leave out or write as a text; null where it is none. */
export const countAt = (record: LogRecord, path: string): number | null => {
  const value = valueAt(record, path)
  const count = typeof value === "string" && value !== "" ? Number(value) : value
  return typeof count === "number" && Number.isSafeInteger(count) && count >= 0 ? count : null
}

/** A list of objects, where it is one. */
export const listOf = (value: unknown): readonly LogRecord[] =>
  Array.isArray(value)
    ? value.filter((one): one is LogRecord => typeof one === "object" && one !== null)
    : []

/** The buckets of a page of a usage report; a record without `data` is one itself. */
export const bucketsOf = (record: LogRecord): readonly LogRecord[] =>
  Array.isArray(record.data) ? listOf(record.data) : [record]
