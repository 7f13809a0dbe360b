import * as SchemaIssue from "effect/SchemaIssue"
import { type Problem, shown, under } from "./problem.ts"

/** What a shape says of an input, each with its path, the value and the mend. */
export const shapeProblems = (issue: SchemaIssue.Issue, input: unknown): readonly Problem[] =>
  flatten(issue, [], input).map(({ path, message }) => ({
    path: path.reduce<string>(
      (sofar, part) => under(sofar, typeof part === "number" ? part : String(part)),
      "",
    ),
    message,
  }))

/** The value at a path of own properties; undefined where there is none. */
export const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, part)
        ? (value as Record<PropertyKey, unknown>)[part]
        : undefined,
    input,
  )

interface Found {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

const flatten = (
  issue: SchemaIssue.Issue,
  path: readonly PropertyKey[],
  input: unknown,
): readonly Found[] => {
  switch (issue._tag) {
    case "Pointer":
      return flatten(issue.issue, [...path, ...issue.path], input)
    case "Composite":
      return issue.issues.flatMap((one) => flatten(one, path, input))
    case "AnyOf":
      return ofUnion(issue, path, input)
    case "MissingKey":
      return [{ path, message: `is missing; add e.g. ${exampleOf(String(path.at(-1) ?? ""))}` }]
    case "UnexpectedKey":
      return [{ path, message: strangeField(String(path.at(-1) ?? ""), fieldsOf(issue.ast)) }]
    default:
      return [{ path, message: mended(messageOf(issue), valueAt(input, path)) }]
  }
}

/** The one form that the value is meant to have, where its fields say so; else what all forms are. */
const ofUnion = (
  issue: SchemaIssue.AnyOf,
  path: readonly PropertyKey[],
  input: unknown,
): readonly Found[] => {
  const value = valueAt(input, path)
  const meant = issue.issues.find((branch) => isObject(value) && !hasOtherFields(branch))
  if (meant !== undefined) return flatten(meant, path, input)
  const own: unknown = issue.ast.annotations?.message
  return [{ path, message: mended(typeof own === "string" ? own : messageOf(issue), value) }]
}

const isObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Whether the form lacks a field at its own level, or has one that is not its. */
const hasOtherFields = (branch: SchemaIssue.Issue): boolean => {
  if (branch._tag === "Pointer")
    return branch.issue._tag === "MissingKey" || branch.issue._tag === "UnexpectedKey"
  return branch._tag !== "Composite" || branch.issues.some(hasOtherFields)
}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const messageOf = (issue: SchemaIssue.Issue): string => format(issue).issues[0]?.message ?? ""

const mended = (message: string, value: unknown): string => {
  if (message.startsWith("is not")) return `${shown(value)} ${message}`
  const expected = message.replace(/^Expected /, "")
  return `${shown(value)} is not ${KINDS.get(expected) ?? `what is expected here: ${expected}`}`
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ["object", "an object"],
  ["array", "a list"],
  ["string", "a string"],
  ["number", "a number"],
  ["a finite number", "a number"],
])

const EXAMPLES: ReadonlyMap<string, string> = new Map([
  ["budgets", '"budgets": [ … ]'],
  ["unknownModel", '"unknownModel": "refuse"'],
  ["onStoreUnavailable", '"onStoreUnavailable": "deny"'],
  ["id", '"id": "key-hour"'],
  ["per", '"per": ["apiKey"]'],
  ["limit", '"limit": { "usd": 50 }'],
  ["window", '"window": "hour"'],
  ["tiers", '"tiers": [ { "at": "100%", "block": true } ]'],
  ["at", '"at": "80%"'],
  ["coolDown", '"coolDown": "1h"'],
  ["share", '"share": "1%"'],
  ["for", '"for": "30s"'],
])

const exampleOf = (name: string): string => EXAMPLES.get(name) ?? `"${name}": …`

const strangeField = (name: string, fields: readonly string[]): string => {
  const short = name.slice(0, 40).toLowerCase()
  const [near] = [1, 2].flatMap((most) =>
    fields.filter((field) => distance(field.toLowerCase(), short) <= most),
  )
  return `is not a known field${near === undefined ? "; remove it" : `; did you mean \`${near}\`?`}`
}

/** The fields that an object of this shape may have. */
const fieldsOf = (ast: SchemaIssue.UnexpectedKey["ast"]): readonly string[] =>
  "propertySignatures" in ast ? ast.propertySignatures.map(({ name }) => String(name)) : []

/** Edit distance of two short words. */
const distance = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1
      next.push(Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + same))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
