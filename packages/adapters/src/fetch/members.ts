/** One member of an object in JSON text, as offsets of the text. */
export interface Member {
  readonly name: string
  /** Where its name opens. */
  readonly start: number
  readonly valueStart: number
  /** After its value. */
  readonly end: number
}

/**
 * The members of the object that opens at `open`, in the order of the text, doubles included.
 *
 * The text must be valid JSON from there on: nothing is checked again.
 */
export const membersOf = (text: string, open: number): readonly Member[] => {
  const members: Member[] = []
  let at = afterSpace(text, open + 1)
  while (text[at] === '"') {
    const nameEnd = afterString(text, at)
    const valueStart = afterSpace(text, afterSpace(text, nameEnd) + 1)
    const end = afterValue(text, valueStart)
    members.push({
      name: nameOf(text.slice(at + 1, nameEnd - 1)),
      start: at,
      valueStart,
      end,
    })
    at = afterSpace(text, end)
    if (text[at] === ",") at = afterSpace(text, at + 1)
  }
  return members
}

const nameOf = (raw: string): string =>
  raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw

const afterSpace = (text: string, from: number): number => {
  let at = from
  for (;;) {
    const code = text.charCodeAt(at)
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at
    at += 1
  }
}

/** Jumps from quote to quote; one with an odd number of backslashes before it is inside the string. */
const afterString = (text: string, open: number): number => {
  let at = open
  for (;;) {
    at = text.indexOf('"', at + 1)
    if (at < 0) return text.length
    let slashes = 0
    while (text[at - 1 - slashes] === "\\") slashes += 1
    if (slashes % 2 === 0) return at + 1
  }
}

const afterValue = (text: string, start: number): number => {
  if (text[start] === '"') return afterString(text, start)
  if (text[start] !== "{" && text[start] !== "[") return afterPlain(text, start)
  let depth = 0
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = afterString(text, at) - 1
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1
    if (depth === 0) return at + 1
  }
  return text.length
}

const QUOTE = 34
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

const afterPlain = (text: string, start: number): number => {
  const stop = /[,}\]\s]/g
  stop.lastIndex = start
  return stop.exec(text)?.index ?? text.length
}
