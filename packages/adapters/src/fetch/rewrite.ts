import { type Member, membersOf } from "./members.ts"

/** One field to set in a JSON body, by its path. */
export interface Edit {
  readonly path: readonly string[]
  readonly value: unknown
}

/**
 * The text of a JSON object with fields set: a value is put in the place of the old one, a new field in
 * front of the others, and not a byte changes beside them.
 */
export const rewrite = (source: string, edits: readonly Edit[]): string =>
  edits.reduce((text, { path, value }) => setIn(text, text.indexOf("{"), path, value), source)

/** A name that a JSON object gives twice, at its top or under `within`; null where there is none. */
export const namedTwice = (source: string, within: readonly string[]): string | null => {
  const members = membersOf(source, source.indexOf("{"))
  const twice = repeated(members)
  if (twice !== null) return twice
  for (const { name, valueStart } of members) {
    if (!within.includes(name) || source[valueStart] !== "{") continue
    const inner = repeated(membersOf(source, valueStart))
    if (inner !== null) return `${name}.${inner}`
  }
  return null
}

/** Servers differ in which of two they take, and some read a name in any case, or without its underscores. */
const repeated = (members: readonly Member[]): string | null => {
  const seen = new Set<string>()
  for (const { name } of members) {
    const plain = name.replaceAll("_", "").toLowerCase()
    if (seen.has(plain)) return name
    seen.add(plain)
  }
  return null
}

const setIn = (text: string, open: number, path: readonly string[], value: unknown): string => {
  const [name, ...rest] = path
  if (name === undefined || open < 0) return text
  const members = membersOf(text, open)
  const old = members.find((member) => member.name === name)
  if (old === undefined) {
    const field = `${JSON.stringify(name)}:${nested(rest, value)}${members.length > 0 ? "," : ""}`
    return text.slice(0, open + 1) + field + text.slice(open + 1)
  }
  if (rest.length > 0 && text[old.valueStart] === "{")
    return setIn(text, old.valueStart, rest, value)
  return text.slice(0, old.valueStart) + nested(rest, value) + text.slice(old.end)
}

const nested = (path: readonly string[], value: unknown): string =>
  path.reduceRight((inner, name) => `{${JSON.stringify(name)}:${inner}}`, JSON.stringify(value))
