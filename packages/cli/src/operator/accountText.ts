import { decodeKey, encodeKey } from "@spendfuse/adapters/admin"

/**
 * An account's key, or another name made of what callers chose, as it is shown and may be given back: letters of
 * any script, digits and signs as they are, all else as the admin API writes it (a space is `%20`). So no key can
 * hide, break a line or pass for another.
 *
 * @example accountText("day/agent 7") // => "day/agent%207"
 */
export const accountText = (key: string): string =>
  Array.from(key, (char) => (SHOWN.test(char) ? char : encodeKey(char))).join("")

/** The same, cut for a table; whole in JSON. */
export const accountTextCut = (key: string, most = 120): string => {
  const text = accountText(key)
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}

/** The keys that a text may mean, the likeliest first: as it is shown, then as it is. */
export const keysOf = (text: string): readonly string[] => {
  const plain = text.replace(/[^\x21-\x7e]/gu, encodeKey)
  const decoded = decodeKey(plain)
  return [...new Set(decoded === undefined ? [text] : [decoded, text])]
}

const SHOWN = /^(?!%)[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u
