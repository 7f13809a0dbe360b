import { type Problem, shown } from "@spendfuse/core"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

/** What was read of an input, or all that is wrong with it. */
export type Decoded<Input> =
  | { readonly ok: true; readonly input: Input }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Reads an input by its Schema: fields that it does not name are refused. */
export const decodeBy = <Input>(schema: Schema.Codec<Input>, given: unknown): Decoded<Input> => {
  const read = Schema.decodeUnknownResult(schema, STRICT)(given)
  if (Result.isSuccess(read)) return { ok: true, input: read.success }
  const { issues } = format(read.failure.issue)
  return { ok: false, problems: issues.slice(0, PROBLEMS_MAX).map((one) => problemOf(one, given)) }
}

/** Reads a query: each field once. */
export const queryOf = (search: URLSearchParams): Decoded<Record<string, string>> => {
  const names = [...search.keys()]
  const twice = names.filter((name, at) => names.indexOf(name) !== at)
  if (twice.length > 0)
    return {
      ok: false,
      problems: twice.map((name) => ({
        path: shortOf(name),
        message: "is given twice; give it once",
      })),
    }
  const fields = Object.create(null) as Record<string, string>
  for (const [name, value] of search) fields[name] = value
  return { ok: true, input: fields }
}

const STRICT = { errors: "all", onExcessProperty: "error" } as const
const PROBLEMS_MAX = 20
const format = SchemaIssue.makeFormatterStandardSchemaV1()

type Issue = ReturnType<typeof format>["issues"][number]

const problemOf = ({ path = [], message }: Issue, given: unknown): Problem => {
  const parts = path.map((part) => (typeof part === "object" ? part.key : part))
  const name = parts.map((part) => shortOf(String(part))).join(".")
  if (message === "Missing key") return { path: name, message: "is missing; add it" }
  if (message === "Expected no excess property")
    return { path: name, message: "is not a known field; remove it" }
  const value = valueAt(given, parts)
  const what = message.startsWith("is not")
    ? message
    : `is not ${KINDS.get(message) ?? "what is expected"}; see openapi.json`
  return { path: name, message: `${shown(value)} ${what}` }
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ["Expected object", "an object"],
  ["Expected string", "a text"],
  ["Expected an integer", "a whole number"],
  ["Expected number", "a number"],
])

const valueAt = (given: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, part)
        ? (value as Record<PropertyKey, unknown>)[part]
        : undefined,
    given,
  )

const shortOf = (name: string): string => (name.length <= 40 ? name : `${name.slice(0, 39)}…`)
