import {
  type Columns,
  type Fields,
  type Format,
  hasValue,
  type LogRecord,
  valueAt,
} from "./formats/format.ts"

/** Where fields come from beside a format's own columns. */
export interface FieldSources {
  /** Columns by field: they go before those of the format. */
  readonly map: Columns
  /** Values of fields that the log does not have. */
  readonly set: Fields
}

/** The calls of a record: what `map` names goes first, then the format's columns, then `set`. */
export const fieldsOf = (
  { expand, columns }: Format,
  record: LogRecord,
  { map, set }: FieldSources,
): readonly Fields[] => {
  const isOwn = Object.keys(columns).length === 0
  return (expand === undefined ? [record] : expand(record)).map((one) =>
    Object.fromEntries([
      ...Object.entries(set),
      ...(isOwn
        ? Object.entries(one).filter(([, value]) => hasValue(value))
        : picked(one, columns)),
      ...picked(record, map),
      ...(one === record ? [] : picked(one, map)),
    ]),
  )
}

/** Entries, not properties: a dimension may have any name, as `__proto__`. */
const picked = (record: LogRecord, columns: Columns): readonly (readonly [string, unknown])[] => {
  const entries: (readonly [string, unknown])[] = []
  for (const field in columns)
    for (const name of columns[field] ?? []) {
      const value = valueAt(record, name)
      if (!hasValue(value)) continue
      entries.push([field, value])
      break
    }
  return entries
}
