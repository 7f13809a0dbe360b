/**
 * An account's key as it stands in a URL: its code points as percent-encoded UTF-8, lone surrogates in the
 * same form, so that every key has exactly one text, and that is plain ASCII.
 *
 * @example encodeKey("day/agent-7") // => "day%2Fagent-7"
 */
export const encodeKey = (key: string): string =>
  Array.from(key, (char) => (PLAIN.test(char) ? char : bytesOf(char).map(percent).join(""))).join(
    "",
  )

/**
 * The key of such a text. A slash may stand for itself, for some hosts decode it on the way.
 *
 * @returns undefined where `encodeKey` wrote no such text
 */
export const decodeKey = (text: string): string | undefined => {
  const bytes: number[] = []
  for (const [part] of text.matchAll(/%[0-9A-Fa-f]{2}|[\s\S]/g)) {
    const code = part.length === 3 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0)
    if (part === "%" || (part.length === 1 && code > 0x7f)) return undefined
    bytes.push(code)
  }
  const key = textOf(bytes)
  return key !== undefined && sameBytes(key, bytes) ? key : undefined
}

const PLAIN = /^[A-Za-z0-9._~-]$/

const percent = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`

/** UTF-8, and the same form for what UTF-8 leaves out: a surrogate on its own. */
const bytesOf = (char: string): number[] => {
  const code = char.codePointAt(0) ?? 0
  if (code < 0x80) return [code]
  if (code < 0x800) return [0xc0 | (code >> 6), tail(code)]
  if (code < 0x10000) return [0xe0 | (code >> 12), tail(code >> 6), tail(code)]
  return [0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code)]
}

const tail = (bits: number): number => 0x80 | (bits & 0x3f)

/** Lenient: whatever is not written in the one way is found by writing it again. */
const textOf = (bytes: readonly number[]): string | undefined => {
  let text = ""
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    let code = length === 1 ? lead : lead & (0x7f >> length)
    for (let next = 1; next < length; next += 1)
      code = (code << 6) | ((bytes[at + next] ?? 0) & 0x3f)
    if (code > 0x10ffff) return undefined
    text += String.fromCodePoint(code)
    at += length
  }
  return text
}

const sameBytes = (key: string, bytes: readonly number[]): boolean => {
  const again = Array.from(key, bytesOf).flat()
  return again.length === bytes.length && again.every((byte, at) => byte === bytes[at])
}
