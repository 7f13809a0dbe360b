/** The version of what this package writes; a reader refuses a newer one instead of guessing. */
export const WIRE_VERSION = 1

/** What decoding answers: a value, or the reason why there is none. Decoding never throws. */
export type Decoded<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: string }

/** Values that occur often are written once, elsewhere, and named by a number here. */
export interface Shared {
  /** The number of a value found under `key`, or undefined to write it out. */
  readonly numberOf: (key: string, value: object) => number | undefined
}

/** Deeper data is refused both ways. */
export const DEPTH_MAX = 64

/**
 * Exact JSON text of plain data: null, booleans, strings of any UTF-16 (U+0000 and lone surrogates
 * included), numbers, arrays, objects with any own keys (`__proto__` included) and Maps. A property
 * that is undefined is left out; −0 is written as 0. An infinity is `{"$num":"Infinity"}`, a Map
 * `{"$map":[[key,value],…]}` in its own order, a shared value `{"$ref":number}`; an object whose only
 * key begins with `$` is `{"$obj":[key,value]}`, so that nothing is mistaken for a tag.
 *
 * @throws TypeError for what is not plain data: NaN, integers beyond 2^53 − 1, bigint, functions,
 *   class instances, cycles. That is a bug of the caller, not bad input.
 * @example toJson(new Map([["a", 1]])) // => '{"$map":[["a",1]]}'
 */
export const toJson = (value: unknown, shared?: Shared): string => write(value, 0, shared)

/**
 * The value of a text that `toJson` wrote. Strict: unknown tags, integers beyond 2^53 − 1, a key twice
 * in a Map and data deeper than 64 are refused with a reason.
 *
 * @param resolve the shared value of a number; undefined where there is none, which is refused
 * @example fromJson('{"$num":"Infinity"}') // => { ok: true, value: Infinity }
 */
export const fromJson = (text: string, resolve?: (ref: number) => unknown): Decoded<unknown> => {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return { ok: false, reason: "not JSON" }
  }
  const reader = new Reader(resolve)
  const value = reader.read(parsed, 0)
  return reader.problem === null ? { ok: true, value } : { ok: false, reason: reader.problem }
}

const write = (value: unknown, depth: number, shared: Shared | undefined): string => {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value)
    case "number":
      return writeNumber(value)
    case "boolean":
      return value ? "true" : "false"
    case "object":
      if (value === null) return "null"
      if (depth >= DEPTH_MAX) throw new TypeError(`data is nested deeper than ${DEPTH_MAX}`)
      if (Array.isArray(value)) return writeArray(value, depth, shared)
      if (value instanceof Map) {
        const entries = [...value].map((entry) => writeArray(entry, depth + 1, shared))
        return `{"$map":[${entries.join(",")}]}`
      }
      return writeObject(value, depth, shared)
    default:
      throw new TypeError(`a ${typeof value} is not plain data`)
  }
}

const writeNumber = (value: number): string => {
  if (Number.isSafeInteger(value)) return `${value}`
  if (value === Number.POSITIVE_INFINITY) return '{"$num":"Infinity"}'
  if (value === Number.NEGATIVE_INFINITY) return '{"$num":"-Infinity"}'
  if (Number.isNaN(value) || Number.isInteger(value))
    throw new TypeError(`\`${value}\` is not a number that JSON keeps exactly`)
  return `${value}`
}

const writeArray = (
  items: readonly unknown[],
  depth: number,
  shared: Shared | undefined,
): string => {
  let text = "["
  for (let i = 0; i < items.length; i += 1)
    text += (i === 0 ? "" : ",") + write(items[i], depth + 1, shared)
  return `${text}]`
}

