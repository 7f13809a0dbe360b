/** The version of what is written here; a reader refuses a higher one. */
export const WIRE_VERSION = 1

/**
 * Plain data as JSON text, Maps and Infinity included, so that `fromJson` gives back the same. Numbers are
 * integers up to 2^53 − 1, which JSON carries exactly.
 */
export const toJson = (value: unknown): string => JSON.stringify(encode(value))

/** @returns the value, or why the text is not one */
export const fromJson = (
  text: string,
):
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: string } => {
  try {
    return { ok: true, value: decode(JSON.parse(text)) }
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : "not JSON" }
  }
}

const TAG = "$"

const encode = (value: unknown): unknown => {
  if (value === Number.POSITIVE_INFINITY) return { [TAG]: "infinity" }
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(encode)
  if (value instanceof Map)
    return { [TAG]: "map", of: [...value].map(([key, item]) => [key, encode(item)]) }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, encode(item)]))
}

const decode = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(decode)
  const record = value as Record<string, unknown>
  if (record[TAG] === "infinity") return Number.POSITIVE_INFINITY
  if (record[TAG] === "map") {
    if (!Array.isArray(record.of)) throw new TypeError("a map without entries")
    return new Map(record.of.map((entry: unknown) => pair(entry)))
  }
  return Object.fromEntries(Object.entries(record).map(([key, item]) => [key, decode(item)]))
}

const pair = (entry: unknown): [unknown, unknown] => {
  if (!Array.isArray(entry) || entry.length !== 2)
    throw new TypeError("a map's entry is not a pair")
  return [entry[0], decode(entry[1])]
}
