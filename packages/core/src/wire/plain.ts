import { DEPTH_MAX, type Decoded } from "./json.ts"
import { decodeText, encodeText } from "./text.ts"

/** Data as it crosses to a server: texts encoded, every number a decimal string, `Infinity` by its name. */
export type Plain =
  | string
  | boolean
  | null
  | readonly Plain[]
  | { readonly [key: string]: Plain | undefined }

/**
 * The domain's own shapes for servers that round numbers and hold no U+0000: every integer is a decimal
 * string, every text is `encodeText`ed. Keys are the domain's field names, never a caller's text.
 *
 * @example toPlain({ settled: 12, label: "80%" }) // => { settled: "12", label: "80%" }
 */
export const toPlain = (value: unknown): Plain => {
  if (typeof value === "number") return String(value)
  if (typeof value === "string") return encodeText(value)
  if (typeof value === "boolean" || value === null) return value
  if (Array.isArray(value)) return value.map(toPlain)
  if (typeof value !== "object") throw new TypeError(`a ${typeof value} is not plain data`)
  const plain: Record<string, Plain> = {}
  for (const [key, member] of Object.entries(value))
    if (member !== undefined) plain[key] = toPlain(member)
  return plain
}

/**
 * Reads the same back: which texts are numbers is known by the names of their fields. An empty list may
 * come as `{}`, for that is how Lua writes it.
 *
 * @returns the value, or why there is none; never throws
 */
export const fromPlain = (plain: unknown): Decoded<unknown> => {
  try {
    return { ok: true, value: read(plain, "", 0) }
  } catch (error) {
    return { ok: false, reason: (error as Error).message }
  }
}

/** Fields that hold a number, or null. */
const NUMBERS: ReadonlySet<string> = new Set(
  `n done seq settled held cap remaining granted generation untilMs startMs endMs keptUntilMs limit
  slidingMs bucketMs idleMs at repeat percent coolDownMs maxCoolDownMs allow forMs atMs periodStartMs
  level passed arming usd tokens requests sinceMs causeStartMs meterStartMs allowance fired amount
  acknowledged acknowledgedUntilMs refusals refusedAtMs busySinceMs usedAtMs bornAtMs dueAtMs attempts
  createdAtMs time rank events least most since everyMs escalateAfterMs ends step periodEndMs count`.split(
    /\s+/,
  ),
)

/** Fields that hold a list, however a server writes an empty one. */
const LISTS: ReadonlySet<string> = new Set(
  "obstacles skipped reservations channels meters marks buckets said tiers notify degrade told answers".split(
    " ",
  ),
)

const read = (plain: unknown, key: string, depth: number): unknown => {
  if (plain === null || typeof plain === "boolean") return plain
  if (typeof plain === "string") return NUMBERS.has(key) ? numberOf(plain, key) : textOf(plain)
  if (typeof plain !== "object") throw new Error(`\`${key}\` is neither text nor a list`)
  if (depth >= DEPTH_MAX) throw new Error(`nested deeper than ${DEPTH_MAX}`)
  if (Array.isArray(plain)) return plain.map((item) => read(item, `${key}[]`, depth + 1))
  const entries = Object.entries(plain)
  if (entries.length === 0 && LISTS.has(key)) return []
  return Object.fromEntries(entries.map(([name, member]) => [name, read(member, name, depth + 1)]))
}

const numberOf = (text: string, key: string): number => {
  if (text === "Infinity") return Number.POSITIVE_INFINITY
  const value = Number(text)
  const isNumber = /^-?\d+$/.test(text) ? Number.isSafeInteger(value) : key === "percent"
  if (!isNumber || !Number.isFinite(value))
    throw new Error(`\`${key}\` is \`${text.slice(0, 40)}\`, not an integer of at most 2^53 − 1`)
  return value
}

const textOf = (encoded: string): string => {
  const text = decodeText(encoded)
  if (text === undefined) throw new Error("a text is not one that was written here")
  return text
}
