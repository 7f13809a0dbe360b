/**
 * Any UTF-16 text as valid UTF-8 without U+0000, for servers that keep nothing else. Plain text is
 * unchanged. Bytes of two encoded texts compare as `<` does in JavaScript, so that who sorts in a server
 * (memcmp, `COLLATE "C"`) finds the same order.
 *
 * @example encodeText("key-hour/k1") // => "key-hour/k1"
 */
export const encodeText = (text: string): string =>
  PLAIN.test(text) ? text : text.replace(SPECIAL, written)

/**
 * The text that `encodeText` wrote.
 *
 * @returns undefined where it wrote no such text
 * @example decodeText("key-hour/k1") // => "key-hour/k1"
 */
export const decodeText = (encoded: string): string | undefined => {
  if (PLAIN.test(encoded)) return encoded
  const text = encoded.replace(WRITTEN, (_, mark: string, unit: string) =>
    String.fromCharCode(mark === LOW ? lowOf(unit) : highOf(mark, unit)),
  )
  return encodeText(text) === encoded ? text : undefined
}

/** What lies at or above the escape is written with it, and so are the units that UTF-8 cannot hold or order. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: two of them are escapes
const PLAIN = /^[\u0002-\uD7FF]*$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must be escaped
const SPECIAL = /[\u0000\u0001\uD800-\uE001]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes themselves
const WRITTEN = /([\u0001\uE000\uE001])([\s\S])/g

const LOW = "\u0001"
const SURROGATE = "\uE000"
const ABOVE = "\uE001"
const SURROGATES = 0xd800
const MOVED_TO = 0x0800

const written = (unit: string): string => {
  const code = unit.charCodeAt(0)
  if (code <= 1) return LOW + String.fromCharCode(code + 1)
  if (code < 0xe000) return SURROGATE + String.fromCharCode(code - SURROGATES + MOVED_TO)
  return ABOVE + String.fromCharCode(code - 0xe000 + 1)
}

const lowOf = (unit: string): number => unit.charCodeAt(0) - 1

const highOf = (mark: string, unit: string): number =>
  mark === SURROGATE ? unit.charCodeAt(0) - MOVED_TO + SURROGATES : unit.charCodeAt(0) - 1 + 0xe000