const writeObject = (value: object, depth: number, shared: Shared | undefined): string => {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype)
    throw new TypeError("a class instance is not plain data")
  let text = ""
  let count = 0
  let only = ""
  for (const key of Object.keys(value)) {
    const member: unknown = (value as Record<string, unknown>)[key]
    if (member === undefined) continue
    const ref =
      shared !== undefined && typeof member === "object" && member !== null
        ? shared.numberOf(key, member)
        : undefined
    const written = ref === undefined ? write(member, depth + 1, shared) : `{"$ref":${ref}}`
    text += `${count === 0 ? "" : ","}${quoted(key)}:${written}`
    count += 1
    only = key
  }
  if (count !== 1 || !only.startsWith("$")) return `{${text}}`
  return `{"$obj":[${JSON.stringify(only)},${text.slice(quoted(only).length + 1)}]}`
}

const PLAIN_KEY = /^[A-Za-z0-9_]{1,40}$/

const quoted = (key: string): string => (PLAIN_KEY.test(key) ? `"${key}"` : JSON.stringify(key))

class Reader {
  problem: string | null = null
  readonly #resolve: ((ref: number) => unknown) | undefined

  constructor(resolve: ((ref: number) => unknown) | undefined) {
    this.#resolve = resolve
  }

  /** Works in place on what JSON.parse made, so that odd keys stay own properties. */
  read(value: unknown, depth: number): unknown {
    if (typeof value === "number")
      return Number.isSafeInteger(value) || (!Number.isInteger(value) && Number.isFinite(value))
        ? value
        : this.#fail(`\`${value}\` is beyond 2^53 − 1`)
    if (typeof value !== "object" || value === null) return value
    const keys = Object.keys(value)
    const [only] = keys
    if (keys.length === 1 && (only === "$num" || only === "$ref"))
      return this.#scalar(only, (value as Record<string, unknown>)[only])
    if (depth >= DEPTH_MAX) return this.#fail(`nested deeper than ${DEPTH_MAX}`)
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i += 1) value[i] = this.read(value[i], depth + 1)
      return value
    }
    if (keys.length === 1 && only?.startsWith("$"))
      return this.#tagged(only, (value as Record<string, unknown>)[only], depth)
    for (const key of keys) {
      const member: unknown = (value as Record<string, unknown>)[key]
      const read = this.read(member, depth + 1)
      if (read !== member) define(value, key, read)
    }
    return value
  }

  #scalar(tag: "$num" | "$ref", content: unknown): unknown {
    if (tag === "$ref") {
      const value = typeof content === "number" ? this.#resolve?.(content) : undefined
      return value === undefined ? this.#fail("`$ref` names nothing") : value
    }
    if (content === "Infinity") return Number.POSITIVE_INFINITY
    if (content === "-Infinity") return Number.NEGATIVE_INFINITY
    return this.#fail("`$num` is neither Infinity nor -Infinity")
  }

  #tagged(tag: string, content: unknown, depth: number): unknown {
    if (tag === "$map") return this.#map(content, depth)
    if (tag === "$obj") return this.#object(content, depth)
    return this.#fail(`tag \`${tag}\` is not known`)
  }

  #map(content: unknown, depth: number): unknown {
    if (!Array.isArray(content)) return this.#fail("`$map` is not a list")
    const map = new Map<unknown, unknown>()
    for (const entry of content) {
      if (!Array.isArray(entry) || entry.length !== 2)
        return this.#fail("`$map` holds what is not a pair")
      const key = this.read(entry[0], depth + 2)
      if (map.has(key)) return this.#fail("`$map` holds a key twice")
      map.set(key, this.read(entry[1], depth + 2))
    }
    return map
  }

  #object(content: unknown, depth: number): unknown {
    if (!Array.isArray(content) || content.length !== 2)
      return this.#fail("`$obj` is not a key and a value")
    const [key, value]: unknown[] = content
    if (typeof key !== "string" || !key.startsWith("$"))
      return this.#fail("`$obj` has a key that needs no tag")
    return define({}, key, this.read(value, depth + 1))
  }

  #fail(reason: string): undefined {
    this.problem ??= reason
    return undefined
  }
}

const define = (target: object, key: string, value: unknown): object =>
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
